package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * A function with its newest versions. Stored under {@link CatalogKeys#function}.
 *
 * @param versions 1..20, the newest last
 * @param aliases digests by name; {@code latest} is always there
 */
public record FunctionRecord(
    String tenant,
    String name,
    FunctionKind kind,
    String runtime,
    List<FunctionVersion> versions,
    Map<String, String> aliases) {
  /** Versions kept at most. */
  public static final int MOST_VERSIONS = 20;

  /** Aliases at most; one less than versions, so that there is always one to let go. */
  public static final int MOST_ALIASES = MOST_VERSIONS - 1;

  /** The alias that every function has. */
  public static final String LATEST = "latest";

  public FunctionRecord {
    RequestContext.checkTenant(tenant);
    CatalogKeys.checkName("function", name);
    CatalogKeys.checkName("runtime", runtime);
    versions = List.copyOf(versions);
    aliases = Collections.unmodifiableMap(new TreeMap<>(aliases));
    if (versions.isEmpty() || versions.size() > MOST_VERSIONS) {
      throw invalid("versions: " + versions.size() + " (expected: 1.." + MOST_VERSIONS + ")");
    }
    Set<String> digests = new HashSet<>();
    for (FunctionVersion version : versions) {
      if (!digests.add(version.digest())) {
        throw invalid("version: " + version.digest() + " twice (expected: every version once)");
      }
    }
    if (!aliases.containsKey(LATEST) || aliases.size() > MOST_ALIASES) {
      throw invalid(
          "aliases: " + aliases.keySet() + " (expected: latest, and at most " + MOST_ALIASES + ")");
    }
    aliases.forEach((alias, digest) -> {
      CatalogKeys.checkName("alias", alias);
      if (!digests.contains(digest)) {
        throw invalid("alias " + alias + ": " + digest + " (expected: a version)");
      }
    });
  }

  public String key() {
    return CatalogKeys.function(tenant, name);
  }

  /** The version with this digest or alias. */
  public Optional<FunctionVersion> version(String digestOrAlias) {
    String digest = aliases.getOrDefault(digestOrAlias, digestOrAlias);
    return versions.stream().filter(version -> version.digest().equals(digest)).findFirst();
  }

  public FunctionVersion latest() {
    return version(LATEST)
        .orElseThrow(() -> new IllegalStateException(name + ": no latest (expected: one)"));
  }

  /**
   * With {@code version} as the newest and {@code latest}. Beyond 20 the oldest goes that no alias
   * names; a version that is there already moves to the end.
   */
  public FunctionRecord withVersion(FunctionVersion version) {
    Map<String, String> named = new TreeMap<>(aliases);
    named.put(LATEST, version.digest());
    List<FunctionVersion> kept = new ArrayList<>(versions);
    kept.removeIf(other -> other.digest().equals(version.digest()));
    kept.add(version);
    for (int i = 0; i < kept.size() && kept.size() > MOST_VERSIONS; ) {
      if (named.containsValue(kept.get(i).digest())) {
        i++;
      } else {
        kept.remove(i);
      }
    }
    return new FunctionRecord(tenant, name, kind, runtime, kept, named);
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_FUNCTION, message);
  }
}
