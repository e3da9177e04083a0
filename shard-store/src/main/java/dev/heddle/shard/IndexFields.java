package dev.heddle.shard;

/** Names of what the store itself keeps in an index; a schema's names never start so. */
final class IndexFields {
  /** The document's id: a term, and the order of documents in a segment. */
  static final String ID = "_id";

  /** The id again, as plain bytes by document: cheaper to read than the sorted column. */
  static final String KEY = "_key";

  /** The document's JSON, as plain bytes by document: read without decompressing neighbours. */
  static final String SOURCE = "_source";

  /** Position of the entry that wrote the document. */
  static final String VERSION = "_version";

  /** All weighted text of a document; see {@link TextFeatures}. */
  static final String TEXT = "_text";

  /** Neighbouring terms of the weighted text. */
  static final String PAIRS = "_pairs";

  /** Whole short values of the weighted text. */
  static final String WHOLE = "_whole";

  private static final String STARTS = "_starts:";

  private IndexFields() {}

  /** First letters of a text field's terms, for prefixes too short to enumerate. */
  static String starts(String field) {
    return STARTS + field;
  }
}
