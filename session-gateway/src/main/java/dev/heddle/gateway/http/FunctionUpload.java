package dev.heddle.gateway.http;

import dev.heddle.json.Json;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.node.ObjectNode;

/**
 * What is deployed over HTTP: the zip of a folder with {@code heddle.yaml} in its root, or a single
 * file whose manifest stands behind the question mark.
 *
 * @param name what the manifest has to say; empty: whatever it says
 * @param manifest empty: the archive holds it
 */
record FunctionUpload(String name, String manifest, byte[] code) {
  /** {@code NAME=value} of the environment, again for each. */
  private static final String ENV = "env";

  /** One of the origins, again for each. */
  private static final String ORIGIN = "origin";

  /** As heddle.yaml names them. */
  private static final List<String> KEYS =
      List.of(
          "name",
          "runtime",
          "kind",
          "entry",
          "timeout",
          "memory",
          "description",
          "concurrency",
          "event");

  /**
   * Reads the request.
   *
   * @param name that the path names; empty: the manifest's
   * @throws HeddleException UNSUPPORTED_MEDIA_TYPE, INVALID_REQUEST or TOO_LARGE
   */
  static FunctionUpload read(Exchange exchange, Optional<String> name, DataSize limit)
      throws IOException {
    var parameters = new QueryParameters(exchange, List.of(ENV, ORIGIN), KEYS);
    byte[] code = exchange.body(limit);
    Map<String, String> given = new LinkedHashMap<>();
    name.ifPresent(value -> given.put("name", value));
    for (String key : KEYS) {
      var value = parameters.text(key);
      if (value.isPresent() && given.put(key, value.get()) != null) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, key + ": given twice (expected: in the path alone)");
      }
    }
    var environment = environment(parameters.all(ENV));
    var origins = parameters.all(ORIGIN);
    boolean flags =
        given.size() > (name.isPresent() ? 1 : 0) || !environment.isEmpty() || !origins.isEmpty();
    if (!flags && zip(code)) {
      return new FunctionUpload(name.orElse(""), "", code);
    }
    if (!flags) {
      throw new HeddleException(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE,
          "body: not a zip archive (expected: a zip with heddle.yaml, or a file and ?runtime=…)");
    }
    return new FunctionUpload(name.orElse(""), yaml(given, environment, origins), code);
  }

  private static boolean zip(byte[] code) {
    return code.length > 3 && code[0] == 'P' && code[1] == 'K';
  }

  private static Map<String, String> environment(List<String> variables) {
    Map<String, String> environment = new LinkedHashMap<>();
    for (String variable : variables) {
      int equals = variable.indexOf('=');
      if (equals < 1) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, ENV + ": " + variable + " (expected: NAME=value)");
      }
      String name = variable.substring(0, equals);
      if (environment.put(name, variable.substring(equals + 1)) != null) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST, ENV + ": " + name + " given twice (expected: once)");
      }
    }
    return environment;
  }

  /** JSON is YAML, too. */
  private static String yaml(
      Map<String, String> given, Map<String, String> environment, List<String> origins) {
    ObjectNode manifest = Json.object();
    given.forEach((key, value) -> {
      if (key.equals("concurrency") && value.matches("[0-9]{1,9}")) {
        manifest.put(key, Integer.parseInt(value));
      } else {
        manifest.put(key, value);
      }
    });
    if (!environment.isEmpty()) {
      environment.forEach(manifest.putObject("environment")::put);
    }
    if (!origins.isEmpty()) {
      origins.forEach(manifest.putArray("origins")::add);
    }
    return new String(Json.bytes(manifest), StandardCharsets.UTF_8);
  }
}
