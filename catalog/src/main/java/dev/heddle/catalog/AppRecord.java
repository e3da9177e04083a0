package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;

/**
 * An app that gateways serve. Stored under {@link CatalogKeys#app}.
 *
 * @param digest SHA-256 of the text, in hex
 * @param yaml app.yaml as its author wrote it, up to 256 KiB; the gateway reads it
 */
public record AppRecord(String tenant, String name, String digest, String yaml) {
  private static final int LONGEST = 256 << 10;

  public AppRecord {
    RequestContext.checkTenant(tenant);
    CatalogKeys.checkName("app", name);
    CatalogKeys.checkName("digest", digest);
    if (yaml.length() > LONGEST) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "app: " + yaml.length() + " characters (expected: <= " + LONGEST + ")");
    }
  }

  public String key() {
    return CatalogKeys.app(tenant, name);
  }
}
