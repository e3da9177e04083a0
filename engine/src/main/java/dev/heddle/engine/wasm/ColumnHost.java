package dev.heddle.engine.wasm;

import dev.heddle.function.Shard;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Column cursors of one instance, by handle. A cursor moves forward only: what goes back is refused
 * here, for the views below do not check.
 */
final class ColumnHost implements AutoCloseable {
  private static final int MAX_BATCH = 65_536;

  private final int max;
  private final List<Column> columns = new ArrayList<>();

  ColumnHost(int max) {
    this.max = max;
  }

  static void declare() {
    HostFunctions.deep("column_open", "(iiii)i", ColumnHost::open);
    HostFunctions.light("column_advance", "(ii)i", (g, a) -> column(g, a).advance((int) a[1]));
    HostFunctions.light("column_long", "(i)l", (g, a) -> column(g, a).nextLong());
    HostFunctions.light(
        "column_double", "(i)d", (g, a) -> Double.doubleToRawLongBits(column(g, a).nextDouble()));
    HostFunctions.light("column_point", "(ii)", ColumnHost::point);
    HostFunctions.light("column_ordinal", "(i)i", (g, a) -> column(g, a).nextOrdinal());
    HostFunctions.deep(
        "column_cardinality", "(i)i", (g, a) -> column(g, a).keywords().cardinality());
    HostFunctions.deep("column_term", "(iiii)i", ColumnHost::term);
    HostFunctions.deep("column_read", "(iiiii)i", ColumnHost::read);
  }

  private static Column column(Guest guest, long[] arguments) {
    var columns = guest.shards().columns().columns;
    int handle = (int) arguments[0];
    if (handle < 0 || handle >= columns.size()) {
      throw new GuestException("column: " + handle + " (expected: a handle from column_open)");
    }
    return columns.get(handle);
  }

  private static long open(Guest guest, long[] arguments) {
    var shards = guest.shards();
    var host = shards.columns();
    if (host.columns.size() >= host.max) {
      throw new GuestException("column_open: more than " + host.max + " columns");
    }
    var field = guest.text(arguments[2], arguments[3]);
    var kind = shards.shard(arguments[0]).kind(field);
    host.columns.add(Column.of(shards.segment(arguments[0], arguments[1]), field, kind));
    return host.columns.size() - 1L;
  }

  private static long point(Guest guest, long[] arguments) {
    var points = column(guest, arguments).nextPoint();
    guest.memory().writeF64((int) arguments[1], points.latitude());
    guest.memory().writeF64((int) arguments[1] + 8, points.longitude());
    return 0;
  }

  /** The term's length; nothing is copied where there is no room for it. */
  private static long term(Guest guest, long[] arguments) {
    var keywords = column(guest, arguments).keywords();
    int ordinal = (int) arguments[1];
    if (ordinal < 0 || ordinal >= keywords.cardinality()) {
      throw new GuestException(
          "ordinal: " + ordinal + " (expected: 0.." + (keywords.cardinality() - 1) + ")");
    }
    var term = keywords.term(ordinal).getBytes(StandardCharsets.UTF_8);
    if (term.length <= arguments[3]) {
      guest.memory().write((int) arguments[2], term, 0, term.length);
    }
    return term.length;
  }

  /**
   * First values of many documents at once: from a list of pairs as {@code heddle_collect} gets
   * them, into 8 bytes each (16 for points). How many have a value.
   */
  private static long read(Guest guest, long[] arguments) {
    var column = column(guest, arguments);
    int count = (int) arguments[2];
    if (count < 0 || count > MAX_BATCH) {
      throw new GuestException("count: " + count + " (expected: 0.." + MAX_BATCH + ")");
    }
    int stride = (int) arguments[3];
    if (stride < 4 || stride > 64) {
      throw new GuestException("stride: " + stride + " (expected: 4..64)");
    }
    var memory = guest.memory();
    int from = (int) arguments[1];
    int into = (int) arguments[4];
    int found = 0;
    for (int i = 0; i < count; i++) {
      boolean present = column.advance(memory.readInt(from + i * stride)) > 0;
      into += column.copyFirst(memory, into, present);
      found += present ? 1 : 0;
    }
    return found;
  }

  @Override
  public void close() {
    columns.clear();
  }

  /** One cursor with what may be done next. */
  private static final class Column {
    private final Shard.FieldKind kind;
    private final Shard.Values values;
    private final int size;
    private int document = -1;
    private int left;

    private Column(Shard.FieldKind kind, Shard.Values values, int size) {
      this.kind = kind;
      this.values = values;
      this.size = size;
    }

    static Column of(Shard.Segment segment, String field, Shard.FieldKind kind) {
      Shard.Values values =
          switch (kind) {
            case KEYWORD -> segment.keywords(field);
            case LONG, DATE -> segment.longs(field);
            case DOUBLE -> segment.doubles(field);
            case GEO_POINT -> segment.points(field);
            case TEXT, STORED ->
                throw new GuestException(
                    "column " + field + ": a " + kind + " field (expected: one with columns)");
          };
      return new Column(kind, values, segment.size());
    }

    int advance(int to) {
      if (to <= document || to >= size) {
        throw new GuestException(
            "document: " + to + " (expected: after " + document + ", below " + size + ")");
      }
      document = to;
      left = values.advance(to) ? values.count() : 0;
      return left;
    }

    private void step() {
      if (left <= 0) {
        throw new GuestException(
            "column: no value left (expected: as many as column_advance said)");
      }
      left--;
    }

    private GuestException wrong(String wanted) {
      return new GuestException("column: of " + kind + " (expected: one of " + wanted + ")");
    }

    long nextLong() {
      if (values instanceof Shard.LongValues longs) {
        step();
        return longs.next();
      }
      throw wrong("longs or dates");
    }

    double nextDouble() {
      if (values instanceof Shard.DoubleValues doubles) {
        step();
        return doubles.next();
      }
      throw wrong("doubles");
    }

    int nextOrdinal() {
      var keywords = keywords();
      step();
      return keywords.next();
    }

    Shard.GeoValues nextPoint() {
      if (values instanceof Shard.GeoValues points) {
        step();
        points.next();
        return points;
      }
      throw wrong("points");
    }

    Shard.KeywordValues keywords() {
      if (values instanceof Shard.KeywordValues keywords) {
        return keywords;
      }
      throw wrong("keywords");
    }

    /** Writes the first value, or what stands for none; bytes written. */
    int copyFirst(GuestMemory memory, int into, boolean present) {
      switch (kind) {
        case LONG, DATE -> memory.writeLong(into, present ? nextLong() : Long.MIN_VALUE);
        case DOUBLE -> memory.writeF64(into, present ? nextDouble() : Double.NaN);
        case GEO_POINT -> {
          if (present) {
            var point = nextPoint();
            memory.writeF64(into, point.latitude());
            memory.writeF64(into + 8, point.longitude());
          } else {
            memory.writeF64(into, Double.NaN);
            memory.writeF64(into + 8, Double.NaN);
          }
          return 16;
        }
        default -> memory.writeLong(into, present ? nextOrdinal() : -1);
      }
      return 8;
    }
  }
}
