package dev.heddle.gateway.connection;

import dev.heddle.catalog.AppRecord;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.concurrent.ConcurrentHashMap;

/** The apps of the catalog as they are now. Thread-safe. */
final class Apps {
  private static final int MAX_CACHED = 1_024;

  private final CatalogClient catalog;
  private final ConcurrentHashMap<String, AppSpec> byDigest = new ConcurrentHashMap<>();

  Apps(CatalogClient catalog) {
    this.catalog = catalog;
  }

  /**
   * The app.
   *
   * @throws HeddleException UNKNOWN_APP
   */
  AppSpec get(String tenant, String name) {
    AppRecord app =
        catalog
            .known()
            .app(tenant, name)
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.UNKNOWN_APP, "app: " + name + " (expected: a deployed app)"));
    return spec(app);
  }

  /**
   * Whether an app of this name, of any tenant, names an origin: a preflight has no credentials.
   * The request itself is then held against its own tenant's.
   */
  boolean anyNames(String name, String origin) {
    for (AppRecord app : catalog.known().allApps()) {
      if (app.name().equals(name) && spec(app).origins().contains(origin)) {
        return true;
      }
    }
    return false;
  }

  /** Whether an app of the tenant says that only the newest message of a channel counts. */
  boolean latest(String tenant, String channel) {
    for (AppRecord app : catalog.known().apps(tenant)) {
      if (spec(app).channels().latest(channel)) {
        return true;
      }
    }
    return false;
  }

  private AppSpec spec(AppRecord app) {
    AppSpec known = byDigest.get(app.digest());
    if (known != null) {
      return known;
    }
    if (byDigest.size() >= MAX_CACHED) {
      byDigest.clear();
    }
    AppSpec parsed = AppYaml.parse(app.yaml());
    byDigest.put(app.digest(), parsed);
    return parsed;
  }
}
