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
  FunctionRuntime forDeploy(String name) {
    var runtime = byName.get(name);
    if (runtime == null) {
      throw Refusals.refuse(
          ErrorCode.INVALID_FUNCTION,
          "runtime",
          name,
          byName.isEmpty() ? "none: no function can be deployed here" : known());
    }
    return runtime;
  }

  /** The runtime of a version that was deployed; another is this node's lack. */
  FunctionRuntime named(String name, String label) {
    var runtime = byName.get(name);
    if (runtime == null) {
      throw Refusals.refuse(
          ErrorCode.FORBIDDEN,
          "function",
          label + " needs the " + name + " runtime",
          byName.isEmpty() ? "a node that runs functions" : known());
    }
    return runtime;
  }

  private String known() {
    return String.join(" or ", byName.keySet());
  }
}
