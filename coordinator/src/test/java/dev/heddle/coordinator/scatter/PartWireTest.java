package dev.heddle.coordinator.scatter;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafReply.Answer;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.engine.Bill;
import dev.heddle.engine.FunctionRef;
import dev.heddle.function.Bound;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What a coordinator is asked for and answers, there and back. */
class PartWireTest {
  private static final ScatterRequest REQUEST =
      new ScatterRequest(
          new Query.All(),
          100,
          List.of(),
          List.of(),
          Map.of(),
          Optional.empty(),
          1_000,
          JsonObject.EMPTY);

  private static final LeafAssignment PART =
      LeafAssignment.handing(
          "mid",
          "mid:1",
          List.of(
              new LeafAssignment("a", "a:1", List.of(new ShardRef(0, 7))),
              new LeafAssignment("b", "b:1", List.of(new ShardRef(1, 7)))));

  private static Part sent(int hits, boolean whole) {
    var common =
        ScatterWire.common(
                "q", "t", "d", new FunctionRef("t", "search", Optional.empty()), 1, REQUEST)
            .toBuilder()
            .setLevels(2)
            .build();
    var call =
        new LeafCall(
            PART,
            1,
            StatisticsEpoch.named("o", 1),
            Optional.empty(),
            1,
            Reading.ANY,
            0,
            false,
            Budget.ANY,
            hits,
            whole,
            new Bound(2.5));
    return PartWire.part(ScatterWire.request(common, call), "mid");
  }

  @Test
  void aPartIsAskedForFewerHitsOnceAndThenForAll() {
    var first = sent(30, false);
    assertEquals(30, first.request().k());
    assertEquals(false, first.whole());
    assertEquals(new Bound(2.5), first.bar());
    var again = sent(0, true);
    assertEquals(100, again.request().k());
    assertEquals(true, again.whole());
  }

  @Test
  void aPartialThatWasCutSaysSo() {
    for (boolean cut : new boolean[] {false, true}) {
      var atom =
          new Atom(List.of(new ShardRef(0, 7)), new byte[] {5}, cut, new Bound(cut ? 1.5 : 7));
      var answer = new Answer(List.of(atom), List.of(), List.of(), Bill.NONE, 0, 0, 0);
      var read = (Answer) ScatterWire.reply(PartWire.response(answer), "mid");
      assertEquals(cut, read.atoms().getFirst().cut());
      assertEquals(atom.bar(), read.atoms().getFirst().bar());
    }
  }
}
