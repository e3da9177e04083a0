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
import dev.heddle.gateway.session.ConnectionTable.Reply;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.process.TraceContext;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Frames of resumable connections' clients that are in work: at most one of a connection, marked in
 * its entry by the id of its call, so that whoever carries the connection next waits for it.
 * Blocking; thread-safe.
 */
final class Calls {
  private static final Logger log = LoggerFactory.getLogger(Calls.class);

  /** Before a gateway that does not answer, or the grid, is asked again. */
  private static final Duration PAUSE = Duration.ofMillis(250);

  private final ConnectionTable table;
  private final PeersGrpcClient peers;
  private final Supplier<Carrier> self;
  private final BiConsumer<ConnectionKey, Known> abandoned;
  private final Duration takeOver;
  private final Ticker ticker;
  private final Clock clock;
  private final ThreadFactory threads = Threads.virtual("heddle-settle");
  private final ConcurrentHashMap<Call, CountDownLatch> here = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Call, CompletableFuture<Void>> settling =
      new ConcurrentHashMap<>();
  private final Set<ConnectionKey> waiting = ConcurrentHashMap.newKeySet();

  private record Call(ConnectionKey key, long id) {}

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
   * @param call that the work is done under
   * @param received how many of the client's frames have been taken
   * @param known the connection under the call
   */
  record Begun(boolean todo, long call, long received, Known known) {}

  /**
   * The calls of this gateway.
   *
   * @param abandoned told of connections whose call was given up, as they are after that
   * @param takeOver how long a call is waited for
   */
  Calls(
      ConnectionTable table,
      PeersGrpcClient peers,
      Supplier<Carrier> self,
      BiConsumer<ConnectionKey, Known> abandoned,
      Duration takeOver,
      Ticker ticker,
      Clock clock) {
    this.table = table;
    this.peers = peers;
    this.self = self;
    this.abandoned = abandoned;
    this.takeOver = takeOver;
    this.ticker = ticker;
    this.clock = clock;
  }

  /**
   * Marks a frame as in work, once no other one is. One frame of a connection waits here at a time.
   *
   * @throws HeddleException CONFLICT where another frame stays in work or waits, or one is missing,
   *     FORBIDDEN for an old token, GONE where the connection is no more or another socket's
   */
  Begun begin(Frame frame, Incoming incoming) {
    Change begun = mark(frame, incoming.idempotent());
    if (begun.outcome() == Outcome.BUSY && waiting.add(frame.key())) {
      try {
        begun = waited(frame, incoming.idempotent(), begun);
      } finally {
        waiting.remove(frame.key());
      }
    }
    return switch (begun.outcome()) {
      case DONE -> new Begun(true, begun.get().call(), begun.get().received(), begun.get());
      case DUPLICATE -> new Begun(false, 0, begun.get().received(), begun.get());
      case MISSING, REPLAYED, FENCED, BUSY, GAP, FULL, ENDING -> throw Refusals.of(begun.outcome());
    };
  }

  /** Its answer may be with the client before the mark of the last frame is gone. */
  private Change waited(Frame frame, boolean idempotent, Change busy) {
    Change begun = busy;
    long end = ticker.nanoTime() + takeOver.toNanos();
    while (begun.outcome() == Outcome.BUSY) {
      long left = end - ticker.nanoTime();
      if (left <= 0) {
        return begun;
      }
      try {
        settle(frame.key(), begun.get()).get(left, TimeUnit.NANOSECONDS);
      } catch (TimeoutException e) {
        return begun;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return begun;
      } catch (ExecutionException e) {
        throw new IllegalStateException(e.getCause());
      }
      begun = mark(frame, idempotent);
    }
    return begun;
  }

  /** The call is here before the mark is in the grid: who finds the mark finds the call, too. */
  private Change mark(Frame frame, boolean idempotent) {
    var call = new Call(frame.key(), ConnectionTable.newId());
    var over = new CountDownLatch(1);
    here.put(call, over);
    boolean marked = false;
    try {
      Change begun =
          table.begin(
              frame.key(),
              frame.token(),
              frame.epoch(),
              frame.number(),
              idempotent,
              self.get(),
              call.id(),
              clock.instant());
      marked = begun.done();
      return begun;
    } finally {
      if (!marked) {
        here.remove(call);
        over.countDown();
      }
    }
  }

  /**
   * The frame has been answered.
   *
   * @param handed what is left for later ones; null: what was
   * @param reply its last answer; null: there is none, or it is in the grid
   */
  Change finish(ConnectionKey key, Begun begun, byte @Nullable [] handed, @Nullable Payload reply) {
    Reply last = reply == null ? null : new Reply(reply.binary(), reply.bytes());
    try {
      return table.finish(key, begun.call(), handed, last);
    } finally {
      CountDownLatch over = here.remove(new Call(key, begun.call()));
      if (over != null) {
        over.countDown();
      }
    }
  }

  /** A call that this gateway has in flight. */
  private Optional<CountDownLatch> find(ConnectionKey key, long call) {
    return Optional.ofNullable(here.get(new Call(key, call)));
  }

  private boolean mine(Carrier caller) {
    return caller.member().equals(self.get().member());
  }

  /** Whether who had a call in flight is gone; then the client is told, or asked for its frame. */
  boolean lost(ConnectionKey key, Known known) {
    Carrier caller = known.caller();
    if (known.call() == 0
        || (mine(caller) ? find(key, known.call()).isPresent() : table.alive(caller))) {
      return false;
    }
    return abandon(key, known);
  }

  private boolean abandon(ConnectionKey key, Known known) {
    var error =
        new HeddleException(
            ErrorCode.UNAVAILABLE, "the gateway was lost that worked on a frame: it may have run");
    byte[] frame = EdgeErrors.json(error, TraceContext.create().traceId());
    Change change = table.abandon(key, known.call(), frame);
    if (change.done()) {
      log.info("call abandoned connection={} caller={}", key.id(), known.caller().address());
      abandoned.accept(key, change.get());
    }
    return change.done();
  }

  /**
   * Completes when the call that is in flight is over or given up, or has been waited for as long
   * as the config says. All who ask for the same call share one wait.
   */
  CompletableFuture<Void> settle(ConnectionKey key, Known known) {
    if (known.call() == 0) {
      return CompletableFuture.completedFuture(null);
    }
    var call = new Call(key, known.call());
    var fresh = new CompletableFuture<Void>();
    CompletableFuture<Void> other = settling.putIfAbsent(call, fresh);
    if (other != null) {
      return other;
    }
    threads
        .newThread(() -> {
          try {
            untilOver(call);
          } finally {
            settling.remove(call, fresh);
            fresh.complete(null);
          }
        })
        .start();
    return fresh;
  }

  private void untilOver(Call call) {
    long end = ticker.nanoTime() + takeOver.toNanos();
    for (long left = takeOver.toNanos(); left > 0; left = end - ticker.nanoTime()) {
      boolean over = false;
      try {
        Optional<Known> known = table.find(call.key());
        if (known.isEmpty() || known.get().call() != call.id() || lost(call.key(), known.get())) {
          return;
        }
        over = await(known.get().caller(), call, Duration.ofNanos(left));
        if (over && stillMarked(call)) {
          // Who has the call no more could not say so in the grid.
          var _ = abandon(call.key(), known.get());
          return;
        }
      } catch (HeddleException e) {
        log.info("call not settled connection={} error={}", call.key().id(), e.toString());
      }
      if (!over) {
        LockSupport.parkNanos(Math.min(left, PAUSE.toNanos()));
      }
    }
  }

  private boolean stillMarked(Call call) {
    return table.find(call.key()).filter(now -> now.call() == call.id()).isPresent();
  }

  private boolean await(Carrier caller, Call call, Duration most) {
    return mine(caller)
        ? await(call.key(), call.id(), most)
        : peers.awaitCall(caller.address(), call.key(), call.id(), most);
  }

  /** Waits for a call of this gateway, for as long as the config says; false: it goes on. */
  boolean await(ConnectionKey key, long call) {
    return await(key, call, takeOver);
  }

  private boolean await(ConnectionKey key, long call, Duration most) {
    Optional<CountDownLatch> over = find(key, call);
    try {
      return over.isEmpty() || over.get().await(most.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
