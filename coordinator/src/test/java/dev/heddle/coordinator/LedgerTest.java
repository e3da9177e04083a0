package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.plan.NodeUse;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.Bill;
import dev.heddle.function.Bound;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Map<Ref, Bill> known = new HashMap<>();
  private final List<String> asked = new ArrayList<>();
  private final Ledger ledger =
      new Ledger(
          (address, calls) -> {
            asked.add(address + " " + calls.size());
            return address.equals("dead")
                ? CompletableFuture.failedFuture(new IllegalStateException("gone"))
                : CompletableFuture.completedFuture(Map.copyOf(known));
          },
          new Billed(RateCard.defaults(), registry),
          registry);

  private static Attempt attempt(String address, int number, boolean settled) {
    var leaf = new LeafAssignment("n", address, List.of(new ShardRef(0, 1)));
    var attempt =
        new Attempt(
            new Shards(leaf.shards()),
            leaf,
            number,
            Kind.FIRST,
            false,
            new NodeUse(),
            0,
            0,
            Bound.NONE);
    attempt.settled = settled;
    return attempt;
  }

  private static Bill bill(long active) {
    return new Bill(active, 0, 0, 0, 0, 0, 0, 0, 0, 0, true, List.of(), 0, 0);
  }

  private double count(String name) {
    return registry.counter(name).count();
  }

  @Test
  void asksLeavesUntilTheyTell() {
    ledger.ended(
        "q",
        bill(30),
        List.of(attempt("a", 1, false), attempt("a", 2, true), attempt("b", 1, true)));
    ledger.settle();
    assertEquals(List.of("a 1"), asked);
    assertEquals(Optional.empty(), ledger.late("q"));
    known.put(new Ref("q", 1), bill(70));
    ledger.settle();
    assertEquals(Optional.of(bill(70)), ledger.late("q"));
    ledger.settle();
    assertEquals(2, asked.size());
    assertEquals(1, count("heddle_coordinator_attempts_settled_late"));
    assertEquals(0, count("heddle_coordinator_attempts_unsettled"));
    var billed = registry.get("heddle_coordinator_billed_active_seconds").tag("of", "queries");
    assertEquals(100e-9, billed.functionCounter().count(), 1e-15);
  }

  @Test
  void aQuerysLateBillsAddUp() {
    known.put(new Ref("q", 1), bill(70));
    known.put(new Ref("q", 2), bill(7));
    ledger.ended("q", Bill.NONE, List.of(attempt("a", 1, false), attempt("a", 2, false)));
    ledger.settle();
    assertEquals(77, ledger.late("q").orElseThrow().activeNanos());
  }

  @Test
  void whatADeadLeafDoesNotTellStaysUnsettled() {
    ledger.ended("q", Bill.NONE, List.of(attempt("dead", 1, false)));
    for (int i = 0; i < 10; i++) {
      ledger.settle();
    }
    assertEquals(5, asked.size());
    assertEquals(1, count("heddle_coordinator_attempts_unsettled"));
    assertEquals(0, ledger.queriesOpen());
  }

  @Test
  void whatACoordinatorDidNotKnowWhenItAnsweredIsAskedOfIt() {
    var answered = attempt("mid", 1, true);
    answered.open = List.of("leaf-3/1");
    ledger.ended("q", Bill.NONE, List.of(answered, attempt("mid", 2, true)));
    ledger.settle();
    assertEquals(List.of("mid 1"), asked);
    known.put(new Ref("q", "", 1, true), bill(70).plus(Bill.open(List.of("leaf-3/1"))));
    ledger.settle();
    assertEquals(70, ledger.late("q").orElseThrow().activeNanos());
    assertEquals(List.of("leaf-3/1"), ledger.late("q").orElseThrow().open());
    assertEquals(1, count("heddle_coordinator_attempts_unsettled"));
    assertEquals(0, ledger.queriesOpen());
  }

  @Test
  void aPartIsSettledOnceItsOwnCallsAre() {
    var accounts = new PartAccounts();
    var call = new Ref("q", "root", 4, false);
    var rest = new Ref("q", "root", 4, true);
    assertEquals(Optional.empty(), accounts.find(call));
    var attempts = List.of(attempt("a", 1, false), attempt("dead", 1, false));
    var account = accounts.ended(call, bill(100), Ledger.toSettle(attempts));
    ledger.ended("q", "root/mid.4", attempts, account);
    known.put(new Ref("q", "root/mid.4", 1, false), bill(7));
    ledger.settle();
    assertEquals(Optional.empty(), accounts.find(call));
    for (int i = 0; i < 10; i++) {
      ledger.settle();
    }
    assertEquals(107, accounts.find(call).orElseThrow().activeNanos());
    assertEquals(7, accounts.find(rest).orElseThrow().activeNanos());
    assertEquals(List.of("n/1"), accounts.find(rest).orElseThrow().open());
    assertEquals(Optional.empty(), ledger.late("q"));
  }

  /** A leaf that hangs costs the coordinator all of its tries, with the time limit of each. */
  @Test
  void aCoordinatorIsAskedForAsLongAsItsOwnTriesMayTake() {
    var attempt = handed("mid");
    ledger.ended("q", Bill.NONE, List.of(attempt));
    for (int i = 0; i < 25; i++) {
      ledger.settle();
    }
    assertEquals(25, asked.size());
    known.put(new Ref("q", 1), bill(70));
    ledger.settle();
    assertEquals(70, ledger.late("q").orElseThrow().activeNanos());
    assertEquals(0, count("heddle_coordinator_attempts_unsettled"));
  }

  @Test
  void aCoordinatorThatIsSilentIsAskedNoMoreOftenThanALeaf() {
    ledger.ended("q", Bill.NONE, List.of(handed("dead")));
    for (int i = 0; i < 10; i++) {
      ledger.settle();
    }
    assertEquals(5, asked.size());
    assertEquals(1, count("heddle_coordinator_attempts_unsettled"));
  }

  private static Attempt handed(String address) {
    var leaf = new LeafAssignment("n", "n:1", List.of(new ShardRef(0, 1)));
    var part = LeafAssignment.handing("mid", address, List.of(leaf));
    return new Attempt(
        new Shards(part.shards()), part, 1, Kind.FIRST, false, new NodeUse(), 0, 0, Bound.NONE);
  }

  @Test
  void isBounded() {
    List<Attempt> many = new ArrayList<>();
    for (int i = 0; i < 10_500; i++) {
      many.add(attempt("a", i, false));
    }
    ledger.ended("q", Bill.NONE, many);
    assertEquals(500, count("heddle_coordinator_attempts_unsettled"));
    ledger.settle();
    assertEquals(10, asked.size());
    assertEquals("a 1000", asked.getFirst());
  }
}
