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
 * @param reason why it is; empty: it is not
 * @param retryAtNanos when to try again to open it
 */
record Slot(
    ShardIdentity identity,
    DatasetRecord dataset,
    ShardPlacement placement,
    @Nullable ShardReplica replica,
    String reason,
    long retryAtNanos) {

  Slot open(ShardReplica opened) {
    return new Slot(identity, dataset, placement, opened, "", 0);
  }

  Slot unavailable(String why, long retryAt) {
    return new Slot(identity, dataset, placement, null, why, retryAt);
  }

  Slot as(DatasetRecord newDataset, ShardPlacement newPlacement) {
    return new Slot(identity, newDataset, newPlacement, replica, reason, retryAtNanos);
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
