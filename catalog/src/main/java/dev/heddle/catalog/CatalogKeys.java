package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;

/** The keys of the catalog's entries: {@code kind/tenant/name}, for nodes {@code node/name}. */
public final class CatalogKeys {
  static final String DATASET = "dataset/";
  static final String FUNCTION = "function/";
  static final String APP = "app/";
  static final String NODE = "node/";

  private static final int LONGEST_NAME = 128;

  private CatalogKeys() {}

  public static String dataset(String tenant, String name) {
    return DATASET + tenant + "/" + name;
  }

  public static String function(String tenant, String name) {
    return FUNCTION + tenant + "/" + name;
  }

  public static String app(String tenant, String name) {
    return APP + tenant + "/" + name;
  }

  public static String node(String node) {
    return NODE + node;
  }

  /** The key of a record of the catalog. */
  static String of(Object value) {
    return switch (value) {
      case DatasetRecord dataset -> dataset.key();
      case FunctionRecord function -> function.key();
      case AppRecord app -> app.key();
      case NodeRecord node -> node.key();
      default ->
          throw new IllegalArgumentException(
              "record: " + value.getClass().getName() + " (expected: a record of the catalog)");
    };
  }

  /**
   * Returns a valid name as it is: 1..128 letters, digits, {@code . _ -}, the first one a letter or
   * a digit.
   *
   * @param what for the message: dataset, function…
   * @throws HeddleException INVALID_REQUEST for anything else
   */
  public static String checkName(String what, String name) {
    boolean valid = !name.isEmpty() && name.length() <= LONGEST_NAME;
    for (int i = 0; valid && i < name.length(); i++) {
      char c = name.charAt(i);
      boolean alphanumeric =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
      valid = alphanumeric || (i > 0 && (c == '.' || c == '_' || c == '-'));
    }
    if (!valid) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          what
              + ": "
              + (name.length() > LONGEST_NAME ? name.substring(0, LONGEST_NAME) + "…" : name)
              + " (expected: 1..128 letters, digits, '.', '_', '-')");
    }
    return name;
  }

  /** Checks a key that came over the wire. */
  static String check(String key) {
    String[] parts = key.split("/", -1);
    boolean known =
        switch (parts[0]) {
          case "dataset", "function", "app" -> parts.length == 3;
          case "node" -> parts.length == 2;
          default -> false;
        };
    if (!known) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "key: " + key + " (expected: kind/tenant/name, or node/name)");
    }
    if (parts.length == 3) {
      RequestContext.checkTenant(parts[1]);
    }
    checkName("key", parts[parts.length - 1]);
    return key;
  }
}
