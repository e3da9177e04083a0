package dev.heddle.coordinator;

import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a tenant's functions may take of the disks of all leaves. */
final class CodeQuota {
  private CodeQuota() {}

  /**
   * Several deploys at the same time may together go beyond, by what each of them brings.
   *
   * @param functions all that the tenant has
   * @param changed one of them as it would be, or a new one
   * @param most for the code of all kept versions and what was compiled from it; the same code
   *     counts once
   * @throws HeddleException LIMIT_REACHED
   */
  static void require(List<FunctionRecord> functions, FunctionRecord changed, DataSize most) {
    Map<String, Long> sizes = new HashMap<>();
    functions.stream()
        .filter(function -> !function.name().equals(changed.name()))
        .forEach(function -> add(function, sizes));
    add(changed, sizes);
    long bytes = sizes.values().stream().mapToLong(Long::longValue).sum();
    if (bytes > most.bytes()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "code of all functions: "
              + new DataSize(bytes)
              + " with this version (expected: at most "
              + most
              + "; delete functions that are not needed)");
    }
  }

  private static void add(FunctionRecord function, Map<String, Long> sizes) {
    for (FunctionVersion version : function.versions()) {
      sizes.put(version.blob(), version.codeBytes());
      version.compiled().ifPresent(compiled -> sizes.put(compiled, version.compiledBytes()));
    }
  }
}
