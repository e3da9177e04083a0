package dev.heddle.process;

import java.nio.file.Path;
import java.util.Optional;

/**
 * Where a node's credentials are; see {@link Credentials}.
 *
 * @param apiKeys YAML: {@code keys: [{id: ops, key: …, tenant: default}]}
 * @param clusterSecret lines {@code id:secret}; the first is shown, all are believed
 */
public record Security(Optional<Path> apiKeys, Optional<Path> clusterSecret) {
  public Security {
    if (apiKeys.isPresent() && clusterSecret.isEmpty()) {
      throw new IllegalArgumentException(
          "cluster-secret: missing (expected: a file, as api-keys is set:"
              + " nodes call each other in the name of tenants)");
    }
  }

  /** Nothing configured: everyone is tenant `default`, and only loopback is served. */
  public static Security none() {
    return new Security(Optional.empty(), Optional.empty());
  }
}
