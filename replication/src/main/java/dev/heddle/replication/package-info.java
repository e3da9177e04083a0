/**
 * Replicated logs. A process has one {@link dev.heddle.replication.RaftNode}; it replicates any
 * number of groups, each with a {@link dev.heddle.replication.Replica} that applies the group's
 * entries in order. Used by the catalog and the shard store; nothing of Apache Ratis shows outside.
 */
@NullMarked
package dev.heddle.replication;

import org.jspecify.annotations.NullMarked;
