package dev.heddle.cli.client;

import java.util.List;

/**
 * A node that the catalog holds a lease of.
 *
 * @param internal address of its services for other nodes
 * @param grpc its public gRPC address; empty: none
 * @param http its HTTP address; empty: none
 * @param replication where it replicates data; empty: it holds none
 */
public record NodeInfo(
    String node,
    List<String> roles,
    String internal,
    String grpc,
    String http,
    String replication) {
  public NodeInfo {
    roles = List.copyOf(roles);
  }
}
