package dev.heddle.engine;

import dev.heddle.catalog.FunctionVersion;
import java.util.Optional;

/**
 * One version of a function of a tenant.
 *
 * @param version empty for a built-in
 */
public record FunctionRef(String tenant, String name, Optional<FunctionVersion> version) {
  private static final int SHOWN_DIGITS = 8;

  public static FunctionRef builtIn(String tenant, String name) {
    return new FunctionRef(tenant, name, Optional.empty());
  }

  /** For messages: {@code related-topics@1a2b3c4d}. */
  public String label() {
    return version
        .map(FunctionVersion::digest)
        .map(digest -> name + "@" + digest.substring(0, Math.min(SHOWN_DIGITS, digest.length())))
        .orElse(name);
  }
}
