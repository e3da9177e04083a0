package dev.heddle.loadtest.query;

import java.util.List;
import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The first whole answer to each query, which every later one must equal: the data stands still, so
 * the ids and their order may not change. Safe for any thread.
 */
final class AnswerBook {
  private final AtomicReferenceArray<List<String>> first;

  AnswerBook(int queries) {
    first = new AtomicReferenceArray<>(queries);
  }

  /** Whether these ids are the first for the query, or the same as before. */
  boolean agrees(int query, List<String> ids) {
    return first.compareAndSet(query, null, ids) || ids.equals(first.get(query));
  }

  /** Queries that were answered, and found nothing. */
  int empty() {
    int empty = 0;
    for (int i = 0; i < first.length(); i++) {
      var ids = first.get(i);
      empty += ids != null && ids.isEmpty() ? 1 : 0;
    }
    return empty;
  }
}
