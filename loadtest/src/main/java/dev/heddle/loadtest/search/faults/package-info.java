/**
 * Queries while leaves are stopped, killed and given other shards: each answer is held against what
 * is known of every shard.
 *
 * <p>{@link dev.heddle.loadtest.search.faults.QueryChaosExperiment} is the way in, on one thread;
 * its clients and faults have threads of their own.
 */
@NullMarked
package dev.heddle.loadtest.search.faults;

import org.jspecify.annotations.NullMarked;
