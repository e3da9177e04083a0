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
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/** Turns {@code name} and {@code name:alias} into the version that it names now. */
final class FunctionNames {
  private final Set<String> builtIns;
  private final Supplier<RandomGenerator> random;

  /**
   * @param random decides between the two versions of an alias
   */
  FunctionNames(Set<String> builtIns, Supplier<RandomGenerator> random) {
    this.builtIns = Set.copyOf(builtIns);
    this.random = random;
  }

  boolean reserved(String name) {
    return builtIns.contains(name);
  }

  FunctionRef builtIn(String tenant, String name) {
    return new FunctionRef(tenant, name, Optional.empty());
  }

  /**
   * The version for one call.
   *
   * @param spoken {@code name}, {@code name:alias}, or {@code name:digest}
   * @throws HeddleException UNKNOWN_FUNCTION, or INVALID_REQUEST for a function of the other kind
   */
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
              + spoken(record.kind())
              + " (expected: a "
              + spoken(kind)
              + ")");
    }
    var version = record.choose(alias, random.get());
    if (version.isEmpty()) {
      throw unknown(spoken, "an alias among " + record.aliases().keySet() + ", or a version");
    }
    return new FunctionRef(tenant, name, version);
  }

  private static String spoken(FunctionKind kind) {
    return kind.name().toLowerCase(Locale.ROOT) + " function";
  }

  private static HeddleException unknown(String spoken, String expected) {
    return new HeddleException(
        ErrorCode.UNKNOWN_FUNCTION, "function: " + spoken + " (expected: " + expected + ")");
  }
}
