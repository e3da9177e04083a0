/**
 * Experiments about search: the same documents and queries for bare Lucene, for plain gRPC, for
 * clusters of this build in two shapes, and for OpenSearch, in turns; and what one more shard
 * costs.
 *
 * <p>Called by {@link dev.heddle.loadtest.Bench}, on one thread; clients of the load have threads
 * of their own. {@link dev.heddle.loadtest.search.FloorLeaf} runs in processes of its own.
 */
@NullMarked
package dev.heddle.loadtest.search;

import org.jspecify.annotations.NullMarked;
