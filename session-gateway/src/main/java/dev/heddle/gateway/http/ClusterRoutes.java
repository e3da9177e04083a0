package dev.heddle.gateway.http;

import dev.heddle.gateway.backend.ClusterGrpcClient;
import java.util.List;

/** {@code /v1/cluster}: the nodes, and where the copies of the tenant's data are. */
public final class ClusterRoutes {
  private final ClusterGrpcClient cluster;

  public ClusterRoutes(ClusterGrpcClient cluster) {
    this.cluster = cluster;
  }

  /** The route. */
  public List<Route> routes() {
    return List.of(
        new Route(
            "GET",
            "/v1/cluster",
            true,
            exchange -> exchange.json(200, cluster.status(exchange.call()))));
  }
}
