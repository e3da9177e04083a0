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
import java.util.random.RandomGenerator;

/**
 * A function with its newest versions. Stored under {@link CatalogKeys#function}.
 *
 * @param versions 1..20, the newest last
 * @param aliases by name; {@code latest} is always there and names one version
 */
public record FunctionRecord(
    String tenant,
    String name,
    FunctionKind kind,
    List<FunctionVersion> versions,
    Map<String, FunctionAlias> aliases) {
  /** Versions kept at most. */
  public static final int MOST_VERSIONS = 20;

  /** Aliases at most. */
  public static final int MOST_ALIASES = MOST_VERSIONS - 1;

  /** The alias that every function has. */
  public static final String LATEST = "latest";

  /** Digits of a digest that are enough to name a version. */
  private static final int ENOUGH_DIGITS = 8;

  public FunctionRecord {
    RequestContext.checkTenant(tenant);
    CatalogKeys.checkName("function", name);
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
    var latest = aliases.get(LATEST);
    if (latest == null || latest.single().isEmpty() || aliases.size() > MOST_ALIASES) {
      throw invalid(
          "aliases: "
              + aliases.keySet()
              + " (expected: latest, of one version, and at most "
              + MOST_ALIASES
              + ")");
    }
    aliases.forEach((alias, names) -> {
      CatalogKeys.checkName("alias", alias);
      for (var target : names.targets()) {
        if (!digests.contains(target.version())) {
          throw invalid("alias " + alias + ": " + target.version() + " (expected: a version)");
        }
      }
    });
  }

  public String key() {
    return CatalogKeys.function(tenant, name);
  }

  /** The version with this digest or alias; an alias of two versions names none. */
  public Optional<FunctionVersion> version(String digestOrAlias) {
    var alias = aliases.get(digestOrAlias);
    return alias == null ? digest(digestOrAlias) : alias.single().flatMap(this::digest);
  }

  /** As {@link #version}, also by at least 8 digits of a digest that only one version has. */
  public Optional<FunctionVersion> find(String spoken) {
    var exact = version(spoken);
    if (exact.isPresent() || spoken.length() < ENOUGH_DIGITS || aliases.containsKey(spoken)) {
      return exact;
    }
    var fitting = versions.stream().filter(version -> version.digest().startsWith(spoken)).toList();
    return fitting.size() == 1 ? Optional.of(fitting.getFirst()) : Optional.empty();
  }

  /** The version for one call: an alias of two versions gives either, by their weights. */
  public Optional<FunctionVersion> choose(String digestOrAlias, RandomGenerator random) {
    var alias = aliases.get(digestOrAlias);
    return digest(alias == null ? digestOrAlias : alias.choose(random));
  }

  private Optional<FunctionVersion> digest(String digest) {
    for (FunctionVersion version : versions) {
      if (version.digest().equals(digest)) {
        return Optional.of(version);
      }
    }
    return Optional.empty();
  }

  public FunctionVersion latest() {
    return version(LATEST)
        .orElseThrow(() -> new IllegalStateException(name + ": no latest (expected: one)"));
  }

  /**
   * With {@code version} as the newest and {@code latest}. Beyond 20 the oldest goes that no alias
   * names; a version that is there already moves to the end.
   *
   * @throws HeddleException INVALID_FUNCTION if aliases name all the others
   */
  public FunctionRecord withVersion(FunctionVersion version) {
    Map<String, FunctionAlias> named = new TreeMap<>(aliases);
    named.put(LATEST, FunctionAlias.to(version.digest()));
    List<FunctionVersion> kept = new ArrayList<>(versions);
    kept.removeIf(other -> other.digest().equals(version.digest()));
    kept.add(version);
    for (int i = 0; i < kept.size() && kept.size() > MOST_VERSIONS; ) {
      if (named(named, kept.get(i).digest())) {
        i++;
      } else {
        kept.remove(i);
      }
    }
    if (kept.size() > MOST_VERSIONS) {
      throw invalid(
          "versions of "
              + name
              + ": aliases name all "
              + MOST_VERSIONS
              + " (expected: one to let go; delete or move an alias)");
    }
    return new FunctionRecord(tenant, name, kind, kept, named);
  }

  private static boolean named(Map<String, FunctionAlias> aliases, String digest) {
    return aliases.values().stream().anyMatch(alias -> alias.names(digest));
  }

  /** With an alias made or moved; {@code latest} can be moved, but not shared. */
  public FunctionRecord withAlias(String alias, FunctionAlias names) {
    if (alias.equals(LATEST) && names.single().isEmpty()) {
      throw invalid("alias latest: two versions (expected: one; give another alias the weights)");
    }
    Map<String, FunctionAlias> named = new TreeMap<>(aliases);
    named.put(alias, names);
    return new FunctionRecord(tenant, name, kind, versions, named);
  }

  /**
   * Without an alias.
   *
   * @throws HeddleException NOT_FOUND, or INVALID_FUNCTION for {@code latest}
   */
  public FunctionRecord withoutAlias(String alias) {
    if (alias.equals(LATEST)) {
      throw invalid("alias: latest (expected: another one; every function has latest)");
    }
    Map<String, FunctionAlias> named = new TreeMap<>(aliases);
    if (named.remove(alias) == null) {
      throw new HeddleException(
          ErrorCode.NOT_FOUND,
          "alias of " + name + ": " + alias + " (expected: one of " + aliases.keySet() + ")");
    }
    return new FunctionRecord(tenant, name, kind, versions, named);
  }

  /**
   * With {@code latest} moved to an earlier version.
   *
   * @param version as {@link #find} takes it; empty: the one before the latest
   * @throws HeddleException NOT_FOUND if there is none such
   */
  public FunctionRecord rollback(Optional<String> version) {
    var target =
        version.isPresent()
            ? find(version.get())
            : Optional.of(versions.indexOf(latest()))
                .filter(index -> index > 0)
                .map(index -> versions.get(index - 1));
    return target
        .map(found -> withAlias(LATEST, FunctionAlias.to(found.digest())))
        .orElseThrow(() ->
            new HeddleException(
                ErrorCode.NOT_FOUND,
                "version of "
                    + name
                    + ": "
                    + version.orElse("none before the latest")
                    + " (expected: one that is kept)"));
  }

  private static HeddleException invalid(String message) {
    return new HeddleException(ErrorCode.INVALID_FUNCTION, message);
  }
}
