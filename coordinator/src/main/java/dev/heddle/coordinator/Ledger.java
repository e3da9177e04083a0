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
 * way at the deadline, and of calls that coordinators made for parts of them. Those that were asked
 * are asked for it, a few times; a call of which nobody tells, because its node died or forgot,
 * stays unsettled. Keeps the late bills of the last queries by query id; those of parts go to who
 * handed them out ({@link PartAccounts}). Bounded: what is too much stays unsettled at once. Safe
 * for many threads.
 */
final class Ledger {
  private static final Logger log = LoggerFactory.getLogger(Ledger.class);

  /** Calls that wait to be settled at most, and queries whose late bills are kept. */
  private static final int MOST = 10_000;

  /** Calls that a leaf is asked for at once. */
  private static final int BATCH = 1_000;

  private static final int TRIES = 5;

  /**
   * A coordinator that does not know yet says so at once, while each of its own tries may take as
   * long as this many of them: a leaf that hangs costs it its time limit besides.
   */
  private static final int PATIENCE = 6;

  /** Asks a node what calls cost; those that it does not know are not in the answer. */
  @FunctionalInterface
  interface Leaves {
    CompletableFuture<Map<Ref, Bill>> settle(String address, List<Ref> calls);
  }

  /** Gets what is settled late of a query, or of a part of one. */
  interface Account {
    void settled(Bill bill);

    /** Nobody told what the call cost: {@code node/attempt}. */
    void unsettled(String call);
  }

  /**
   * A call to be settled.
   *
   * @param silence that it costs where the node does not answer, in tries; a coordinator that
   *     answers takes one
   */
  private record Open(
      String address, Ref call, String name, Account account, int silence, int triesLeft) {
    Open again(boolean silent) {
      return new Open(address, call, name, account, silence, triesLeft - (silent ? silence : 1));
    }
  }

  private final Leaves leaves;
  private final Billed billed;
  private final Counter settled;
  private final Counter unsettled;

  /** Guarded by this, as is what follows. */
  private final Deque<Open> open = new ArrayDeque<>();

  private final Map<String, Bill> late = new LinkedHashMap<>();

  Ledger(Leaves leaves, Billed billed, MeterRegistry registry) {
    this.leaves = leaves;
    this.billed = billed;
    this.settled = registry.counter("heddle_coordinator_attempts_settled_late");
    this.unsettled = registry.counter("heddle_coordinator_attempts_unsettled");
  }

  /**
   * A query ended; those of its calls whose cost is not known are to be settled.
   *
   * @param spent what is known
   */
  void ended(String queryId, Bill spent, List<Attempt> attempts) {
    billed.query(spent);
    ended(
        queryId,
        "",
        attempts,
        new Account() {
          @Override
          public void settled(Bill bill) {
            keep(queryId, bill);
          }

          @Override
          public void unsettled(String call) {
            log.debug("call not settled query={} call={}", queryId, call);
          }
        });
  }

  /**
   * A query, or a part of one, ended.
   *
   * @param branch of its tree; empty: all of it
   * @param account hears of each call that is to be settled, maybe before this returns
   */
  void ended(String queryId, String branch, List<Attempt> attempts, Account account) {
    for (var attempt : attempts) {
      boolean rest = attempt.settled && !attempt.open.isEmpty();
      if (!attempt.settled || rest) {
        var ref = new Ref(queryId, branch, attempt.number, rest);
        // A coordinator waits for its own calls first.
        int silence = 1 + PATIENCE * (attempt.leaf.levels() - 1);
        add(
            new Open(
                attempt.leaf.address(), ref, attempt.name(), account, silence, TRIES * silence));
      }
    }
  }

  /** How many of the calls {@link #ended} is going to ask for. */
  static int toSettle(List<Attempt> attempts) {
    int count = 0;
    for (var attempt : attempts) {
      count += attempt.settled && attempt.open.isEmpty() ? 0 : 1;
    }
    return count;
  }

  private void add(Open call) {
    boolean room;
    synchronized (this) {
      room = call.triesLeft > 0 && open.size() < MOST;
      if (room) {
        open.add(call);
      }
    }
    if (!room) {
      unsettled.increment();
      call.account.unsettled(call.name);
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
                  add(call.again(failure != null));
                } else {
                  settled(call, bill);
                }
              }
            });
  }

  private void settled(Open call, Bill bill) {
    settled.increment();
    unsettled.increment(bill.open().size());
    call.account.settled(bill);
  }

  private synchronized void keep(String queryId, Bill bill) {
    billed.query(bill);
    late.merge(queryId, bill, Bill::plus);
    if (late.size() > MOST) {
      late.remove(late.keySet().iterator().next());
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
