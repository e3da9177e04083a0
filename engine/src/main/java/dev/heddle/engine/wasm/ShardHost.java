package dev.heddle.engine.wasm;

import dev.heddle.engine.JsonValues;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.Sort;
import dev.heddle.process.DataSize;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The shards of one instance, as its module sees them: by handle, from {@code heddle_leaf} until
 * the partial is complete. Everything goes through {@link Shard}, so that deadline, meter and
 * read-only view are the platform's.
 */
final class ShardHost implements AutoCloseable {
  private static final int MAX_SHARDS = 4_096;
  private static final int PAIR = 8;
  private static final int MAX_PAIRS = 8_192;

  private final Guest guest;
  private final List<Shard> shards = new ArrayList<>();
  private final ColumnHost columns;
  private Query query = new Query.All();
  private boolean iterating;

  ShardHost(Guest guest, int maxCursors) {
    this.guest = guest;
    this.columns = new ColumnHost(maxCursors);
  }

  static void declare() {
    HostFunctions.deep("shard_documents", "(i)l", (g, a) -> g.shards().shard(a[0]).documents());
    HostFunctions.deep("shard_number", "(i)i", (g, a) -> g.shards().shard(a[0]).number());
    HostFunctions.deep("shard_fields", "(i)i", (g, a) -> g.shards().fields(a[0]));
    HostFunctions.deep(
        "shard_count",
        "(iii)l",
        (g, a) -> g.shards().shard(a[0]).count(g.shards().clause(g.argument(a[1], a[2]))));
    HostFunctions.deep(
        "shard_frequency",
        "(iiiii)l",
        (g, a) -> g.shards().shard(a[0]).frequency(g.text(a[1], a[2]), g.text(a[3], a[4])));
    HostFunctions.deep("shard_search", "(iii)i", (g, a) -> g.shards().search(a));
    HostFunctions.deep("shard_get", "(iii)i", (g, a) -> g.shards().get(a));
    HostFunctions.deep("shard_document", "(iiii)i", (g, a) -> g.shards().document(a));
    HostFunctions.deep("shard_for_each", "(iiiiii)l", (g, a) -> g.shards().forEach(a));
    HostFunctions.deep(
        "shard_segments", "(i)i", (g, a) -> g.shards().shard(a[0]).segments().size());
    HostFunctions.deep("segment_base", "(ii)i", (g, a) -> g.shards().segment(a[0], a[1]).base());
    HostFunctions.deep("segment_size", "(ii)i", (g, a) -> g.shards().segment(a[0], a[1]).size());
  }

  ColumnHost columns() {
    return columns;
  }

  /** What the request asks for: an empty clause means it. */
  void query(Query query) {
    this.query = query;
  }

  /** Adds a shard; its handle. */
  int add(Shard shard) {
    if (shards.size() >= MAX_SHARDS) {
      throw new GuestException("shards: more than " + MAX_SHARDS + " in one instance");
    }
    shards.add(shard);
    return shards.size() - 1;
  }

  Shard shard(long handle) {
    int index = (int) handle;
    if (index < 0 || index >= shards.size()) {
      throw new GuestException(
          "shard: " + index + " (expected: a handle from heddle_leaf, before the end of complete)");
    }
    return shards.get(index);
  }

  Shard.Segment segment(long handle, long number) {
    var segments = shard(handle).segments();
    int index = (int) number;
    if (index < 0 || index >= segments.size()) {
      throw new GuestException(
          "segment: " + index + " (expected: 0.." + (segments.size() - 1) + ")");
    }
    return segments.get(index);
  }

  private Query clause(byte[] json) {
    return json.length == 0 ? query : ClauseJson.read(JsonValues.read(json));
  }

  private Query clause(@Nullable Object json) {
    return json == null ? query : ClauseJson.read(json);
  }

  private static JsonObject object(byte[] json) {
    var value = json.length == 0 ? JsonObject.EMPTY : JsonValues.read(json);
    if (value instanceof JsonObject object) {
      return object;
    }
    throw new GuestException("argument: " + value + " (expected: a JSON object)");
  }

  private DataSize most() {
    return guest.module().limits().maxMessage();
  }

  private int fields(long handle) {
    var shard = shard(handle);
    var kinds = new LinkedHashMap<String, Object>();
    for (var field : shard.fields()) {
      kinds.put(field, shard.kind(field).name());
    }
    return guest.reply(JsonValues.write(kinds, most()));
  }

  private int search(long[] arguments) {
    var shard = shard(arguments[0]);
    var request =
        object(guest.argument(arguments[1], arguments[2])).allow("query", "sort", "k", "countUpTo");
    int k = (int) request.integer("k", 10, 0, ScatterRequest.MAX_K);
    long countUpTo = request.integer("countUpTo", 0, 0, Long.MAX_VALUE);
    var sort = sort(request);
    var top = shard.search(clause(request.get("query")), sort, k, countUpTo);
    var documents = new ArrayList<Object>(top.documents().size());
    for (var document : top.documents()) {
      var line = new LinkedHashMap<String, @Nullable Object>();
      line.put("document", (long) document.document());
      line.put("id", document.id());
      line.put("score", Float.isNaN(document.score()) ? null : (double) document.score());
      line.put("sort", document.sortValues());
      documents.add(line);
    }
    var total = Map.of("value", top.total(), "relation", top.exact() ? "eq" : "gte");
    return guest.reply(JsonValues.write(Map.of("documents", documents, "total", total), most()));
  }

  private static List<Sort> sort(JsonObject request) {
    var sort = new ArrayList<Sort>();
    for (var key : request.list("sort")) {
      if (!(key instanceof JsonObject object)) {
        throw new GuestException("sort: " + key + " (expected: {field, order})");
      }
      object.allow("field", "order");
      sort.add(new Sort(object.string("field"), object.string("order", "asc").equals("desc")));
    }
    return sort;
  }

  /** The stored document as JSON; -1 where there is none. */
  private int get(long[] arguments) {
    return shard(arguments[0])
        .get(guest.text(arguments[1], arguments[2]))
        .map(document -> guest.reply(document.json()))
        .orElse(-1);
  }

  private int document(long[] arguments) {
    var shard = shard(arguments[0]);
    var request =
        object(guest.argument(arguments[2], arguments[3])).allow("query", "fields", "highlight");
    int number = (int) arguments[1];
    var segments = shard.segments();
    int end = segments.isEmpty() ? 0 : segments.getLast().base() + segments.getLast().size();
    if (number < 0 || number >= end) {
      throw new GuestException("document: " + number + " (expected: 0.." + (end - 1) + ")");
    }
    var document =
        shard.document(
            number,
            request.strings("fields"),
            clause(request.get("query")),
            request.strings("highlight"));
    var reply = new LinkedHashMap<String, @Nullable Object>();
    reply.put("id", document.id());
    reply.put("fields", JsonValues.read(document.json()));
    reply.put("highlights", document.highlights());
    return guest.reply(JsonValues.write(reply, most()));
  }

  /** Fills the module's buffer with pairs and hands it each full one. */
  private long forEach(long[] arguments) {
    var shard = shard(arguments[0]);
    var wanted = clause(guest.argument(arguments[1], arguments[2]));
    int capacity = (int) arguments[4];
    int collect = guest.module().exports().collect();
    if (collect < 0) {
      throw new GuestException("shard_for_each: no export heddle_collect (expected: one)");
    }
    if (capacity < 1 || capacity > MAX_PAIRS) {
      throw new GuestException("capacity: " + capacity + " (expected: 1.." + MAX_PAIRS + ")");
    }
    if (!guest.memory().contains((int) arguments[3], capacity * PAIR)) {
      throw new GuestException("buffer: outside memory (expected: " + capacity + " pairs)");
    }
    if (iterating) {
      throw new GuestException("shard_for_each: within heddle_collect (expected: one at a time)");
    }
    iterating = true;
    try {
      var batches =
          new Batches(shard.segments(), (int) arguments[3], capacity, collect, arguments[5] != 0);
      shard.forEach(wanted, batches);
      batches.flush();
      return batches.matches;
    } finally {
      iterating = false;
    }
  }

  /** Collects matches into the module's buffer: a document's number and its score each. */
  private final class Batches implements Shard.Collector, Shard.SegmentCollector {
    private final List<Shard.Segment> segments;
    private final int buffer;
    private final int capacity;
    private final int collect;
    private final boolean scores;
    private int segment = -1;
    private int pending;
    private long matches;

    Batches(List<Shard.Segment> segments, int buffer, int capacity, int collect, boolean scores) {
      this.segments = segments;
      this.buffer = buffer;
      this.capacity = capacity;
      this.collect = collect;
      this.scores = scores;
    }

    @Override
    public boolean needsScores() {
      return scores;
    }

    @Override
    public Shard.SegmentCollector enter(Shard.Segment entered) {
      flush();
      segment = number(entered);
      return this;
    }

    private int number(Shard.Segment entered) {
      for (int i = 0; i < segments.size(); i++) {
        if (segments.get(i).base() == entered.base()) {
          return i;
        }
      }
      throw new GuestException("segment: at " + entered.base() + " (expected: one of the shard's)");
    }

    @Override
    public void collect(int document, float score) {
      var memory = guest.memory();
      memory.writeI32(buffer + PAIR * pending, document);
      memory.writeF32(buffer + PAIR * pending + 4, score);
      matches++;
      if (++pending == capacity) {
        flush();
      }
    }

    void flush() {
      if (pending > 0) {
        int full = pending;
        pending = 0;
        guest.call("collect", collect, segment, full);
      }
    }
  }

  /** Takes back all handles. */
  @Override
  public void close() {
    shards.clear();
    columns.close();
  }
}
