package dev.heddle.loadtest.inner;

import dev.heddle.function.Query;
import dev.heddle.function.Shard;
import dev.heddle.function.Sort;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * A shard made of numbers, in which every query matches everything: so that partials can be had
 * without an index. The scores and the values of its one keyword field are random by the seed.
 */
final class SyntheticShard implements Shard {
  static final String KEYWORD = "topic";
  private static final String TEXT = "title";
  private static final int DOCUMENTS = 2_000;
  private static final byte[] STORED =
      ("{\"title\":\"" + "a title of some length ".repeat(8) + "\"}")
          .getBytes(StandardCharsets.UTF_8);

  private final int number;
  private final int[] ordinals;
  private final float[] scores;
  private final int cardinality;

  /**
   * @param cardinality different values of the keyword field
   */
  SyntheticShard(int number, int cardinality, long seed) {
    var random = new Random(seed * 31 + number);
    this.number = number;
    this.cardinality = cardinality;
    this.ordinals = random.ints(DOCUMENTS, 0, cardinality).toArray();
    this.scores = new float[DOCUMENTS];
    for (int i = 0; i < DOCUMENTS; i++) {
      scores[i] = random.nextFloat() * 20;
    }
  }

  @Override
  public String dataset() {
    return "synthetic";
  }

  @Override
  public int number() {
    return number;
  }

  @Override
  public long documents() {
    return DOCUMENTS;
  }

  @Override
  public List<String> fields() {
    return List.of(TEXT, KEYWORD);
  }

  @Override
  public FieldKind kind(String field) {
    return field.equals(KEYWORD) ? FieldKind.KEYWORD : FieldKind.TEXT;
  }

  @Override
  public TopDocuments search(
      Query query, List<Sort> sort, int k, long countUpTo, Collector... collectors) {
    for (var collector : collectors) {
      forEach(query, collector);
    }
    var top = new ArrayList<TopDocument>(k);
    IntStream.range(0, DOCUMENTS)
        .boxed()
        .sorted((a, b) -> Float.compare(scores[b], scores[a]))
        .limit(k)
        .forEach(document -> top.add(top(document)));
    return new TopDocuments(top, DOCUMENTS, true);
  }

  private TopDocument top(int document) {
    return new TopDocument(document, id(document), scores[document], List.of());
  }

  private String id(int document) {
    return "http://example.org/resource/%d/%04d".formatted(number, document);
  }

  @Override
  public void forEach(Query query, Collector collector) {
    var segment = collector.enter(new Whole());
    for (int document = 0; document < DOCUMENTS; document++) {
      segment.collect(document, scores[document]);
    }
  }

  @Override
  public long count(Query query) {
    return DOCUMENTS;
  }

  @Override
  public long frequency(String field, String term) {
    return DOCUMENTS / cardinality;
  }

  @Override
  public List<Segment> segments() {
    return List.of(new Whole());
  }

  @Override
  public Optional<Document> get(String id) {
    return Optional.empty();
  }

  @Override
  public Document document(int document, List<String> fields, Query query, List<String> highlight) {
    return new Document(
        id(document), STORED, Map.of(TEXT, List.of("a <em>title</em> of some length")));
  }

  /** The one segment of the shard. */
  private final class Whole implements Segment {
    @Override
    public int base() {
      return 0;
    }

    @Override
    public int size() {
      return DOCUMENTS;
    }

    @Override
    public String id(int document) {
      return SyntheticShard.this.id(document);
    }

    @Override
    public KeywordValues keywords(String field) {
      return new Topics();
    }

    @Override
    public LongValues longs(String field) {
      throw new UnsupportedOperationException(field + ": not a number");
    }

    @Override
    public DoubleValues doubles(String field) {
      throw new UnsupportedOperationException(field + ": not a number");
    }

    @Override
    public GeoValues points(String field) {
      throw new UnsupportedOperationException(field + ": not a point");
    }
  }

  /** One value for each document. */
  private final class Topics implements KeywordValues {
    private int current;

    @Override
    public boolean advance(int document) {
      current = document;
      return true;
    }

    @Override
    public int count() {
      return 1;
    }

    @Override
    public int next() {
      return ordinals[current];
    }

    @Override
    public int cardinality() {
      return cardinality;
    }

    @Override
    public String term(int ordinal) {
      return "topic-%06d".formatted(ordinal);
    }
  }
}
