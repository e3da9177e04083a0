package dev.heddle.loadtest.search;

import java.io.IOException;
import java.util.List;

/**
 * Floors in this process: what Lucene itself takes.
 *
 * @param queries by their numbers
 */
record InProcess(String name, List<SearchQuery> queries, boolean ranksExactly, Asking asking)
    implements Subject {
  InProcess {
    queries = List.copyOf(queries);
  }

  /** Answers a query. */
  @FunctionalInterface
  interface Asking {
    Found ask(SearchQuery query) throws IOException, InterruptedException;
  }

  /** All documents in one index. */
  static InProcess single(LuceneIndex index, List<SearchQuery> queries) {
    return new InProcess("lucene", queries, true, index::search);
  }

  /** An index for each shard, searched side by side and merged. */
  static InProcess fanOut(FanOut shards, List<SearchQuery> queries) {
    return new InProcess("fanOut", queries, false, shards::search);
  }

  @Override
  public List<Long> pids() {
    return List.of();
  }

  @Override
  public Seat seat() {
    return new Seat() {
      @Override
      public Reply ask(int query) throws IOException, InterruptedException {
        var found = asking.ask(queries.get(query));
        return () -> found;
      }

      @Override
      public void close() {
        // Nothing is kept.
      }
    };
  }
}
