package dev.heddle.function.testkit;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Bound;
import dev.heddle.function.Query;
import dev.heddle.function.RisingBound;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.ShardSummary;
import dev.heddle.function.Sort;
import dev.heddle.function.StoppedException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * A small shard for tests. Text is split at whatever is no letter or digit and lower-cased; a
 * document scores the number of the query's terms that it holds, wherever it lies, so that several
 * shards rank as one.
 */
public final class InMemoryShard implements Shard {
  private final String dataset;
  private final int number;
  private final Map<String, FieldKind> kinds;
  private final List<InMemoryDocument> documents;
  private final List<Segment> segments;
  private final BooleanSupplier stopped;

  private InMemoryShard(Builder builder) {
    dataset = builder.dataset;
    number = builder.number;
    kinds = new LinkedHashMap<>(builder.kinds);
    documents = new ArrayList<>(builder.documents);
    stopped = builder.stopped;
    segments = new ArrayList<>();
    for (int base = 0; base < documents.size(); base += builder.segmentSize) {
      int end = Math.min(base + builder.segmentSize, documents.size());
      var part = documents.subList(base, end);
      part.sort(Comparator.comparing(InMemoryDocument::id, Sort::compareText));
      segments.add(new InMemorySegment(this, base, part));
    }
  }

  public static Builder builder(String dataset, int number) {
    return new Builder(dataset, number);
  }

  /** Collects fields and documents. */
  public static final class Builder {
    private final String dataset;
    private final int number;
    private final Map<String, FieldKind> kinds = new LinkedHashMap<>();
    private final List<InMemoryDocument> documents = new ArrayList<>();
    private int segmentSize = Integer.MAX_VALUE / 2;
    private BooleanSupplier stopped = () -> false;

    private Builder(String dataset, int number) {
      this.dataset = dataset;
      this.number = number;
    }

    public Builder field(String name, FieldKind kind) {
      kinds.put(name, kind);
      return this;
    }

    /** Documents of each segment; without it there is one segment. */
    public Builder segmentSize(int documents) {
      segmentSize = documents;
      return this;
    }

    /** When the platform is to stop the function. */
    public Builder stopped(BooleanSupplier condition) {
      stopped = condition;
      return this;
    }

    /**
     * Adds a document.
     *
     * @param fields by name: a value or a list of values; dates as ISO-8601 strings or
     *     milliseconds, points as maps with lat and lon
     */
    public Builder document(String id, Map<String, ?> fields) {
      documents.add(InMemoryDocument.of(id, fields, kinds));
      return this;
    }

    public InMemoryShard build() {
      return new InMemoryShard(this);
    }
  }

  private void checkStopped() {
    if (stopped.getAsBoolean()) {
      throw new StoppedException("stopped by the test");
    }
  }

  FieldKind expect(String field, FieldKind... expected) {
    var kind = kind(field);
    if (!List.of(expected).contains(kind)) {
      throw new BadRequestException(
          field + ": a " + kind + " field (expected: one of " + List.of(expected) + ")");
    }
    return kind;
  }

  @Override
  public String dataset() {
    return dataset;
  }

  @Override
  public int number() {
    return number;
  }

  @Override
  public long documents() {
    return documents.size();
  }

  @Override
  public List<String> fields() {
    return List.copyOf(kinds.keySet());
  }

  /** What a planner would know of this shard. */
  public ShardSummary summary() {
    return new InMemorySummary(number, kinds, documents);
  }

  @Override
  public FieldKind kind(String field) {
    checkStopped();
    var kind = kinds.get(field);
    if (kind == null) {
      throw new BadRequestException(field + ": unknown (expected: one of " + kinds.keySet() + ")");
    }
    return kind;
  }

  private record Match(TopDocument top, InMemoryDocument document) {}

  @Override
  public TopDocuments search(
      Query query, List<Sort> sort, int k, long countUpTo, Collector... collectors) {
    var matches = new ArrayList<Match>();
    for (var key : sort) {
      if (!key.field().equals(Sort.SCORE)) {
        expect(key.field(), FieldKind.KEYWORD, FieldKind.LONG, FieldKind.DOUBLE, FieldKind.DATE);
      }
    }
    collect(
        query,
        (number, document, score) -> {
          var values = sort.stream().map(key -> sortValue(key, document, score)).toList();
          matches.add(new Match(new TopDocument(number, document.id(), score, values), document));
        },
        collectors);
    matches.sort(Comparator.comparing(Match::top, order(sort)));
    return new TopDocuments(
        matches.stream().limit(k).map(Match::top).toList(), matches.size(), true);
  }

  @Override
  public TopDocuments search(Query query, int k, long countUpTo, Bound bound) {
    var all = search(query, List.of(), ScatterRequest.MAX_K, countUpTo);
    var enough =
        all.documents().stream().filter(document -> document.score() >= bound.least()).toList();
    return new TopDocuments(
        enough.stream().limit(k).toList(),
        enough.size(),
        enough.size() == all.documents().size() && all.exact());
  }

  /** Asks again before each document; only what comes after that is left out. */
  @Override
  public TopDocuments search(Query query, int k, long countUpTo, RisingBound bound) {
    var all = search(query, List.of(), ScatterRequest.MAX_K, countUpTo);
    var byNumber =
        all.documents().stream().sorted(Comparator.comparingInt(TopDocument::document)).toList();
    var seen = byNumber.stream().filter(one -> one.score() >= bound.now().least()).toList();
    double least = bound.now().least();
    return new TopDocuments(
        all.documents().stream().filter(one -> one.score() >= least).limit(k).toList(),
        seen.size(),
        seen.size() == all.documents().size() && all.exact());
  }

  private static Object sortValue(Sort key, InMemoryDocument document, float score) {
    if (key.field().equals(Sort.SCORE)) {
      return (double) score;
    }
    var values = document.values(key.field());
    if (values.size() > 1) {
      throw new BadRequestException(key.field() + ": several values (expected: one to sort by)");
    }
    return values.isEmpty() ? TopDocument.MISSING : values.getFirst();
  }

  private static Comparator<TopDocument> order(List<Sort> sort) {
    Comparator<TopDocument> order =
        sort.isEmpty()
            ? (a, b) -> Float.compare(b.score(), a.score())
            : (a, b) -> compareKeys(sort, a, b);
    return order.thenComparing(TopDocument::id, Sort::compareText);
  }

  private static int compareKeys(List<Sort> sort, TopDocument a, TopDocument b) {
    for (int i = 0; i < sort.size(); i++) {
      var x = a.sortValues().get(i);
      var y = b.sortValues().get(i);
      boolean lacks = TopDocument.MISSING.equals(x);
      if (lacks != TopDocument.MISSING.equals(y)) {
        return lacks ? 1 : -1;
      }
      int order = lacks ? 0 : InMemoryDocument.compare(x, y);
      if (order != 0) {
        return sort.get(i).descending() ? -order : order;
      }
    }
    return 0;
  }

  private interface Found {
    void found(int number, InMemoryDocument document, float score);
  }

  private void collect(Query query, Found found, Collector... collectors) {
    var matcher = new InMemoryMatcher(this, query);
    for (var segment : segments) {
      var inside = new ArrayList<SegmentCollector>();
      for (var collector : collectors) {
        inside.add(collector.enter(segment));
      }
      for (int i = 0; i < segment.size(); i++) {
        checkStopped();
        var document = documents.get(segment.base() + i);
        float score = matcher.score(document);
        if (Float.isNaN(score)) {
          continue;
        }
        found.found(segment.base() + i, document, score);
        for (int c = 0; c < collectors.length; c++) {
          inside.get(c).collect(i, collectors[c].needsScores() ? score : Float.NaN);
        }
      }
    }
  }

  @Override
  public void forEach(Query query, Collector collector) {
    collect(query, (number, document, score) -> {}, collector);
  }

  @Override
  public long count(Query query) {
    long[] count = {0};
    collect(query, (number, document, score) -> count[0]++);
    return count[0];
  }

  @Override
  public long frequency(String field, String term) {
    return count(new Query.Term(field, term));
  }

  @Override
  public List<Segment> segments() {
    checkStopped();
    return List.copyOf(segments);
  }

  @Override
  public Optional<Document> get(String id) {
    checkStopped();
    return documents.stream()
        .filter(document -> document.id().equals(id))
        .findFirst()
        .map(document -> new Document(id, document.json(List.of()), Map.of()));
  }

  @Override
  public Document document(int document, List<String> fields, Query query, List<String> highlight) {
    checkStopped();
    fields.forEach(this::kind);
    var stored = documents.get(document);
    var matcher = new InMemoryMatcher(this, query);
    var fragments = new LinkedHashMap<String, List<String>>();
    for (var field : highlight) {
      expect(field, FieldKind.TEXT);
      var marked = matcher.highlight(field, stored);
      if (!marked.isEmpty()) {
        fragments.put(field, marked);
      }
    }
    return new Document(stored.id(), stored.json(fields), fragments);
  }
}
