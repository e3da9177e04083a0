package dev.heddle.engine;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * What {@code heddle.yaml} says of a function.
 *
 * @param runtime what runs it, such as {@code java}
 * @param kind empty: what the code is
 * @param entry what to run in the code, for java the class's binary name; empty: as the runtime has
 *     it
 * @param timeout of one invocation, 1ms..15m
 * @param memory the cap of one sandbox, by which invocations are billed, in whole MiB; the java
 *     runtime cannot enforce it
 * @param environment values by name
 * @param concurrency invocations at once on one leaf; 0: no limit of its own
 * @param event what a handler gets when called over HTTP
 * @param origins that browsers may call it from; empty: only the gateway's own
 * @param code path of what to run within the function's folder; empty: as the runtime has it
 */
public record Manifest(
    String name,
    String runtime,
    Optional<FunctionKind> kind,
    String entry,
    Duration timeout,
    DataSize memory,
    String description,
    Map<String, String> environment,
    int concurrency,
    EventShape event,
    List<String> origins,
    String code) {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration MAX_TIMEOUT = Duration.ofMinutes(15);
  private static final DataSize DEFAULT_MEMORY = DataSize.ofMiB(128);
  private static final DataSize MAX_MEMORY = DataSize.ofGiB(64);
  private static final long MIB = 1 << 20;

  /** In UTF-8: the records of twenty versions must fit one entry of the catalog. */
  private static final int MAX_BYTES = 10 << 10;

  private static final int MAX_DESCRIPTION = 1_000;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");
  private static final Pattern ENTRY = Pattern.compile("[\\w.$:/-]{0,500}");
  private static final Pattern PATH = Pattern.compile("(?!.*\\.\\.)[\\w][\\w./ -]{0,255}|");
  private static final String KEYS =
      "name, runtime, kind, entry, timeout, memory, description, environment, concurrency, event,"
          + " origins, code";

  public Manifest {
    environment = Collections.unmodifiableMap(new TreeMap<>(environment));
    origins = List.copyOf(origins);
  }

  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /**
   * Reads the text of {@code heddle.yaml}.
   *
   * @throws HeddleException INVALID_FUNCTION with all problems
   */
  public static Manifest parse(String yaml) {
    int bytes = yaml.getBytes(StandardCharsets.UTF_8).length;
    if (bytes > MAX_BYTES) {
      throw Refusals.refuse(
          ErrorCode.INVALID_FUNCTION, "heddle.yaml", bytes + " bytes", "at most " + MAX_BYTES);
    }
    JsonNode tree;
    try {
      tree = YAML.readTree(yaml);
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          "heddle.yaml: " + e.getOriginalMessage() + " (expected: YAML)",
          e);
    }
    if (!tree.isObject()) {
      throw Refusals.refuse(ErrorCode.INVALID_FUNCTION, "heddle.yaml", "not a map", "keys " + KEYS);
    }
    return new Reader(tree).manifest();
  }

  /** The digest that names this version: over what the manifest means, and the code. */
  public String version(byte[] content) {
    var digest = Digests.sha256();
    var canonical =
        List.of(
            name,
            runtime,
            kind.map(FunctionKind::name).orElse(""),
            entry,
            timeout.toString(),
            memory.toString(),
            description,
            environment.toString(),
            Integer.toString(concurrency),
            event.name(),
            origins.toString(),
            code);
    for (var part : canonical) {
      var bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
      digest.update(bytes);
    }
    digest.update(content);
    return HexFormat.of().formatHex(digest.digest());
  }

  /** Collects every problem, so that an author need not find them one by one. */
  private static final class Reader {
    private final JsonNode tree;
    private final List<String> problems = new ArrayList<>();

    Reader(JsonNode tree) {
      this.tree = tree;
    }

    Manifest manifest() {
      for (var key : tree.propertyNames()) {
        if (!List.of(KEYS.split(", ")).contains(key)) {
          problem(key, tree.get(key), "one of " + KEYS);
        }
      }
      var manifest =
          new Manifest(
              matching("name", "", NAME, "a-z, then up to 62 of a-z, 0-9 and -"),
              matching("runtime", "java", NAME, "a runtime such as java or wasm"),
              kind(),
              matching("entry", "", ENTRY, "a name such as com.example.MyFunction"),
              timeout(),
              memory(),
              description(),
              environment(),
              concurrency(),
              event(),
              origins(),
              matching("code", "", PATH, "a path within the folder, such as build/main.wasm"));
      if (!problems.isEmpty()) {
        throw new HeddleException(
            ErrorCode.INVALID_FUNCTION, "heddle.yaml: " + String.join("; ", problems));
      }
      return manifest;
    }

    private void problem(String key, Object value, String expected) {
      problems.add(key + ": " + value + " (expected: " + expected + ")");
    }

    private String text(String key, String otherwise) {
      var node = tree.get(key);
      if (node == null || node.isNull()) {
        return otherwise;
      }
      if (!node.isValueNode()) {
        problem(key, node, "plain text");
        return otherwise;
      }
      return node.asString();
    }

    private String matching(String key, String otherwise, Pattern form, String expected) {
      var text = text(key, otherwise);
      if (!form.matcher(text).matches()) {
        problem(key, text.isEmpty() ? "missing" : text, expected);
      }
      return text;
    }

    private Optional<FunctionKind> kind() {
      var kind = text("kind", "");
      return switch (kind) {
        case "" -> Optional.empty();
        case "handler" -> Optional.of(FunctionKind.HANDLER);
        case "scatter" -> Optional.of(FunctionKind.SCATTER);
        default -> {
          problem("kind", kind, "handler or scatter");
          yield Optional.empty();
        }
      };
    }

    private <T> T parsed(String key, T otherwise, Function<String, T> parse, String expected) {
      var text = text(key, "");
      if (text.isEmpty()) {
        return otherwise;
      }
      try {
        return parse.apply(text);
      } catch (IllegalArgumentException e) {
        problem(key, text, expected);
        return otherwise;
      }
    }

    private Duration timeout() {
      var expected = "1ms..15m";
      var timeout = parsed("timeout", DEFAULT_TIMEOUT, DurationFormat::parse, expected);
      if (timeout.compareTo(Duration.ofMillis(1)) < 0 || timeout.compareTo(MAX_TIMEOUT) > 0) {
        problem("timeout", DurationFormat.format(timeout), expected);
      }
      return timeout;
    }

    private DataSize memory() {
      var expected = "whole MiB, 1MiB.." + MAX_MEMORY;
      var memory = parsed("memory", DEFAULT_MEMORY, DataSize::parse, expected);
      boolean whole = memory.bytes() % MIB == 0 && memory.bytes() > 0;
      if (!whole || memory.compareTo(MAX_MEMORY) > 0) {
        problem("memory", memory, expected);
      }
      return memory;
    }

    private String description() {
      var description = text("description", "");
      if (description.length() > MAX_DESCRIPTION) {
        problem(
            "description",
            description.length() + " characters",
            "at most " + MAX_DESCRIPTION + " characters");
      }
      return description;
    }

    /**
     * Values as strings, so that what YAML takes for a number or a truth stays as it is written.
     */
    private Map<String, String> environment() {
      var node = tree.get("environment");
      var variables = new TreeMap<String, String>();
      if (node == null || node.isNull()) {
        return variables;
      }
      if (!node.isObject()) {
        problem("environment", node, "names with values");
        return variables;
      }
      for (var variable : node.properties()) {
        var value = variable.getValue();
        if (value.isString()) {
          variables.put(variable.getKey(), value.stringValue());
        } else {
          problem("environment." + variable.getKey(), value, "text, in quotes if need be");
        }
      }
      checked(() -> FunctionVersion.checkEnvironment(variables));
      return variables;
    }

    private int concurrency() {
      var node = tree.get("concurrency");
      int most = FunctionVersion.MOST_CONCURRENCY;
      if (node == null || node.isNull()) {
        return 0;
      }
      if (!node.isInt() || node.intValue() < 0 || node.intValue() > most) {
        problem("concurrency", node, "0.." + most);
        return 0;
      }
      return node.intValue();
    }

    private EventShape event() {
      var event = text("event", "json");
      return switch (event) {
        case "json" -> EventShape.JSON;
        case "http" -> EventShape.HTTP;
        default -> {
          problem("event", event, "json or http");
          yield EventShape.JSON;
        }
      };
    }

    private List<String> origins() {
      var node = tree.get("origins");
      if (node == null || node.isNull()) {
        return List.of();
      }
      var origins = new ArrayList<String>();
      if (node.isArray()) {
        node.forEach(origin -> origins.add(origin.isString() ? origin.stringValue() : "" + origin));
      } else {
        problem("origins", node, "a list of origins such as https://example.com");
      }
      checked(() -> FunctionVersion.checkOrigins(origins));
      return origins;
    }

    private void checked(Runnable check) {
      try {
        check.run();
      } catch (HeddleException e) {
        problems.add(e.getMessage());
      }
    }
  }
}
