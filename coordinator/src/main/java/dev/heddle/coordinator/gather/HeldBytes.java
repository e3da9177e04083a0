package dev.heddle.coordinator.gather;

import dev.heddle.coordinator.scatter.LeafReply.Answer;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.function.HeapSize;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all queries of a coordinator take of the heap, in bytes: replies from the moment when they
 * arrive until they are merged, what was made of them, as the function weighs it, and what goes
 * with each query, call and shard. Safe for many threads.
 */
public final class HeldBytes {
  /**
   * Of a query, whatever it asks for: its call, its thread's stack and its plan; an estimate, as
   * those below, held against histograms of heaps with hundreds of queries under way.
   */
  public static final long QUERY = 16_000;

  /** Of a call to a leaf or a coordinator that is under way, besides its request. */
  public static final long CALL = 7_000;

  /** Of a shard of a plan. */
  static final long SHARD = 200;

  /** Of what a leaf tells of a shard. */
  static final long REPORT = 250;

  /** An atom, and its list. */
  private static final long ATOM = HeapSize.object(2 * HeapSize.REFERENCE + 1) + HeapSize.list(0);

  /** A shard of it. */
  private static final long COVERED =
      HeapSize.REFERENCE + HeapSize.object(Integer.BYTES + Long.BYTES);

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

  /** What a partial takes of the heap as it came. */
  public static long of(Atom atom) {
    return HeapSize.bytes(atom.partial().length) + ATOM + COVERED * atom.covers().size();
  }

  /** What an answer takes of the heap as it came. */
  public static long of(Answer answer) {
    long sum = REPORT * answer.reports().size();
    for (var atom : answer.atoms()) {
      sum += of(atom);
    }
    return sum;
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

    /** Of the query's state; owned by its thread. */
    private long state;

    private Query() {}

    /** Holds more, or less than before; on any thread. */
    public void add(long bytes) {
      if (mine.addAndGet(bytes) >= 0) {
        all.addAndGet(bytes);
      }
    }

    /** What the query's state weighs now, in place of what it did before; on its thread. */
    public void state(long bytes) {
      add(bytes - state);
      state = bytes;
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
            "query: holds %d bytes of calls and partials (expected: at most %d,"
                    .formatted(held, each)
                + " scatter.query-bytes; ask for less)");
      }
      long everyone = all.get();
      // Those that hold little are not refused for those that hold much.
      if (everyone > most && held > each / 64) {
        throw new HeddleException(
            ErrorCode.OVERLOADED,
            "queries: hold %d bytes of calls and partials (expected: at most %d,"
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
