package dev.heddle.replication;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.protocol.exceptions.ReadIndexException;
import org.jspecify.annotations.Nullable;

/**
 * Up to where a group has committed, as its leader knows it, once a majority has confirmed that it
 * led after it was asked. Who waits until that is applied reads everything that was acknowledged
 * before, and nothing is written to the log for it (Ongaro, "Consensus: Bridging Theory and
 * Practice", 2014, section 6.4).
 *
 * <p>Ratis 3.3 confirms once for each index: a leader that was cut off would answer further reads
 * without asking anyone until it steps down, from what is no longer the latest; and a read that
 * comes while another is being confirmed is taken for confirmed by answers from before it came.
 *
 * <p>Reads that come while a round of heartbeats is under way share the next one. Safe for any
 * thread.
 */
final class ReadIndex {
  /** This member, as far as it leads. */
  interface Leader {
    boolean leads();

    /** Whether it has committed an entry of its own term: before, it knows too little. */
    boolean ready();

    long committed();

    /** Whether these and itself are a majority of the members, also while they change. */
    boolean isMajority(Predicate<RaftPeerId> confirmed);
  }

  /** The leader's connection to a follower. */
  interface Connection {
    RaftPeerId follower();

    /** Number of the next request; numbers grow, and may wrap around. */
    long nextCall();

    void triggerHeartbeat();
  }

  /** What someone asked, by its identity. */
  private static final class Read {
    private final CompletableFuture<Long> answer = new CompletableFuture<>();
  }

  private static final class Round {
    private final long index;
    private final List<Read> reads;
    private final IdentityHashMap<Connection, Long> from = new IdentityHashMap<>();
    private final Set<RaftPeerId> confirmed = new HashSet<>();

    Round(long index, List<Read> reads) {
      this.index = index;
      this.reads = reads;
    }

    void end() {
      reads.forEach(read -> read.answer.complete(index));
    }
  }

  private final Leader leader;
  private final ReentrantLock lock = new ReentrantLock();

  /** What follows is guarded by the {@link #lock}. */
  private final Map<RaftPeerId, Connection> connections = new HashMap<>();

  private final Set<Read> waiting = new LinkedHashSet<>();

  /** The term's leadership, an identity; null: none yet. */
  private @Nullable Object leadership;

  private @Nullable Round round;

  ReadIndex(Leader leader) {
    this.leader = leader;
  }

  /**
   * Asks for the index.
   *
   * @return fails where this member does not lead, or no longer; without a majority it does not end
   *     by itself: to be cancelled then
   */
  CompletableFuture<Long> ask() {
    if (!leader.leads()) {
      return CompletableFuture.failedFuture(new ReadIndexException("this member does not lead"));
    }
    Read read = new Read();
    lock.lock();
    try {
      waiting.add(read);
    } finally {
      lock.unlock();
    }
    var _ =
        read.answer.whenComplete((index, failure) -> {
          if (failure != null) {
            forget(read);
          }
        });
    advance();
    return read.answer;
  }

  private void forget(Read read) {
    lock.lock();
    try {
      waiting.remove(read);
    } finally {
      lock.unlock();
    }
  }

  /**
   * This member leads, in a new term or with one follower more.
   *
   * @param term the same object for all connections of a leadership
   */
  // That very one.
  @SuppressWarnings("ReferenceEquality")
  void connected(Object term, Connection connection) {
    lock.lock();
    try {
      if (leadership != term) {
        leadership = term;
        connections.clear();
        again();
      }
      connections.put(connection.follower(), connection);
    } finally {
      lock.unlock();
    }
  }

  /** What was asked in another term is asked anew. */
  private void again() {
    Round former = round;
    round = null;
    if (former != null) {
      waiting.addAll(former.reads);
    }
  }

  /** Begins a round, if there is something to ask and nothing under way. */
  void advance() {
    while (true) {
      Round done;
      lock.lock();
      try {
        if (round != null || waiting.isEmpty() || !leader.ready()) {
          return;
        }
        Round next = new Round(leader.committed(), new ArrayList<>(waiting));
        waiting.clear();
        for (Connection connection : connections.values()) {
          // Before the heartbeat: what was sent until now confirms nothing.
          next.from.put(connection, connection.nextCall());
          connection.triggerHeartbeat();
        }
        round = next;
        done = endIfConfirmed(next);
      } finally {
        lock.unlock();
      }
      if (done == null) {
        return;
      }
      done.end();
    }
  }

  /**
   * A follower has taken what the leader sent it.
   *
   * @param call number of that request
   */
  // That very one.
  @SuppressWarnings("ReferenceEquality")
  void confirmed(Connection connection, long call) {
    Round done = null;
    lock.lock();
    try {
      Round current = round;
      if (current != null && connections.get(connection.follower()) == connection) {
        long from = current.from.computeIfAbsent(connection, Connection::nextCall);
        // They may wrap around.
        if (call - from >= 0) {
          current.confirmed.add(connection.follower());
          done = endIfConfirmed(current);
        }
      }
    } finally {
      lock.unlock();
    }
    if (done != null) {
      done.end();
    }
    advance();
  }

  private @Nullable Round endIfConfirmed(Round current) {
    if (!leader.isMajority(current.confirmed::contains)) {
      return null;
    }
    round = null;
    return current;
  }

  /** This member leads no longer. */
  void lost() {
    List<Read> all;
    lock.lock();
    try {
      again();
      all = new ArrayList<>(waiting);
      waiting.clear();
      connections.clear();
      leadership = null;
    } finally {
      lock.unlock();
    }
    all.forEach(read ->
        read.answer.completeExceptionally(new ReadIndexException("this member leads no longer")));
  }
}
