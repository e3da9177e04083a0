package dev.heddle.engine;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * What {@code heddle.yaml} says of a function.
 *
 * @param kind empty: what the entry class implements
 * @param entry the class's binary name
 * @param timeout of one invocation, 1ms..15m
 * @param memory the cap by which invocations are billed; the java runtime cannot enforce it
 */
public record Manifest(
    String name,
    String runtime,
    Optional<FunctionKind> kind,
    String entry,
    Duration timeout,
    DataSize memory,
    String description) {
  private static final Duration DEFAULT_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration MAX_TIMEOUT = Duration.ofMinutes(15);
  private static final DataSize DEFAULT_MEMORY = DataSize.ofMiB(128);
  private static final DataSize MAX_MEMORY = DataSize.ofGiB(64);
  private static final int MAX_TEXT = 64 * 1024;
  private static final int MAX_DESCRIPTION = 1_000;

  private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]{0,62}");
  private static final Pattern CLASS = Pattern.compile("[A-Za-z_$][\\w$]*(\\.[A-Za-z_$][\\w$]*)*");
  private static final String KEYS = "name, runtime, kind, entry, timeout, memory, description";

  /** Keys of the format that this version does not act upon: better refused than ignored. */
  private static final Map<String, String> LATER =
      Map.of(
          "environment", "not to be there: functions have no environment variables yet",
          "event", "not to be there: handlers get the JSON body as their event");

  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  /**
   * Reads the text of {@code heddle.yaml}.
   *
   * @throws HeddleException INVALID_FUNCTION with all problems
   */
  public static Manifest parse(String yaml) {
    if (yaml.length() > MAX_TEXT) {
      throw Refusals.refuse(
          ErrorCode.INVALID_FUNCTION,
          "heddle.yaml",
          yaml.length() + " characters",
          "at most " + MAX_TEXT);
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
  public String version(byte[] code) {
    var digest = Digests.sha256();
    var canonical =
        List.of(
            name,
            runtime,
            kind.map(FunctionKind::name).orElse(""),
            entry,
            timeout.toString(),
            memory.toString(),
            description);
    for (var part : canonical) {
      var bytes = part.getBytes(StandardCharsets.UTF_8);
      digest.update((bytes.length + ":").getBytes(StandardCharsets.UTF_8));
      digest.update(bytes);
    }
    digest.update(code);
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
        if (LATER.containsKey(key)) {
          problem(key, tree.get(key), LATER.get(key));
        } else if (!List.of(KEYS.split(", ")).contains(key)) {
          problem(key, tree.get(key), "one of " + KEYS);
        }
      }
      var manifest =
          new Manifest(
              matching("name", "", NAME, "a-z, then up to 62 of a-z, 0-9 and -"),
              runtime(),
              kind(),
              matching("entry", "", CLASS, "a class name such as com.example.MyFunction"),
              timeout(),
              memory(),
              description());
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

    private String runtime() {
      var runtime = text("runtime", "java");
      if (!runtime.equals("java")) {
        problem("runtime", runtime, "java; there is no other one yet");
      }
      return runtime;
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
      var expected = "1MiB.." + MAX_MEMORY;
      var memory = parsed("memory", DEFAULT_MEMORY, DataSize::parse, expected);
      if (memory.compareTo(DataSize.ofMiB(1)) < 0 || memory.compareTo(MAX_MEMORY) > 0) {
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
  }
}
