package dev.heddle.gateway.http;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * What the catalog says of functions before they are called: who may call them from a page, and in
 * which shape their events come. Thread-safe.
 */
public final class CalledFunctions {
  /** An origin that stands for all, without cookies. */
  private static final String ANY_ORIGIN = "*";

  private final CatalogClient catalog;

  public CalledFunctions(CatalogClient catalog) {
    this.catalog = catalog;
  }

  /** Who may read a function's answers from a page of another site. */
  enum Access {
    /** Nobody from there. */
    NONE,
    /** Any page, and no cookie counts. */
    ANONYMOUS,
    /** This page, with cookies. */
    NAMED
  }

  /**
   * Whether pages of an origin may call a function.
   *
   * @param spoken name or name:alias
   */
  Access access(String tenant, String spoken, String origin) {
    return access(versions(tenant, spoken), origin);
  }

  /**
   * As {@link #access} for a preflight, which carries no credentials: what any tenant's function of
   * that name allows. The call itself is then held against its own tenant's.
   */
  Access accessOfAnyTenant(String spoken, String origin) {
    var best = Access.NONE;
    for (var record : catalog.view().allFunctions()) {
      if (record.name().equals(name(spoken))) {
        var access = access(versions(record, alias(spoken)), origin);
        best = access.compareTo(best) > 0 ? access : best;
      }
    }
    return best;
  }

  private static Access access(List<FunctionVersion> versions, String origin) {
    Set<String> origins = new HashSet<>();
    versions.forEach(version -> origins.addAll(version.origins()));
    if (origins.stream().anyMatch(listed -> listed.equalsIgnoreCase(origin))) {
      return Access.NAMED;
    }
    return origins.contains(ANY_ORIGIN) ? Access.ANONYMOUS : Access.NONE;
  }

  /** In which shapes the versions that a name stands for take their events. */
  Set<EventShape> shapes(String tenant, String spoken) {
    var shapes = EnumSet.noneOf(EventShape.class);
    for (var version : versions(tenant, spoken)) {
      shapes.add(version.event());
    }
    return shapes;
  }

  private List<FunctionVersion> versions(String tenant, String spoken) {
    return catalog
        .view()
        .function(tenant, name(spoken))
        .map(record -> versions(record, alias(spoken)))
        .orElse(List.of());
  }

  private static List<FunctionVersion> versions(FunctionRecord record, String alias) {
    var named = record.aliases().get(alias);
    if (named == null) {
      return List.of();
    }
    List<FunctionVersion> versions = new ArrayList<>(named.targets().size());
    for (var target : named.targets()) {
      record.version(target.version()).ifPresent(versions::add);
    }
    return versions;
  }

  private static String name(String spoken) {
    int colon = spoken.indexOf(':');
    return colon < 0 ? spoken : spoken.substring(0, colon);
  }

  private static String alias(String spoken) {
    int colon = spoken.indexOf(':');
    return colon < 0 ? FunctionRecord.LATEST : spoken.substring(colon + 1);
  }
}
