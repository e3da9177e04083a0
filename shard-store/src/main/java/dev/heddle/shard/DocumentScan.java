package dev.heddle.shard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.search.DocIdSetIterator;
import org.apache.lucene.util.Bits;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/** Reads a view in the order of ids: each segment has its ids in order, and they are merged. */
final class DocumentScan {
  /** A page ends early once it has so many bytes of documents. */
  private static final long MOST_BYTES = 2 << 20;

  /** Where the scan is in one segment. */
  private static final class Cursor {
    private final LeafReader segment;
    private final @Nullable Bits live;
    private final TermsEnum ids;
    private @Nullable PostingsEnum postings;
    private BytesRef id = new BytesRef();
    private int document;

    private Cursor(LeafReader segment, TermsEnum ids) {
      this.segment = segment;
      this.live = segment.getLiveDocs();
      this.ids = ids;
    }

    /** From the first id behind {@code after}; false: there is none. */
    boolean seek(BytesRef after) throws IOException {
      if (after.length == 0) {
        return next();
      }
      return switch (ids.seekCeil(after)) {
        case END -> false;
        case FOUND -> next();
        case NOT_FOUND -> stand() || next();
      };
    }

    boolean next() throws IOException {
      while (ids.next() != null) {
        if (stand()) {
          return true;
        }
      }
      return false;
    }

    /** Whether the id that the terms stand at has a live document. */
    private boolean stand() throws IOException {
      postings = ids.postings(postings, PostingsEnum.NONE);
      for (int found = postings.nextDoc();
          found != DocIdSetIterator.NO_MORE_DOCS;
          found = postings.nextDoc()) {
        if (live == null || live.get(found)) {
          id = BytesRef.deepCopyOf(ids.term());
          document = found;
          return true;
        }
      }
      return false;
    }
  }

  private DocumentScan() {}

  static DocumentPage read(
      View view, String after, int limit, String incarnation, long stalenessMicros)
      throws IOException {
    BytesRef start = new BytesRef(after.getBytes(StandardCharsets.UTF_8));
    PriorityQueue<Cursor> cursors = new PriorityQueue<>((a, b) -> a.id.compareTo(b.id));
    for (LeafReaderContext leaf : view.reader().leaves()) {
      Terms ids = leaf.reader().terms(IndexFields.ID);
      if (ids != null) {
        Cursor cursor = new Cursor(leaf.reader(), ids.iterator());
        if (cursor.seek(start)) {
          cursors.add(cursor);
        }
      }
    }
    List<DocumentPage.Entry> documents = new ArrayList<>();
    long bytes = 0;
    while (documents.size() < limit && bytes < MOST_BYTES && !cursors.isEmpty()) {
      Cursor cursor = cursors.remove();
      byte[] json = StoredDocuments.json(cursor.segment, cursor.document);
      bytes += json.length;
      documents.add(
          new DocumentPage.Entry(
              cursor.id.utf8ToString(),
              new StoredDocument(json, StoredDocuments.version(cursor.segment, cursor.document))));
      if (cursor.next()) {
        cursors.add(cursor);
      }
    }
    return new DocumentPage(
        documents, !cursors.isEmpty(), view.at().index(), incarnation, stalenessMicros);
  }
}
