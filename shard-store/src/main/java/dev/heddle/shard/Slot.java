package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import org.jspecify.annotations.Nullable;

/**
 * One shard that the catalog places on this node, open or not. Immutable.
 *
 * @param shard null while it is unavailable
 * @param reason why it is; empty: it is not
 * @param retryAtNanos when to try again to open it
 */
record Slot(
    ShardIdentity identity,
    Schema schema,
    long generation,
    @Nullable LocalShard shard,
    String reason,
    long retryAtNanos) {

  Slot open(LocalShard opened) {
    return new Slot(identity, schema, generation, opened, "", 0);
  }

  Slot unavailable(String why, long retryAt) {
    return new Slot(identity, schema, generation, null, why, retryAt);
  }

  Slot inGeneration(long newGeneration) {
    return new Slot(identity, schema, newGeneration, shard, reason, retryAtNanos);
  }

  LocalShard require() {
    LocalShard open = shard;
    if (open == null) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "shard %s: %s (expected: open)".formatted(identity, reason));
    }
    return open;
  }
}
