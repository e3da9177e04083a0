package dev.heddle.shard;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import org.jspecify.annotations.Nullable;

/**
 * One shard that the catalog places on this node, open or not. Immutable.
 *
 * @param replica null while it is unavailable
 * @param reason why it is, or is about to be; empty: it is not
 * @param reopening when to open it
 */
record Slot(
    ShardIdentity identity,
    DatasetRecord dataset,
    ShardPlacement placement,
    @Nullable ShardReplica replica,
    String reason,
    Reopening reopening) {

  Slot open(ShardReplica opened, long nanos) {
    return new Slot(identity, dataset, placement, opened, "", reopening.opened(nanos));
  }

  Slot unavailable(String why, Reopening later) {
    return new Slot(identity, dataset, placement, null, why, later);
  }

  /** What is open of it can be read until it is opened again. */
  Slot failed(String why, Reopening later) {
    return new Slot(identity, dataset, placement, replica, why, later);
  }

  Slot as(DatasetRecord newDataset, ShardPlacement newPlacement) {
    return new Slot(identity, newDataset, newPlacement, replica, reason, reopening);
  }

  ShardReplica require() {
    ShardReplica open = replica;
    if (open == null) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "shard %s: %s (expected: open)".formatted(identity, reason));
    }
    return open;
  }
}
