/**
 * Datasets' shards on this node: Lucene indexes that are written through one door, read as a {@link
 * dev.heddle.function.Shard}, and rank as if all shards were one index.
 *
 * <p>Called by the leaf-worker. A {@link dev.heddle.shard.ShardStore} may be called from any
 * thread; a {@link dev.heddle.shard.ShardReader} belongs to one thread at a time. The store owns
 * four kinds of threads: one follows the catalog, one commits, one refreshes, one merges.
 */
@NullMarked
package dev.heddle.shard;

import org.jspecify.annotations.NullMarked;
