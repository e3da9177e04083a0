package dev.heddle.coordinator;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaChoice;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import io.grpc.Context;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Calls to a shard, tried at one replica after the other until one serves them or the time is over:
 * writes at the leader, reads where they are cheap and see what they must. Never blocks: steps run
 * on the caller's thread, on transport threads and on the timer. Safe for many threads.
 */
final class ShardCalls {
  private static final long FIRST_WAIT_NANOS = Duration.ofMillis(25).toNanos();
  private static final long MOST_WAIT_NANOS = Duration.ofMillis(250).toNanos();

  /** Leaves know a write again for a minute: after that, trying again could do it twice. */
  private static final long REPEATABLE_NANOS = Duration.ofSeconds(50).toNanos();

  private final CoordinatorConfig config;
  private final CatalogClient catalog;
  private final ReplicaTable table;
  private final ReplicaChoice choice;
  private final ScheduledExecutorService timer;
  private final Supplier<RandomGenerator> random;
  private final Ticker ticker;
  private final Counter writeRetries;
  private final Counter readRetries;

  ShardCalls(
      CoordinatorConfig config,
      CatalogClient catalog,
      ReplicaTable table,
      ReplicaChoice choice,
      ScheduledExecutorService timer,
      Supplier<RandomGenerator> random,
      Ticker ticker,
      MeterRegistry registry) {
    this.config = config;
    this.catalog = catalog;
    this.table = table;
    this.choice = choice;
    this.timer = timer;
    this.random = random;
    this.ticker = ticker;
    this.writeRetries = registry.counter("heddle_coordinator_shard_retries", "call", "write");
    this.readRetries = registry.counter("heddle_coordinator_shard_retries", "call", "read");
  }

  /** One try. */
  interface Attempt<T> {
    /**
     * Sends the call.
     *
     * @param waitNanos that the replica may wait until it has seen what a read needs; 0: as long as
     *     the call lasts
     * @param timeoutNanos after which the call is given up
     */
    ListenableFuture<T> send(
        NodeRecord node, ShardPlacement placement, long waitNanos, long timeoutNanos);
  }

  /**
   * Writes. The same attempt must be the same write, however often it is sent.
   *
   * @return fails with NO_MAJORITY or NOT_LEADER where nothing was done by the deadline; with
   *     DEADLINE_EXCEEDED where it is not known whether something was; at once with whatever else
   *     the leader says
   */
  <T> CompletableFuture<T> write(
      DatasetRecord dataset, int shard, Deadline deadline, Attempt<T> attempt) {
    return new Call<>(dataset, shard, Optional.empty(), deadline, attempt).start();
  }

  /**
   * Reads.
   *
   * @return fails with the last replica's answer where none could serve it by the deadline
   */
  <T> CompletableFuture<T> read(
      DatasetRecord dataset, int shard, Reading reading, Deadline deadline, Attempt<T> attempt) {
    return new Call<>(dataset, shard, Optional.of(reading), deadline, attempt).start();
  }

  /** One call under way; one step at a time, each of which happens before the next. */
  private final class Call<T> {
    private final DatasetRecord dataset;
    private final int shard;

    /** Empty: a write. */
    private final Optional<Reading> reading;

    private final Deadline deadline;
    private final Attempt<T> attempt;
    private final Context context = Context.current();
    private final CompletableFuture<T> result = new CompletableFuture<>();

    /** Nodes asked since the last wait for all of them. */
    private final Set<String> tried = new HashSet<>();

    private long waitNanos = FIRST_WAIT_NANOS;
    private int attempts;
    private String hint = "";
    private String incarnation = "";
    private @Nullable HeddleException last;

    /** Whether an attempt ended without telling what it did; and since when that may be. */
    private boolean inDoubt;

    private long firstSentNanos;

    Call(
        DatasetRecord dataset,
        int shard,
        Optional<Reading> reading,
        Deadline deadline,
        Attempt<T> attempt) {
      this.dataset = dataset;
      this.shard = shard;
      this.reading = reading;
      this.attempt = attempt;
      long left = deadline.remainingNanos(ticker);
      // What was found out has to reach the caller before it gives up.
      long slice = Math.clamp(left / 10, 0, config.mergeSlice().toNanos());
      this.deadline = new Deadline(deadline.atNanos() - slice);
    }

    CompletableFuture<T> start() {
      step();
      return result;
    }

    private void step() {
      try {
        if (context.isCancelled()) {
          end(new HeddleException(ErrorCode.CANCELLED, what() + ": the caller went away"));
          return;
        }
        var now = catalog.view().datasetById(dataset.id());
        if (now.isEmpty()) {
          end(
              new HeddleException(
                  ErrorCode.UNKNOWN_DATASET,
                  "dataset: " + dataset.name() + " was dropped (expected: an existing dataset)"));
          return;
        }
        var placement = now.get().shards().get(shard);
        if (inDoubt && !placement.incarnation().equals(incarnation)) {
          giveUp();
          return;
        }
        incarnation = placement.incarnation();
        var live = live(placement);
        var node = next(now.get(), live);
        if (node == null) {
          if (live.isEmpty()) {
            last =
                new HeddleException(
                    reading.isPresent() ? ErrorCode.UNAVAILABLE : ErrorCode.NO_MAJORITY,
                    "no live node (expected: one of " + placement.nodes() + ")");
          }
          tried.clear();
          again(true);
          return;
        }
        send(node, placement, live.size());
      } catch (RuntimeException | Error e) {
        end(GrpcErrors.fromStatus(e));
      }
    }

    private List<NodeRecord> live(ShardPlacement placement) {
      var view = catalog.view();
      List<NodeRecord> live = new ArrayList<>(placement.nodes().size());
      for (var name : placement.nodes()) {
        view.node(name).ifPresent(live::add);
      }
      return live;
    }

    /** Null: all were asked. */
    private @Nullable NodeRecord next(DatasetRecord now, List<NodeRecord> live) {
      if (reading.isPresent()) {
        return choice.choose(now, shard, live, reading.get(), tried);
      }
      String leader = hint.isEmpty() ? table.leader(dataset.id(), shard).orElse("") : hint;
      hint = "";
      NodeRecord first = null;
      for (var node : live) {
        if (tried.contains(node.node())) {
          continue;
        }
        boolean doubtful = table.doubtful(node.node());
        if (node.node().equals(leader) && !doubtful) {
          return node;
        }
        // One that is not to be reached comes last, but it comes: it may be back.
        if (first == null || (!doubtful && table.doubtful(first.node()))) {
          first = node;
        }
      }
      return first;
    }

    private void send(NodeRecord node, ShardPlacement placement, int live) {
      long left = deadline.remainingNanos(ticker);
      if (left <= 0) {
        giveUp();
        return;
      }
      if (attempts++ == 0) {
        firstSentNanos = ticker.nanoTime();
      } else {
        (reading.isPresent() ? readRetries : writeRetries).increment();
      }
      tried.add(node.node());
      long timeout = live > 1 ? Math.min(left, config.shardAttempt().toNanos()) : left;
      Futures.addCallback(
          attempt.send(node, placement, patience(left, live), timeout),
          new FutureCallback<T>() {
            @Override
            public void onSuccess(T answer) {
              if (reading.isEmpty()) {
                table.leads(dataset.id(), shard, node.node());
              }
              result.complete(answer);
            }

            @Override
            public void onFailure(Throwable failure) {
              failed(node, failure);
            }
          },
          MoreExecutors.directExecutor());
    }

    /** What a replica that is behind may spend on waiting, while others may not be behind. */
    private long patience(long left, int live) {
      if (reading.isEmpty() || live == 1 || reading.get().level() == Reading.Level.ANY) {
        return 0;
      }
      long patience =
          reading.get().level() == Reading.Level.SESSION
              ? config.sessionPatience().toNanos() * attempts
              : left / 3;
      return Math.min(patience, left / 2);
    }

    private void failed(NodeRecord node, Throwable failure) {
      var cause = GrpcErrors.fromStatus(failure);
      var before = last;
      last = new HeddleException(cause.code(), node.node() + ": " + cause.getMessage(), cause);
      if (reading.isPresent() && before != null && cause.code() == ErrorCode.DEADLINE_EXCEEDED) {
        // What another replica said tells more than that this one had no time left.
        last = before;
      }
      boolean goOn = reading.isPresent() ? readElsewhere(cause) : writeAgain(node, cause);
      if (!goOn) {
        end(last);
      } else {
        again(cause.code() == ErrorCode.NO_MAJORITY && hint.isEmpty());
      }
    }

    private boolean readElsewhere(HeddleException cause) {
      return switch (cause.code()) {
        case STALE_REPLICA,
            NOT_OWNER,
            NOT_LEADER,
            NO_MAJORITY,
            UNAVAILABLE,
            DEADLINE_EXCEEDED,
            CANCELLED,
            STORAGE_FAILED,
            OVERLOADED,
            QUEUE_FULL ->
            true;
        default -> false;
      };
    }

    private boolean writeAgain(NodeRecord node, HeddleException cause) {
      return switch (cause.code()) {
        case NOT_LEADER -> {
          if (!cause.leader().isEmpty() && !cause.leader().equals(node.node())) {
            hint = cause.leader();
            table.leads(dataset.id(), shard, hint);
          } else {
            table.leadsNot(dataset.id(), shard, node.node());
          }
          yield true;
        }
        case NO_MAJORITY, NOT_OWNER -> {
          table.leadsNot(dataset.id(), shard, node.node());
          yield true;
        }
        case UNAVAILABLE, DEADLINE_EXCEEDED, CANCELLED, STORAGE_FAILED -> {
          inDoubt |= !neverArrived(cause);
          yield true;
        }
        default -> false;
      };
    }

    /**
     * Goes on with the next replica.
     *
     * @param later whether only after a while
     */
    private void again(boolean later) {
      long left = deadline.remainingNanos(ticker);
      if (inDoubt) {
        left = Math.min(left, firstSentNanos + REPEATABLE_NANOS - ticker.nanoTime());
      }
      long wait = later ? waitNanos / 2 + random.get().nextLong(waitNanos / 2 + 1) : 0;
      if (wait >= left) {
        giveUp();
      } else if (wait == 0) {
        context.run(this::step);
      } else {
        waitNanos = Math.min(MOST_WAIT_NANOS, waitNanos * 2);
        try {
          Future<?> _ = timer.schedule(context.wrap(this::step), wait, TimeUnit.NANOSECONDS);
        } catch (RejectedExecutionException e) {
          end(new HeddleException(ErrorCode.UNAVAILABLE, what() + ": shutting down", e));
        }
      }
    }

    /** The time is over. */
    private void giveUp() {
      var cause = last;
      if (cause == null) {
        end(
            new HeddleException(
                reading.isPresent() ? ErrorCode.DEADLINE_EXCEEDED : ErrorCode.NO_MAJORITY,
                what() + ": nothing was done; no time left (expected: > 0)"));
      } else if (reading.isPresent() || inDoubt) {
        end(cause);
      } else {
        var code =
            cause.code() == ErrorCode.NOT_LEADER ? ErrorCode.NOT_LEADER : ErrorCode.NO_MAJORITY;
        end(new HeddleException(code, what() + ": nothing was done; " + cause.getMessage(), cause));
      }
    }

    private void end(HeddleException cause) {
      result.completeExceptionally(
          inDoubt
              ? new HeddleException(
                  ErrorCode.DEADLINE_EXCEEDED,
                  what()
                      + ": not known to be durable (expected: acknowledged by a majority; last: "
                      + cause.getMessage()
                      + ")",
                  cause)
              : cause);
    }

    private String what() {
      return (reading.isPresent() ? "read of shard " : "write to shard ") + shard;
    }
  }

  /** No connection was ever made for the call, so nothing can have been done. */
  private static boolean neverArrived(Throwable failure) {
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof ConnectException) {
        return true;
      }
    }
    return false;
  }
}
