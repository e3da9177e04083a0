package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The runtimes of a node, by name. */
final class Runtimes {
  private final Map<String, FunctionRuntime> byName = new TreeMap<>();

  Runtimes(List<FunctionRuntime> runtimes) {
    for (var runtime : runtimes) {
      if (byName.put(runtime.name(), runtime) != null) {
        throw new IllegalArgumentException(
            "runtime: " + runtime.name() + " twice (expected: each once)");
      }
    }
  }

  /** The runtime for code that is to be deployed; another is the author's mistake. */
  FunctionRuntime forDeploy(String name, String function, String tenant) {
    var runtime = byName.get(name);
    if (runtime == null) {
      throw Refusals.refuse(
          ErrorCode.INVALID_FUNCTION,
          "runtime",
          name,
          byName.isEmpty() ? "none: no function can be deployed here" : known());
    }
    return serving(runtime, function, tenant);
  }

  /** The runtime of a version that was deployed; another is this node's lack. */
  FunctionRuntime named(String name, String label, String tenant) {
    var runtime = byName.get(name);
    if (runtime == null) {
      throw Refusals.refuse(
          ErrorCode.FORBIDDEN,
          "function",
          label + " needs the " + name + " runtime",
          byName.isEmpty() ? "a node that runs functions" : known());
    }
    return serving(runtime, label, tenant);
  }

  private static FunctionRuntime serving(FunctionRuntime runtime, String label, String tenant) {
    if (!runtime.serves(tenant)) {
      throw Refusals.refuse(
          ErrorCode.FORBIDDEN,
          "function",
          label + " needs the " + runtime.name() + " runtime, which tenant " + tenant + " has not",
          "a tenant of " + runtime.name() + "-tenants");
    }
    return runtime;
  }

  private String known() {
    return String.join(" or ", byName.keySet());
  }
}
