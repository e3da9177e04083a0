package dev.heddle.gateway.http;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * TLS of the HTTP edge.
 *
 * @param certificates PEM: the server's certificate, then those that lead to its root; absent: no
 *     TLS
 * @param key PEM: the private key, PKCS #8, not encrypted; readable for its owner alone
 * @param reload how often both are looked at: when they change, new connections get the new ones
 */
public record TlsConfig(Optional<Path> certificates, Optional<Path> key, Duration reload) {
  public TlsConfig {
    if (certificates.isPresent() != key.isPresent()) {
      throw new IllegalArgumentException(
          "key: " + key + " (expected: certificates and key, or neither)");
    }
    if (reload.compareTo(Duration.ofMillis(100)) < 0 || reload.compareTo(Duration.ofDays(1)) > 0) {
      throw new IllegalArgumentException("reload: " + reload + " (expected: 100ms..1d)");
    }
  }

  /** Plain HTTP. */
  public static TlsConfig none() {
    return new TlsConfig(Optional.empty(), Optional.empty(), Duration.ofMinutes(1));
  }

  public boolean enabled() {
    return certificates.isPresent();
  }
}
