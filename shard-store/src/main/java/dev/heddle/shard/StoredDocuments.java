package dev.heddle.shard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.lucene.index.BinaryDocValues;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;

/** Ids and JSON of documents in a view. */
final class StoredDocuments {
  /** No document. */
  static final int NONE = -1;

  private StoredDocuments() {}

  /** The live document with this id. */
  static Optional<StoredDocument> find(DirectoryReader reader, BytesRef id) throws IOException {
    for (LeafReaderContext leaf : reader.leaves().reversed()) {
      int document = number(leaf.reader(), id);
      if (document != NONE) {
        return Optional.of(
            new StoredDocument(json(leaf.reader(), document), version(leaf.reader(), document)));
      }
    }
    return Optional.empty();
  }

  static long version(LeafReader segment, int document) throws IOException {
    NumericDocValues versions = DocValues.getNumeric(segment, IndexFields.VERSION);
    if (!versions.advanceExact(document)) {
      throw new IOException("version: none for document " + document + " (expected: one each)");
    }
    return versions.longValue();
  }

  /** The number in the segment of the live document with this id, or {@link #NONE}. */
  static int number(LeafReader segment, BytesRef id) throws IOException {
    Terms ids = segment.terms(IndexFields.ID);
    if (ids == null) {
      return NONE;
    }
    TermsEnum terms = ids.iterator();
    if (!terms.seekExact(id)) {
      return NONE;
    }
    Bits live = segment.getLiveDocs();
    PostingsEnum postings = terms.postings(null, PostingsEnum.NONE);
    for (int document = postings.nextDoc();
        document != DocIdSetIterator.NO_MORE_DOCS;
        document = postings.nextDoc()) {
      if (live == null || live.get(document)) {
        return document;
      }
    }
    return NONE;
  }

  static byte[] json(LeafReader segment, int document) throws IOException {
    BytesRef bytes = bytes(segment, IndexFields.SOURCE, document);
    return Arrays.copyOfRange(bytes.bytes, bytes.offset, bytes.offset + bytes.length);
  }

  static String id(LeafReader segment, int document) throws IOException {
    return id(ids(segment), document);
  }

  /** Ids of a segment's documents; for one thread, front to back. */
  static BinaryDocValues ids(LeafReader segment) throws IOException {
    return DocValues.getBinary(segment, IndexFields.KEY);
  }

  static String id(BinaryDocValues ids, int document) throws IOException {
    BytesRef bytes = bytes(ids, IndexFields.KEY, document);
    return new String(bytes.bytes, bytes.offset, bytes.length, StandardCharsets.UTF_8);
  }

  private static BytesRef bytes(LeafReader segment, String column, int document)
      throws IOException {
    return bytes(DocValues.getBinary(segment, column), column, document);
  }

  private static BytesRef bytes(BinaryDocValues values, String column, int document)
      throws IOException {
    if (!values.advanceExact(document)) {
      throw new IOException(column + ": none for document " + document + " (expected: one each)");
    }
    return values.binaryValue();
  }

  /** The segment of a document of the shard. */
  static LeafReaderContext segment(List<LeafReaderContext> segments, int document) {
    int low = 0;
    int high = segments.size() - 1;
    while (low < high) {
      int middle = (low + high + 1) >>> 1;
      if (segments.get(middle).docBase <= document) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return segments.get(low);
  }
}
