package dev.heddle.function;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One shard of a dataset as it stood when the query came to this node: read-only, unchanged while
 * the query lasts, and metered. Documents have numbers, 0-based, that mean something on this view
 * only.
 *
 * <p>Every method throws {@link StoppedException} once the deadline has passed or the query was
 * cancelled, and {@link BadRequestException} for an unknown field or one of the wrong kind.
 */
public interface Shard {
  String dataset();

  int number();

  /** Live documents. */
  long documents();

  /** Names of all fields, in the order of the schema. */
  List<String> fields();

  FieldKind kind(String field);

  /**
   * The best documents, and in the same pass every match for each collector. Without collectors,
   * documents that cannot make it are skipped unseen.
   *
   * @param sort empty: by score, best first; ties by id, ascending. A text, geo point or stored
   *     field, or one with several values a document, is refused
   * @param k 0..{@link ScatterRequest#MAX_K}
   * @param countUpTo the total is exact up to this count
   */
  TopDocuments search(Query query, List<Sort> sort, int k, long countUpTo, Collector... collectors);

  /**
   * The best documents by score, without those that score below the bound wherever leaving them out
   * saves work; the total is then not exact.
   *
   * @param bound a score that others have already found k times
   */
  default TopDocuments search(Query query, int k, long countUpTo, Bound bound) {
    return search(query, List.of(), k, countUpTo);
  }

  /**
   * As {@link #search(Query, int, long, Bound)}, with a bound that may rise meanwhile: of the
   * scores below the strongest one that was asked for, none is in the answer.
   */
  default TopDocuments search(Query query, int k, long countUpTo, RisingBound bound) {
    return search(query, k, countUpTo, bound.now());
  }

  /** Hands every match to the collector. */
  void forEach(Query query, Collector collector);

  long count(Query query);

  /**
   * How many documents hold the exact term; for a keyword or text field. Deleted ones may still be
   * counted.
   */
  long frequency(String field, String term);

  /**
   * The view that {@link Collector#enter} gets, for documents by number: segments in order of their
   * bases.
   */
  List<Segment> segments();

  /** The document with this id. */
  Optional<Document> get(String id);

  /**
   * The stored document.
   *
   * @param fields empty: all
   * @param highlight text fields of which to return fragments around the query's terms
   */
  Document document(int document, List<String> fields, Query query, List<String> highlight);

  /** What a field holds. */
  enum FieldKind {
    TEXT,
    KEYWORD,
    LONG,
    DOUBLE,
    DATE,
    GEO_POINT,
    STORED
  }

  /** Sees every match of a query, segment by segment. */
  interface Collector {
    /** Called before a segment's documents. */
    SegmentCollector enter(Segment segment);

    /** Whether {@link SegmentCollector#collect} needs the score; it is dear. */
    default boolean needsScores() {
      return false;
    }
  }

  /** Sees the matches of one segment, in ascending order. */
  interface SegmentCollector {
    /**
     * One match.
     *
     * @param document its number within the segment
     * @param score NaN unless the collector needs scores
     */
    void collect(int document, float score);
  }

  /**
   * A part of the shard with values by column. Each call gives a new cursor over the segment's
   * documents.
   */
  interface Segment {
    /** Number on the shard of the segment's first document. */
    int base();

    /** Numbers within the segment are below this. */
    int size();

    /**
     * The id of a document; in any order, but dearer than a value of a column. Within a segment
     * documents lie in the order of their ids.
     */
    String id(int document);

    /** Values of a keyword field. */
    KeywordValues keywords(String field);

    /** Values of a long or date (milliseconds since 1970, UTC) field. */
    LongValues longs(String field);

    DoubleValues doubles(String field);

    GeoValues points(String field);
  }

  /** A cursor over documents: move forward only, then read the values, each once. */
  interface Values {
    /** Moves to the document; whether it has any value. */
    boolean advance(int document);

    /** Values of the current document. */
    int count();
  }

  /** Values as ordinals into the segment's sorted set of values. */
  interface KeywordValues extends Values {
    /** The next value of the current document. */
    int next();

    /** Values of the segment; ordinals are below it. */
    int cardinality();

    /** The value; ordinals ascend as the values do, by Unicode code points. */
    String term(int ordinal);
  }

  /** Longs, ascending within a document. */
  interface LongValues extends Values {
    long next();
  }

  /** Doubles, ascending within a document. */
  interface DoubleValues extends Values {
    double next();
  }

  /** Points in degrees; one step reads both coordinates. */
  interface GeoValues extends Values {
    void next();

    double latitude();

    double longitude();
  }

  /**
   * The best documents of a shard.
   *
   * @param total how many match
   * @param exact whether the total is exact; else more than {@code total} match or may match
   */
  record TopDocuments(List<TopDocument> documents, long total, boolean exact) {
    public TopDocuments {
      documents = List.copyOf(documents);
    }
  }

  /**
   * One of the best documents.
   *
   * @param document its number on the shard
   * @param score NaN where the order does not need it
   * @param sortValues by the sort's keys, Long, Double or String, or {@link #MISSING}; empty for
   *     the order by score
   */
  record TopDocument(int document, String id, float score, List<Object> sortValues) {
    /** Stands for a document without the field; sorts last. */
    public static final Object MISSING = JsonObject.NULL;
  }

  /**
   * A stored document.
   *
   * @param json its fields, a JSON object in UTF-8
   * @param highlights fragments by field: escaped HTML with the matches inside {@code <em>}
   */
  record Document(String id, byte[] json, Map<String, List<String>> highlights) {}
}
