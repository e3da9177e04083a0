package dev.heddle.shard;

import dev.heddle.catalog.FieldType;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Bound;
import dev.heddle.function.Query;
import dev.heddle.function.RisingBound;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.ShardSummary;
import dev.heddle.function.Sort;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.shard.Marks.Mark;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.Term;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * A shard as it stood when this was opened. For one thread at a time.
 *
 * <p>A query that scores text and lacks statistics is refused with {@link
 * MissingStatisticsException} before anything runs.
 */
public final class ShardReader implements Shard, AutoCloseable {
  private final LocalShard shard;
  private final SchemaFields fields;
  private final ReadScope scope;
  private final View view;
  private final DirectoryReader reader;
  private final QueryRun runs;
  private @Nullable Highlighter highlighter;
  private boolean closed;

  /** Takes over the view, and gives it back on close. */
  ShardReader(LocalShard shard, View view, FilterCache filters, ReadScope scope) {
    this.shard = shard;
    this.view = view;
    this.reader = view.reader();
    this.fields = shard.fields();
    this.scope = scope;
    this.runs = new QueryRun(fields, filters.searcher(reader, scope.statistics()), scope);
  }

  @Override
  public String dataset() {
    return shard.identity().dataset();
  }

  @Override
  public int number() {
    return shard.identity().shard();
  }

  @Override
  public long documents() {
    return reader.numDocs();
  }

  /** Changes whenever what a searcher sees changes; the same on all replicas that see the same. */
  public long view() {
    return view.number();
  }

  /** Everything up to this index of the shard's log is seen, and nothing beyond. */
  public long position() {
    return view.at().index();
  }

  /** Of the shard's history, to which the position belongs. */
  public String incarnation() {
    return shard.identity().incarnation();
  }

  /** What can be said of this view without searching it; made once for all that read it. */
  public ShardSummary summary() {
    try {
      return shard.summary(view);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** Of the terms that the query scores with, those whose figures the snapshot lacks. */
  public Set<TermKey> missingStatistics(Query query) {
    return scope.translate(query, fields).missingTerms();
  }

  @Override
  public List<String> fields() {
    begin();
    return fields.inOrder();
  }

  @Override
  public FieldKind kind(String field) {
    begin();
    return SchemaFields.kind(fields.field(field).type());
  }

  @Override
  public TopDocuments search(
      Query query, List<Sort> sort, int k, long countUpTo, Collector... collectors) {
    begin();
    checkK(k);
    try {
      return runs.search(query, sort, k, countUpTo, List.of(collectors));
    } catch (IOException | UncheckedIOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public TopDocuments search(Query query, int k, long countUpTo, Bound bound) {
    return search(query, k, countUpTo, () -> bound);
  }

  @Override
  public TopDocuments search(Query query, int k, long countUpTo, RisingBound bound) {
    begin();
    checkK(k);
    try {
      return runs.search(query, List.of(), k, countUpTo, bound, List.of());
    } catch (IOException | UncheckedIOException e) {
      throw unreadable(e);
    }
  }

  private static void checkK(int k) {
    if (k < 0 || k > ScatterRequest.MAX_K) {
      throw new BadRequestException("k: " + k + " (expected: 0.." + ScatterRequest.MAX_K + ")");
    }
  }

  @Override
  public void forEach(Query query, Collector collector) {
    begin();
    try {
      runs.search(query, List.of(), 0, Long.MAX_VALUE, List.of(collector));
    } catch (IOException | UncheckedIOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public long count(Query query) {
    begin();
    try {
      return runs.search(query, List.of(), 0, Long.MAX_VALUE, List.of()).total();
    } catch (IOException | UncheckedIOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public long frequency(String field, String term) {
    begin();
    fields.field(field, FieldType.TEXT, FieldType.KEYWORD);
    try {
      return reader.docFreq(new Term(field, term));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public List<Segment> segments() {
    begin();
    return reader.leaves().stream().<Segment>map(leaf -> new SegmentColumns(leaf, fields)).toList();
  }

  @Override
  public Optional<Document> get(String id) {
    begin();
    try {
      Optional<StoredDocument> found = StoredDocuments.find(reader, new BytesRef(id));
      found.ifPresent(document -> scope.meter().read(document.json().length));
      return found.map(document -> new Document(id, document.json(), Map.of()));
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  @Override
  public Document document(int document, List<String> wanted, Query query, List<String> highlight) {
    begin();
    if (document < 0 || document >= reader.maxDoc()) {
      throw new BadRequestException(
          "document: " + document + " (expected: 0.." + (reader.maxDoc() - 1) + ")");
    }
    wanted.forEach(fields::field);
    LeafReaderContext segment = StoredDocuments.segment(reader.leaves(), document);
    int number = document - segment.docBase;
    try {
      byte[] source = StoredDocuments.json(segment.reader(), number);
      scope.meter().read(source.length);
      Map<String, List<Mark>> marks = new LinkedHashMap<>();
      for (String field : highlight) {
        highlighter(query)
            .marks(segment.reader(), number, field)
            .ifPresent(found -> marks.put(field, found));
      }
      JsonSlices slices = JsonSlices.of(source, new HashSet<>(wanted), marks.keySet());
      Map<String, List<String>> highlights = new HashMap<>();
      for (Map.Entry<String, List<Mark>> field : marks.entrySet()) {
        List<String> fragments =
            highlighter(query)
                .fragments(
                    field.getKey(),
                    field.getValue(),
                    slices.strings().getOrDefault(field.getKey(), List.of()));
        if (!fragments.isEmpty()) {
          highlights.put(field.getKey(), fragments);
        }
      }
      return new Document(StoredDocuments.id(segment.reader(), number), slices.json(), highlights);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }

  /** The hits of one query come one after the other: its terms are made out once. */
  private Highlighter highlighter(Query query) {
    Highlighter present = highlighter;
    if (present == null || !present.query().equals(query)) {
      present = new Highlighter(query, fields);
      highlighter = present;
    }
    return present;
  }

  private void begin() {
    if (closed) {
      throw new IllegalStateException("shard reader: closed");
    }
    scope.meter().operation();
    runs.check();
  }

  private HeddleException unreadable(Exception e) {
    return new HeddleException(
        ErrorCode.STORAGE_FAILED,
        "shard %s: %s (expected: a sound disk)".formatted(shard.identity(), e),
        e);
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      shard.release(view);
    } catch (IOException e) {
      throw unreadable(e);
    }
  }
}
