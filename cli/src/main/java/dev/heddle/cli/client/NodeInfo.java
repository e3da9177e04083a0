package dev.heddle.cli.client;

import java.util.List;

/**
 * A node that the catalog holds a lease of.
 *
 * @param grpc its public gRPC address; empty: none
 * @param http its HTTP address; empty: none
 */
public record NodeInfo(String node, List<String> roles, String internal, String grpc, String http) {
  public NodeInfo {
    roles = List.copyOf(roles);
  }
}
