package dev.heddle.loadtest.consistency;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Named.named;

import dev.heddle.loadtest.consistency.Action.Delete;
import dev.heddle.loadtest.consistency.Action.Put;
import dev.heddle.loadtest.consistency.Action.PutIf;
import dev.heddle.loadtest.consistency.Action.Read;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LinearizabilityCheckerTest {
  /** Histories that a register can have. */
  static Stream<Named<Script>> possible() {
    return Stream.of(
        named("empty at first", new Script().readNothing(0, 1).deletedNothing(2, 3)),
        named(
            "one after the other",
            new Script().put(0, 1, "a", 5).read(2, 3, "a", 5).put(4, 5, "b", 9)),
        named(
            "concurrent read sees the old one",
            new Script().put(0, 1, "a", 1).put(2, 9, "b", 2).read(3, 4, "a", 1).read(5, 6, "b", 2)),
        named(
            "concurrent writes in either order",
            new Script().put(0, 9, "a", 2).put(1, 8, "b", 1).read(10, 11, "a", 2)),
        named("read before the write returns", new Script().put(0, 9, "a", 1).read(1, 2, "a", 1)),
        named(
            "condition holds",
            new Script().put(0, 1, "a", 3).putIf(2, 3, 3, "b", 4).read(5, 6, "b", 4)),
        named(
            "one of two conditions holds",
            new Script().put(0, 1, "a", 3).putIf(2, 5, 3, "b", 4).conflict(2, 5, 3, "c")),
        named("created only once", new Script().putIf(0, 5, 0, "a", 1).conflict(0, 5, 0, "b")),
        named(
            "created again after a delete",
            new Script().putIf(0, 1, 0, "a", 1).deleted(2, 3, 2).putIf(4, 5, 0, "b", 3)),
        named(
            "deleted and gone", new Script().put(0, 1, "a", 1).deleted(2, 3, 2).readNothing(4, 5)),
        named(
            "refused write is not there",
            new Script().put(0, 1, "a", 1).refused(2, 3, new Put("b")).read(4, 5, "a", 1)),
        named(
            "in doubt never happens",
            new Script().put(0, 1, "a", 1).inDoubt(2, 3, new Put("b")).read(4, 5, "a", 1)),
        named(
            "in doubt happens at once",
            new Script().put(0, 1, "a", 1).inDoubt(2, 3, new Put("b")).read(4, 5, "b", 2)),
        named(
            "in doubt happens late",
            new Script()
                .put(0, 1, "a", 1)
                .inDoubt(2, 3, new Put("b"))
                .read(4, 5, "a", 1)
                .put(6, 7, "c", 2)
                .read(8, 9, "c", 2)
                .read(10, 11, "b", 3)),
        named(
            "delete in doubt happens late",
            new Script()
                .put(0, 1, "a", 1)
                .inDoubt(2, 3, new Delete())
                .read(4, 5, "a", 1)
                .readNothing(6, 7)),
        named(
            "in doubt makes a conflict",
            new Script().put(0, 1, "a", 1).inDoubt(2, 3, new Put("b")).conflict(4, 5, 1, "c")),
        named(
            "in doubt builds on in doubt",
            new Script()
                .put(0, 1, "a", 1)
                .inDoubt(2, 3, new Delete())
                .inDoubt(4, 5, new PutIf(0, "b"))
                .read(6, 7, "b", 4)),
        named(
            "condition in doubt needs a version that is in doubt",
            new Script()
                .inDoubt(0, 1, new Put("a"))
                .inDoubt(2, 3, new PutIf(7, "b"))
                .read(4, 5, "b", 8)),
        named(
            "read in doubt says nothing",
            new Script().put(0, 1, "a", 1).inDoubt(2, 3, new Read())));
  }

  /** Histories that no register can have. */
  static Stream<Named<Script>> impossible() {
    return Stream.of(
        named("value that nobody wrote", new Script().read(0, 1, "a", 1)),
        named("stale read", new Script().put(0, 1, "a", 1).put(2, 3, "b", 2).read(4, 5, "a", 1)),
        named(
            "read goes back during a write",
            new Script().put(0, 1, "a", 1).put(2, 9, "b", 2).read(3, 4, "b", 2).read(5, 6, "a", 1)),
        named(
            "lost update",
            new Script()
                .put(0, 1, "a", 1)
                .read(2, 3, "a", 1)
                .putIf(4, 5, 1, "b", 2)
                .putIf(4, 5, 1, "c", 3)),
        named("lost write", new Script().put(0, 1, "a", 1).readNothing(2, 3)),
        named(
            "lost overwrite", new Script().put(0, 1, "a", 1).put(2, 3, "b", 2).read(9, 10, "a", 1)),
        named("resurrected", new Script().put(0, 1, "a", 1).deleted(2, 3, 2).read(4, 5, "a", 1)),
        named("created twice", new Script().putIf(0, 5, 0, "a", 1).putIf(0, 5, 0, "b", 2)),
        named(
            "condition on an old version holds",
            new Script().put(0, 1, "a", 1).put(2, 3, "b", 2).putIf(4, 5, 1, "c", 3)),
        named("conflict without reason", new Script().put(0, 1, "a", 1).conflict(2, 3, 1, "b")),
        named("conflict on nothing", new Script().conflict(0, 1, 0, "a")),
        named(
            "refused write is there", new Script().refused(0, 1, new Put("a")).read(2, 3, "a", 1)),
        named(
            "conflicting write is there",
            new Script().put(0, 1, "a", 1).conflict(2, 3, 9, "b").read(4, 5, "b", 2)),
        named(
            "in doubt happens before its call",
            new Script().put(0, 1, "a", 1).read(2, 3, "b", 2).inDoubt(4, 5, new Put("b"))),
        named(
            "in doubt happens twice",
            new Script()
                .inDoubt(0, 1, new Put("a"))
                .read(2, 3, "a", 1)
                .put(4, 5, "b", 2)
                .read(6, 7, "a", 3)),
        named("version given twice", new Script().put(0, 1, "a", 1).put(2, 3, "b", 1)),
        named("versions against time", new Script().put(0, 1, "a", 2).put(2, 3, "b", 1)),
        named("value with another version", new Script().put(0, 1, "a", 1).read(2, 3, "a", 2)),
        named(
            "value in doubt with two versions",
            new Script().inDoubt(0, 1, new Put("a")).read(2, 3, "a", 1).read(4, 5, "a", 2)),
        named("delete finds nothing", new Script().put(0, 1, "a", 1).deletedNothing(2, 3)),
        named("delete finds what is not there", new Script().deleted(0, 1, 1)),
        named("deleted twice", new Script().put(0, 1, "a", 1).deleted(2, 5, 2).deleted(2, 5, 3)),
        named(
            "condition in doubt that never held",
            new Script().put(0, 1, "a", 5).inDoubt(2, 3, new PutIf(4, "b")).read(4, 5, "b", 6)));
  }

  @ParameterizedTest
  @MethodSource("possible")
  void explainsWhatARegisterCanDo(Script history) {
    assertEquals(new Verdict.Explained("k", history.operations().size()), history.verdict());
  }

  @ParameterizedTest
  @MethodSource("impossible")
  void refusesWhatNoRegisterCanDo(Script history) {
    var violation = assertInstanceOf(Verdict.Violation.class, history.verdict());

    assertEquals("k", violation.key());
    assertTrue(history.operations().containsAll(violation.witnesses()), violation::toString);
    assertTrue(!violation.witnesses().isEmpty(), violation::toString);
  }

  @Test
  void namesTheFewOperationsThatContradictEachOther() {
    var script = new Script();
    for (long i = 0; i < 500; i++) {
      script.put(10 * i, 10 * i + 4, "v" + i, i + 1).read(10 * i + 5, 10 * i + 9, "v" + i, i + 1);
    }
    script.put(5_000, 5_001, "new", 501).inDoubt(5_002, 5_003, new Put("doubt"));
    script.read(5_004_000, 5_005_500, "v499", 500);
    for (long i = 600; i < 700; i++) {
      script.put(10_000 * i, 10_000 * i + 4, "v" + i, i + 1);
    }

    var violation = assertInstanceOf(Verdict.Violation.class, script.verdict());

    assertEquals(
        """
        key k: no order explains
               0.000 ..      0.000 ms  client 1000: put new -> version 501
               4.999 ..      5.001 ms  client 1002: read -> v499, version 500
          (1 others in that time do not help)\
        """,
        violation.toString());
  }

  @Test
  void judgesEachKeyAlone() {
    var good = new Script().put(0, 1, "a", 1).operations();
    var bad = new ArrayList<Operation>();
    for (var each : new Script().put(0, 1, "a", 1).readNothing(2, 3).operations()) {
      bad.add(
          new Operation(
              "j", each.client(), each.action(), each.invoked(), each.returned(), each.outcome()));
    }
    var all = new ArrayList<>(good);
    all.addAll(bad);

    var verdicts = new LinearizabilityChecker().check(all);

    assertEquals(List.of("j", "k"), verdicts.stream().map(Verdict::key).toList());
    assertInstanceOf(Verdict.Violation.class, verdicts.get(0));
    assertInstanceOf(Verdict.Explained.class, verdicts.get(1));
  }

  @Test
  void givesUpLoudlyWhereThereAreTooManyOrders() {
    var script = new Script();
    for (long i = 0; i < 12; i++) {
      script.inDoubt(0, 1, new Put("doubt"));
      script.inDoubt(0, 1, new Delete());
      script.conflict(2 * i, 1_000, 0, "x" + i);
    }
    for (long i = 0; i < 12; i++) {
      script.readNothing(2_000 + 2 * i, 2_001 + 2 * i);
      script.read(2_100, 2_300, "doubt", 100 + i);
    }

    var verdict = new LinearizabilityChecker(100).check(script.operations()).getFirst();

    var gaveUp = assertInstanceOf(Verdict.GaveUp.class, verdict);
    assertTrue(gaveUp.toString().contains("not decided"), gaveUp::toString);
  }
}
