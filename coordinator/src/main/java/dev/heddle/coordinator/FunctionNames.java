package dev.heddle.coordinator;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.engine.FunctionRef;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/** Turns {@code name} and {@code name:alias} into the version that it names now. */
final class FunctionNames {
  private final Set<String> builtIns;

  FunctionNames(Set<String> builtIns) {
    this.builtIns = Set.copyOf(builtIns);
  }

  boolean reserved(String name) {
    return builtIns.contains(name);
  }

  FunctionRef builtIn(String tenant, String name) {
    return new FunctionRef(tenant, name, Optional.empty());
  }

  /** Throws UNKNOWN_FUNCTION, or INVALID_REQUEST for a function of the other kind. */
  FunctionRef resolve(CatalogView view, String tenant, String spoken, FunctionKind kind) {
    int colon = spoken.indexOf(':');
    String name = colon < 0 ? spoken : spoken.substring(0, colon);
    String alias = colon < 0 ? FunctionRecord.LATEST : spoken.substring(colon + 1);
    if (kind == FunctionKind.SCATTER && colon < 0 && builtIns.contains(name)) {
      return builtIn(tenant, name);
    }
    var record =
        view.function(tenant, name).orElseThrow(() -> unknown(spoken, "a deployed function"));
    if (record.kind() != kind) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "function: "
              + name
              + " is a "
              + record.kind().name().toLowerCase(Locale.ROOT)
              + " function (expected: a "
              + kind.name().toLowerCase(Locale.ROOT)
              + " function)");
    }
    String digest = record.aliases().get(alias);
    if (digest == null) {
      throw unknown(spoken, "an alias among " + record.aliases().keySet());
    }
    var version =
        record.version(digest).orElseThrow(() -> unknown(spoken, "an alias of a kept version"));
    return new FunctionRef(tenant, name, Optional.of(version));
  }

  private static HeddleException unknown(String spoken, String expected) {
    return new HeddleException(
        ErrorCode.UNKNOWN_FUNCTION, "function: " + spoken + " (expected: " + expected + ")");
  }
}
