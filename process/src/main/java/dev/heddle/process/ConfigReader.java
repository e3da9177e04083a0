package dev.heddle.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * Binds configuration to records: component {@code maxInboundMessage} is key {@code
 * max-inbound-message}, nested records are nested keys, and what is not named keeps the value of a
 * defaults instance. Every problem is reported, all at once; an unknown key is one.
 *
 * <p>Types: String, int, long, double, boolean, Duration, DataSize, HostPort, Path, enums (any
 * case, {@code -} for {@code _}), records, and List, Map with String keys, and Optional of those.
 * Records in lists, maps and optionals take their defaults from a static method {@code defaults()}
 * if they have one; else every component must be named, except Optional ones.
 */
public final class ConfigReader {
  private static final long LARGEST_FILE = 1 << 20;
  private static final YAMLMapper YAML =
      YAMLMapper.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

  private ConfigReader() {}

  /**
   * @throws HeddleException INVALID_REQUEST with all problems, one a line
   */
  public static <R extends Record> R read(JsonNode tree, R defaults) {
    return bind("config", tree, defaults);
  }

  /**
   * Reads a file; an empty one gives the defaults.
   *
   * @throws HeddleException INVALID_REQUEST with all problems, one a line
   */
  public static <R extends Record> R readYaml(Path file, R defaults) {
    JsonNode tree;
    try {
      if (Files.size(file) > LARGEST_FILE) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, "config " + file + ": too large (expected: <= 1MiB)");
      }
      tree = YAML.readTree(Files.readAllBytes(file));
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "config: " + file + " (expected: a readable file)", e);
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "config " + file + ": " + e.getOriginalMessage() + where(e) + " (expected: YAML)",
          e);
    }
    return bind("config " + file, tree, defaults);
  }

  private static <R extends Record> R bind(String source, JsonNode tree, R defaults) {
    List<String> problems = new ArrayList<>();
    RecordBinder binder = new RecordBinder(problems);
    @SuppressWarnings("unchecked")
    Class<R> type = (Class<R>) defaults.getClass();
    Object bound = binder.record("", tree, type, defaults);
    if (bound == null || !problems.isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, source + ":\n  " + String.join("\n  ", problems));
    }
    return type.cast(bound);
  }

  private static String where(JacksonException e) {
    return e.getLocation() == null
        ? ""
        : " at line " + e.getLocation().getLineNr() + ", column " + e.getLocation().getColumnNr();
  }
}
