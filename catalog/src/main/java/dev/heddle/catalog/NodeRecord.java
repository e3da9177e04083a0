package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.util.Collections;
import java.util.Set;
import java.util.TreeSet;

/**
 * A running node, there as long as it renews its lease. Stored under {@link CatalogKeys#node}.
 *
 * @param incarnation of this run: a restarted node has another one
 * @param internal host:port of its internal services
 * @param grpc host:port of its public gRPC services; empty: none
 * @param http host:port of its HTTP edge; empty: none
 * @param replication host:port where it replicates logs; empty: it holds no data
 */
public record NodeRecord(
    String node,
    String incarnation,
    Set<String> roles,
    String internal,
    String grpc,
    String http,
    String replication) {
  public NodeRecord {
    CatalogKeys.checkName("node", node);
    CatalogKeys.checkName("incarnation", incarnation);
    roles = Collections.unmodifiableSet(new TreeSet<>(roles));
    if (roles.size() > 16) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "roles: " + roles.size() + " (expected: <= 16)");
    }
    roles.forEach(role -> CatalogKeys.checkName("role", role));
    if (internal.isEmpty()) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, "internal: empty (expected: host:port)");
    }
    if (!replication.isEmpty()) {
      try {
        HostPort.parse(replication);
      } catch (IllegalArgumentException e) {
        throw new HeddleException(ErrorCode.INVALID_REQUEST, "replication: " + e.getMessage(), e);
      }
    }
  }

  public String key() {
    return CatalogKeys.node(node);
  }
}
