package dev.heddle.engine;

import dev.heddle.function.Bound;
import dev.heddle.function.Query;
import dev.heddle.function.RisingBound;
import dev.heddle.function.Shard;
import dev.heddle.function.Sort;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A shard for code whose thread may be interrupted: while the thread is in the shard, it is not, as
 * an interrupt closes the files that a thread has in hand, under others, too. The shard stops by
 * itself. For one thread.
 */
final class UninterruptedShard implements Shard {
  private final Shard shard;
  private final Interruption interruption;

  /** Calls that the thread is in, one within the other. */
  private int within;

  /**
   * @param interruption that the calling thread has entered
   */
  UninterruptedShard(Shard shard, Interruption interruption) {
    this.shard = shard;
    this.interruption = interruption;
  }

  private <T> T within(Supplier<T> work) {
    // A collector's code runs within the shard, and may call it again.
    if (within++ == 0) {
      interruption.away();
    }
    try {
      return work.get();
    } finally {
      if (--within == 0) {
        interruption.back();
      }
    }
  }

  @Override
  public String dataset() {
    return shard.dataset();
  }

  @Override
  public int number() {
    return shard.number();
  }

  @Override
  public long documents() {
    return shard.documents();
  }

  @Override
  public List<String> fields() {
    return shard.fields();
  }

  @Override
  public FieldKind kind(String field) {
    return shard.kind(field);
  }

  @Override
  public TopDocuments search(
      Query query, List<Sort> sort, int k, long countUpTo, Collector... collectors) {
    return within(() -> shard.search(query, sort, k, countUpTo, collectors));
  }

  @Override
  public TopDocuments search(Query query, int k, long countUpTo, Bound bound) {
    return within(() -> shard.search(query, k, countUpTo, bound));
  }

  @Override
  public TopDocuments search(Query query, int k, long countUpTo, RisingBound bound) {
    return within(() -> shard.search(query, k, countUpTo, bound));
  }

  @Override
  public void forEach(Query query, Collector collector) {
    var _ =
        within(() -> {
          shard.forEach(query, collector);
          return Boolean.TRUE;
        });
  }

  @Override
  public long count(Query query) {
    return within(() -> shard.count(query));
  }

  @Override
  public long frequency(String field, String term) {
    return within(() -> shard.frequency(field, term));
  }

  @Override
  public List<Segment> segments() {
    return within(shard::segments);
  }

  @Override
  public Optional<Document> get(String id) {
    return within(() -> shard.get(id));
  }

  @Override
  public Document document(int document, List<String> fields, Query query, List<String> highlight) {
    return within(() -> shard.document(document, fields, query, highlight));
  }
}
