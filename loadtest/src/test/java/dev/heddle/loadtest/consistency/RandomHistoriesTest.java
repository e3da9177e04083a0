package dev.heddle.loadtest.consistency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.consistency.Outcome.Found;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class RandomHistoriesTest {
  private static final long SEED = 20_261_121;

  private final LinearizabilityChecker checker = new LinearizabilityChecker();

  private Verdict verdict(List<Operation> history) {
    return checker.check(history).getFirst();
  }

  @Test
  void explainsWhatARealRegisterDid() {
    for (long seed = SEED; seed < SEED + 300; seed++) {
      var random = new Random(seed);
      var history =
          new RandomHistory(seed, random.nextDouble() * 0.4).play(1 + random.nextInt(8), 120);

      var verdict = verdict(history);

      assertInstanceOf(Verdict.Explained.class, verdict, "seed " + seed + ": " + verdict);
    }
  }

  @Test
  void findsAStaleReadInWhatARealRegisterDid() {
    int found = 0;
    for (long seed = SEED; seed < SEED + 300; seed++) {
      var random = new Random(seed);
      var history =
          new RandomHistory(seed, random.nextDouble() * 0.3).play(1 + random.nextInt(5), 120);
      var spoilt = withStaleRead(history, random);
      if (spoilt.isPresent()) {
        found++;

        var verdict = verdict(spoilt.get());

        assertInstanceOf(Verdict.Violation.class, verdict, "seed " + seed + ": " + verdict);
      }
    }
    assertTrue(found > 100, "only " + found + " histories had a read to spoil");
  }

  /** One read shows a version that another write had replaced before the read was called. */
  private static Optional<List<Operation>> withStaleRead(List<Operation> history, Random random) {
    var reads =
        history.stream()
            .filter(each -> each.action() instanceof Action.Read && !each.inDoubt())
            .toList();
    var writes = history.stream().filter(each -> each.version() > 0).toList();
    for (int i = 0; i < 50 && !reads.isEmpty() && !writes.isEmpty(); i++) {
      var read = reads.get(random.nextInt(reads.size()));
      var old = writes.get(random.nextInt(writes.size()));
      boolean replaced =
          writes.stream()
              .anyMatch(each -> each.version() > old.version() && each.returned() < read.invoked());
      if (replaced && value(old).isPresent()) {
        var stale = new Found(value(old).get(), old.version());
        var spoilt = new ArrayList<>(history);
        spoilt.set(
            history.indexOf(read),
            new Operation(
                "k", read.client(), read.action(), read.invoked(), read.returned(), stale));
        return Optional.of(spoilt);
      }
    }
    return Optional.empty();
  }

  private static Optional<String> value(Operation write) {
    return switch (write.action()) {
      case Action.Put put -> Optional.of(put.value());
      case Action.PutIf put -> Optional.of(put.value());
      case Action.Read _, Action.Delete _ -> Optional.empty();
    };
  }

  @Test
  void agreesWithTryingAllOrdersOfAFew() {
    int good = 0;
    for (long seed = SEED; seed < SEED + 20_000; seed++) {
      var history = anyFew(new Random(seed));
      boolean expected = AllOrders.explain(history);
      good += expected ? 1 : 0;

      var verdict = verdict(history);

      assertEquals(expected, verdict instanceof Verdict.Explained, "seed " + seed + ": " + history);
    }
    assertTrue(good > 2_000 && good < 18_000, "good: " + good);
  }

  /** Operations with answers that may or may not go together; values and versions repeat. */
  private static List<Operation> anyFew(Random random) {
    var few = new ArrayList<Operation>();
    int count = 2 + random.nextInt(5);
    for (int i = 0; i < count; i++) {
      var value = "" + (char) ('a' + random.nextInt(3));
      var action =
          switch (random.nextInt(6)) {
            case 0, 1 -> new Action.Put(value);
            case 2 -> new Action.PutIf(random.nextInt(4), value);
            case 3 -> new Action.Delete();
            default -> new Action.Read();
          };
      int version = 1 + random.nextInt(5);
      Outcome outcome =
          switch (action) {
            case Action.Read _ ->
                random.nextInt(3) == 0 ? Outcome.ABSENT : new Found(value, version);
            case Action.Put _ -> new Outcome.Written(version);
            case Action.PutIf _ ->
                random.nextBoolean() ? Outcome.CONFLICT : new Outcome.Written(version);
            case Action.Delete _ ->
                new Outcome.Deleted(random.nextBoolean(), random.nextBoolean() ? version : 0);
          };
      long invoked = random.nextInt(10);
      long returned = invoked + random.nextInt(8);
      boolean doubt = random.nextInt(3) == 0;
      few.add(
          new Operation(
              "k", "client " + i, action, invoked, returned, doubt ? Outcome.UNKNOWN : outcome));
    }
    return few;
  }

  @Test
  @Timeout(300)
  void decidesThousandsOfOperationsInSeconds() {
    var history = new RandomHistory(SEED, 0.1).play(12, 10_000);
    var spoilt = withStaleRead(history, new Random(SEED)).orElseThrow();

    // All orders one by one would not end within the time of the test.
    var verdicts = List.of(verdict(history), verdict(spoilt));

    assertInstanceOf(Verdict.Explained.class, verdicts.get(0), () -> verdicts.get(0).toString());
    var found = assertInstanceOf(Verdict.Violation.class, verdicts.get(1));
    assertTrue(found.witnesses().size() <= 4, found::toString);
  }
}
