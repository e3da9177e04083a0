package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.plan.KnownSummary;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Plan.Skipped;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.Reading.Level;
import dev.heddle.coordinator.plan.ReplicaState.Role;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.Skipping;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Which shards a plan leaves out; each shard lies on the node of its number. */
class SkippingTest {
  private static final long AT = 40;

  private final ManualTicker ticker = new ManualTicker();
  private final ReplicaTable table = new ReplicaTable(ticker);
  private final Skipping skipping = new Skipping(table, ticker);
  private final DatasetRecord dataset = Fixtures.dataset(3);

  private static KnownSummary summary(int shard, String incarnation, long index) {
    return new KnownSummary("node-" + shard, shard, incarnation, index, 7, Map.of(), Map.of());
  }

  private void told(int shard, long index) {
    shown("node-" + shard, shard, index);
    table.holds(dataset.id(), summary(shard, "incarnation-" + shard, index));
  }

  private void shown(String node, int shard, long index) {
    table.heard(
        dataset.id(),
        shard,
        ReplicaTableTest.state(node, "incarnation-" + shard, Role.LEADER, "", 1, index));
    table.load(node, 0, 0);
  }

  private Plan plan() {
    List<LeafAssignment> leaves = new ArrayList<>();
    for (int shard = 0; shard < 3; shard++) {
      leaves.add(
          new LeafAssignment(
              "node-" + shard, "node-" + shard + ":1", List.of(new ShardRef(shard, 7))));
    }
    return new Plan(dataset, leaves, List.of());
  }

  /** A session that has seen every shard at a position. */
  private Reading session(long index) {
    var token = PositionToken.EMPTY;
    for (int shard = 0; shard < 3; shard++) {
      token = token.with(dataset, shard, "incarnation-" + shard, index);
    }
    return Reading.of(Level.SESSION, token, dataset);
  }

  /** Shards left out where only shard 0 can match. */
  private List<Integer> skipped(Reading reading) {
    var plan = skipping.skip(plan(), reading, summary -> summary.shard() == 0);
    var left = plan.skipped().stream().map(Skipped::shard).toList();
    var asked = new ArrayList<Integer>();
    plan.leaves().forEach(leaf -> leaf.shards().forEach(ref -> asked.add(ref.shard())));
    asked.addAll(left);
    assertEquals(List.of(0, 1, 2), asked.stream().sorted().toList());
    return left;
  }

  @Test
  void leavesOutWhatCannotMatchUpToThePositionThatIsRead() {
    told(0, AT);
    told(1, AT);
    told(2, AT + 5);
    assertEquals(List.of(1, 2), skipped(session(AT)));
  }

  @Test
  void asksWhereTheSummaryIsOlderThanWhatIsRead() {
    told(1, AT - 1);
    told(2, AT);
    assertEquals(List.of(2), skipped(session(AT)));
  }

  @Test
  void asksWhereSomeReplicaShowsMoreThanTheSummary() {
    told(1, AT);
    told(2, AT);
    shown("elsewhere", 2, AT + 1);
    assertEquals(List.of(1), skipped(session(AT)));
    table.holds(dataset.id(), summary(2, "incarnation-2", AT + 1));
    assertEquals(List.of(1, 2), skipped(session(AT)));
  }

  @Test
  void anOlderSummaryDoesNotReplaceANewerOne() {
    told(1, AT);
    table.holds(dataset.id(), summary(1, "incarnation-1", AT - 10));
    assertEquals(List.of(1), skipped(session(AT)));
  }

  @Test
  void asksWhereTheShardsHistoryIsAnother() {
    told(1, AT);
    told(2, AT);
    table.holds(dataset.id(), summary(1, "before", AT + 9));
    assertEquals(List.of(2), skipped(session(AT)));
  }

  @Test
  void asksWhereTheReplicaHasBeenSilentOrLost() {
    told(1, AT);
    ticker.advance(Duration.ofMillis(900));
    told(2, AT);
    ticker.advance(Duration.ofMillis(200));
    assertEquals(List.of(2), skipped(session(AT)));
    table.lost("node-2");
    assertEquals(List.of(), skipped(session(AT)));
  }

  @Test
  void readsWithoutAPositionAskEveryShard() {
    told(1, AT);
    told(2, AT);
    assertEquals(List.of(), skipped(Reading.ANY));
    assertEquals(List.of(), skipped(Reading.of(Level.LINEARIZABLE, PositionToken.EMPTY, dataset)));
    var token = PositionToken.EMPTY.with(dataset, 2, "incarnation-2", AT);
    assertEquals(List.of(2), skipped(Reading.of(Level.SESSION, token, dataset)));
  }

  @Test
  void oneShardIsAlwaysAsked() {
    for (int shard = 0; shard < 3; shard++) {
      told(shard, AT);
    }
    ticker.advance(Duration.ofMillis(30));
    var plan = skipping.skip(plan(), session(AT), summary -> false);
    assertEquals(2, plan.skipped().size());
    assertEquals(1, plan.leaves().size());
    assertTrue(plan.skipped().getFirst().stalenessMicros() >= 30_000);
  }
}
