package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.PeersGrpcClient;
import dev.heddle.gateway.connection.Frames.Incoming;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.Change;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.TraceContext;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Frames of resumable connections' clients that are in work: at most one of a connection, marked in
 * its entry, so that whoever carries the connection next waits for it. Blocking; thread-safe.
 */
final class Calls {
  private static final int STRIPES = 64;

  /** Others may wait for the same, and be faster. */
  private static final int ATTEMPTS = 16;

  private final ConnectionTable table;
  private final PeersGrpcClient peers;
  private final Supplier<Carrier> self;
  private final Duration takeOver;
  private final ConcurrentHashMap<Call, CountDownLatch> here = new ConcurrentHashMap<>();
  private final List<ReentrantLock> stripes =
      Stream.generate(ReentrantLock::new).limit(STRIPES).toList();

  private record Call(ConnectionKey key, long epoch) {}

  /**
   * A frame and how it came.
   *
   * @param token generation of the token that it came with; 0: it came over the socket of the epoch
   * @param number of the frame; 0: the client does not count
   */
  record Frame(ConnectionKey key, long token, long epoch, long number) {}

  /**
   * What there is to do.
   *
   * @param todo false: the frame was taken before
   * @param epoch that the call is under
   * @param received how many of the client's frames have been taken
   * @param handed what earlier invocations left
   */
  record Begun(boolean todo, long epoch, long received, byte[] handed) {}

  /**
   * The calls of this gateway.
   *
   * @param takeOver how long a call of another one is waited for
   */
  Calls(ConnectionTable table, PeersGrpcClient peers, Supplier<Carrier> self, Duration takeOver) {
    this.table = table;
    this.peers = peers;
    this.self = self;
    this.takeOver = takeOver;
  }

  /**
   * Marks a frame as in work, once no other one is.
   *
   * @throws HeddleException CONFLICT where another frame stays in work or one is missing, FORBIDDEN
   *     for an old token, GONE where the connection is no more or another socket's
   */
  Begun begin(Frame frame, Incoming incoming) {
    Change begun = mark(frame, incoming.idempotent());
    for (int i = 0; i < ATTEMPTS && begun.outcome() == Outcome.BUSY; i++) {
      // Its answer may be with the client before its mark is gone.
      settle(frame.key(), begun.get());
      begun = mark(frame, incoming.idempotent());
    }
    return switch (begun.outcome()) {
      case DONE ->
          new Begun(
              true,
              begun.get().call(),
              begun.get().received(),
              table.handed(frame.key(), begun.get()));
      case DUPLICATE -> new Begun(false, 0, begun.get().received(), new byte[0]);
      case MISSING, REPLAYED, FENCED, BUSY, GAP, FULL -> throw Resumables.refusal(begun.outcome());
    };
  }

  /** The mark in the grid and the call here are one to whoever looks for either. */
  private Change mark(Frame frame, boolean idempotent) {
    ReentrantLock lock = stripe(frame.key());
    lock.lock();
    try {
      Change begun =
          table.begin(
              frame.key(), frame.token(), frame.epoch(), frame.number(), idempotent, self.get());
      if (begun.done()) {
        here.put(new Call(frame.key(), begun.get().call()), new CountDownLatch(1));
      }
      return begun;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The frame has been answered, in the grid too.
   *
   * @param before what earlier invocations left
   * @param after what is left now
   */
  void finish(ConnectionKey key, Begun begun, Handed before, Handed after) {
    try {
      table.finish(key, begun.epoch(), before.equals(after) ? null : after.bytes());
    } finally {
      CountDownLatch over = here.remove(new Call(key, begun.epoch()));
      if (over != null) {
        over.countDown();
      }
    }
  }

  /** A call that this gateway has in flight. */
  private Optional<CountDownLatch> find(ConnectionKey key, long epoch) {
    ReentrantLock lock = stripe(key);
    lock.lock();
    try {
      return Optional.ofNullable(here.get(new Call(key, epoch)));
    } finally {
      lock.unlock();
    }
  }

  private ReentrantLock stripe(ConnectionKey key) {
    return stripes.get(Math.floorMod(key.hashCode(), STRIPES));
  }

  private boolean mine(Carrier caller) {
    return caller.member().equals(self.get().member());
  }

  /** Whether who had a call in flight is gone; then the client is told, or asked for its frame. */
  boolean lost(ConnectionKey key, Known known) {
    Carrier caller = known.caller();
    if (mine(caller) ? find(key, known.call()).isPresent() : table.alive(caller)) {
      return false;
    }
    var error =
        new HeddleException(
            ErrorCode.UNAVAILABLE, "the gateway was lost that worked on a frame: it may have run");
    byte[] frame = EdgeErrors.json(error, TraceContext.create().traceId());
    return table.abandon(key, known.call(), frame).done();
  }

  /** Waits, for as long as the config says, until the call that was in flight is over. */
  void settle(ConnectionKey key, Known known) {
    if (known.call() == 0 || lost(key, known)) {
      return;
    }
    if (mine(known.caller())) {
      var _ = await(key, known.call());
    } else if (!peers.awaitCall(known.caller().address(), key, known.call(), takeOver)) {
      var _ = lost(key, known);
    }
  }

  /** Waits for a call of this gateway; false: it goes on. */
  boolean await(ConnectionKey key, long epoch) {
    Optional<CountDownLatch> over = find(key, epoch);
    try {
      return over.isEmpty() || over.get().await(takeOver.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
