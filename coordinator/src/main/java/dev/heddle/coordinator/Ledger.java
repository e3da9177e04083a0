package dev.heddle.coordinator;

import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.Bill;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What queries cost that was not known when they were answered: of calls that were outrun, or under
 * way at the deadline. Their leaves are asked for it, a few times; a call whose leaf does not tell,
 * because it died or forgot, stays unsettled. Keeps the late bills of the last queries by query id.
 * Bounded: what is too much stays unsettled at once. Safe for many threads.
 */
final class Ledger {
  private static final Logger log = LoggerFactory.getLogger(Ledger.class);

  /** Calls that wait to be settled at most, and queries whose late bills are kept. */
  private static final int MOST = 10_000;

  /** Calls that a leaf is asked for at once. */
  private static final int BATCH = 1_000;

  private static final int TRIES = 5;

  /** Asks a leaf what calls cost; those that it does not know are not in the answer. */
  @FunctionalInterface
  interface Leaves {
    CompletableFuture<Map<Ref, Bill>> settle(String address, List<Ref> calls);
  }

  private record Open(String address, Ref call, int tries) {}

  private final Leaves leaves;
  private final Counter settled;
  private final Counter unsettled;

  /** Guarded by this, as is what follows. */
  private final Deque<Open> open = new ArrayDeque<>();

  private final Map<String, Bill> late = new LinkedHashMap<>();

  Ledger(Leaves leaves, MeterRegistry registry) {
    this.leaves = leaves;
    this.settled = registry.counter("heddle_coordinator_attempts_settled_late");
    this.unsettled = registry.counter("heddle_coordinator_attempts_unsettled");
  }

  /** A query ended; those of its calls whose cost is not known are to be settled. */
  void ended(String queryId, List<Attempt> attempts) {
    for (var attempt : attempts) {
      if (!attempt.settled) {
        add(new Open(attempt.leaf.address(), new Ref(queryId, attempt.number), 0));
      }
    }
  }

  private void add(Open call) {
    boolean room;
    synchronized (this) {
      room = call.tries < TRIES && open.size() < MOST;
      if (room) {
        open.add(call);
      }
    }
    if (!room) {
      unsettled.increment();
      log.debug(
          "call not settled query={} attempt={} leaf={}",
          call.call.queryId(),
          call.call.attempt(),
          call.address);
    }
  }

  /** Asks the leaves for everything that is open. Does not block. */
  void settle() {
    List<Open> due;
    synchronized (this) {
      due = List.copyOf(open);
      open.clear();
    }
    Map<String, List<Open>> byLeaf = new HashMap<>();
    for (var call : due) {
      byLeaf.computeIfAbsent(call.address, unseen -> new ArrayList<>()).add(call);
    }
    byLeaf.forEach((address, calls) -> {
      for (int from = 0; from < calls.size(); from += BATCH) {
        ask(address, calls.subList(from, Math.min(calls.size(), from + BATCH)));
      }
    });
  }

  private void ask(String address, List<Open> calls) {
    var _ =
        leaves
            .settle(address, calls.stream().map(Open::call).toList())
            .whenComplete((bills, failure) -> {
              Map<Ref, Bill> known = failure == null ? bills : Map.of();
              for (var call : calls) {
                var bill = known.get(call.call);
                if (bill == null) {
                  add(new Open(address, call.call, call.tries + 1));
                } else {
                  settled(call.call.queryId(), bill);
                }
              }
            });
  }

  private void settled(String queryId, Bill bill) {
    settled.increment();
    synchronized (this) {
      late.merge(queryId, bill, Bill::plus);
      if (late.size() > MOST) {
        late.remove(late.keySet().iterator().next());
      }
    }
  }

  /** What the query cost beside the bill of its answer, as far as known by now. */
  synchronized Optional<Bill> late(String queryId) {
    return Optional.ofNullable(late.get(queryId));
  }

  /** Queries that have calls to be settled. */
  synchronized int queriesOpen() {
    var ids = new HashSet<String>();
    open.forEach(call -> ids.add(call.call.queryId()));
    return ids.size();
  }
}
