package dev.heddle.coordinator.gather;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all queries of a coordinator hold, in bytes: requests under way, and partials from the
 * moment when they arrive until the query ends, twice: encoded, and as much again for what becomes
 * of them. Of a query that asks for fewer hits, those that may lack some are there once more for a
 * while. Safe for many threads.
 */
public final class HeldBytes {
  private final long each;
  private final long most;
  private final AtomicLong all = new AtomicLong();

  /**
   * Creates the limit.
   *
   * @param each of a query at most
   * @param most of all queries together
   */
  public HeldBytes(DataSize each, DataSize most) {
    this.each = each.bytes();
    this.most = most.bytes();
  }

  /** Held at the moment. */
  public long bytes() {
    return all.get();
  }

  /** Begins a query's account. */
  public Query open() {
    return new Query();
  }

  /** What one query holds. Closing gives it back; what is added later counts no more. */
  public final class Query implements AutoCloseable {
    private static final long CLOSED = Long.MIN_VALUE / 2;

    private final AtomicLong mine = new AtomicLong();

    private Query() {}

    /** Holds more, on any thread. */
    public void add(long bytes) {
      if (mine.addAndGet(bytes) > 0) {
        all.addAndGet(bytes);
      }
    }

    /** Holds a partial, on any thread. */
    public void addPartial(long bytes) {
      add(2 * bytes);
    }

    /**
     * Refuses to go on where too much is held.
     *
     * @throws HeddleException LIMIT_REACHED for the query's own, OVERLOADED for that of all
     */
    public void check() {
      long held = mine.get();
      if (held > each) {
        throw new HeddleException(
            ErrorCode.LIMIT_REACHED,
            "query: holds %d bytes of requests and partials (expected: at most %d,"
                    .formatted(held, each)
                + " scatter.query-bytes; ask for less)");
      }
      long everyone = all.get();
      // Those that hold little are not refused for those that hold much.
      if (everyone > most && held > each / 64) {
        throw new HeddleException(
            ErrorCode.OVERLOADED,
            "queries: hold %d bytes of requests and partials (expected: at most %d,"
                    .formatted(everyone, most)
                + " scatter.all-bytes; retry later)");
      }
    }

    @Override
    public void close() {
      long held = mine.getAndSet(CLOSED);
      if (held > 0) {
        all.addAndGet(-held);
      }
    }
  }
}
