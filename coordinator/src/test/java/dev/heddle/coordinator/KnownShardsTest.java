package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.process.testing.ManualTicker;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** What is taken for the number of documents of shards that nobody has told of. */
class KnownShardsTest {
  private static final DatasetRecord DATASET = Fixtures.dataset(4);

  private final KnownShards known = new KnownShards(new ReplicaTable(new ManualTicker()));

  private void observe(int shard, long documents) {
    known.observe(DATASET.id(), shard, documents, new Position(shard, "", 0));
  }

  @Test
  void aShardNeverHeardOfCountsAsTheMeanOfTheOthers() {
    assertEquals(OptionalLong.empty(), known.of(DATASET).documents(3));
    observe(0, 10);
    observe(1, 21);
    var counts = known.of(DATASET);
    assertEquals(OptionalLong.of(10), counts.documents(0));
    assertEquals(OptionalLong.of(21), counts.documents(1));
    assertEquals(OptionalLong.of(16), counts.documents(3));
  }

  /** Else who asks of each of n shards would look n times at n shards. */
  @Test
  void itIsWorkedOutOnceForAllOfThem() {
    var before = known.of(DATASET);
    assertEquals(OptionalLong.empty(), before.documents(3));
    observe(0, 10);
    var counts = known.of(DATASET);
    assertEquals(OptionalLong.of(10), counts.documents(2));
    observe(1, 30);
    assertEquals(OptionalLong.empty(), before.documents(3));
    assertEquals(OptionalLong.of(10), counts.documents(3));
    assertEquals(OptionalLong.of(30), counts.documents(1), "what is told of it counts at once");
    assertEquals(OptionalLong.of(20), known.of(DATASET).documents(3));
  }
}
