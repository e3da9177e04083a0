package dev.heddle.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What heddle.yaml says of a function, said on the command line instead. */
final class FunctionOptions {
  @Option(names = "--name", paramLabel = "NAME", description = "The function's name.")
  private @Nullable String name;

  @Option(
      names = "--runtime",
      paramLabel = "RUNTIME",
      description = "java or wasm. Default for a single file: as its name ends.")
  private @Nullable String runtime;

  @Option(
      names = "--entry",
      paramLabel = "ENTRY",
      description = "What to run in the code; for java a class name.")
  private @Nullable String entry;

  @Option(names = "--kind", paramLabel = "KIND", description = "handler or scatter.")
  private @Nullable String kind;

  @Option(
      names = "--function-timeout",
      paramLabel = "DURATION",
      description = "Of one invocation, such as 500ms.")
  private @Nullable String timeout;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Cap of one sandbox, such as 64MiB.")
  private @Nullable String memory;

  @Option(
      names = "--concurrency",
      paramLabel = "N",
      description = "Invocations at once on one leaf; 0: no limit of its own.")
  private @Nullable Integer concurrency;

  @Option(
      names = "--env",
      paramLabel = "NAME=VALUE",
      description = "A variable of the environment; may be given again.")
  private Map<String, String> environment = new LinkedHashMap<>();

  @Option(
      names = "--event",
      paramLabel = "SHAPE",
      description = "What a handler gets when called over HTTP: json or http.")
  private @Nullable String event;

  @Option(
      names = "--origin",
      paramLabel = "ORIGIN",
      description = "A site whose pages may call it, or * alone; may be given again.")
  private List<String> origins = List.of();

  /** Those that were given, by the keys of heddle.yaml. */
  Map<String, Object> given() {
    Map<String, Object> given = new LinkedHashMap<>();
    put(given, "name", name);
    put(given, "runtime", runtime);
    put(given, "entry", entry);
    put(given, "kind", kind);
    put(given, "timeout", timeout);
    put(given, "memory", memory);
    put(given, "concurrency", concurrency);
    put(given, "event", event);
    if (!environment.isEmpty()) {
      given.put("environment", environment);
    }
    if (!origins.isEmpty()) {
      given.put("origins", origins);
    }
    return given;
  }

  private static void put(Map<String, Object> given, String key, @Nullable Object value) {
    if (value != null) {
      given.put(key, value);
    }
  }
}
