package dev.heddle.replication;

import dev.heddle.process.HostPort;

/**
 * One that replicates a group.
 *
 * @param node its name, the same in all groups
 * @param address where its {@link RaftNode} listens
 */
public record Member(String node, HostPort address) {}
