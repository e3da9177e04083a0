package dev.heddle.shard;

import org.apache.lucene.document.Document;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.util.BytesRef;

/**
 * A document ready for the index, but for its version, which nobody knows before its entry has its
 * place. For one use.
 */
record IndexedDocument(BytesRef key, Document document, NumericDocValuesField versionField) {
  Document withVersion(long version) {
    versionField.setLongValue(version);
    return document;
  }
}
