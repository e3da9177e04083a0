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
  /** As heddle.yaml names them; lists and maps are for heddle.yaml alone. */
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
    var parameters = new QueryParameters(exchange, KEYS.toArray(String[]::new));
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
    boolean flags = given.size() > (name.isPresent() ? 1 : 0);
    if (!flags && zip(code)) {
      return new FunctionUpload(name.orElse(""), "", code);
    }
    if (!flags) {
      throw new HeddleException(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE,
          "body: not a zip archive (expected: a zip with heddle.yaml, or a file and ?runtime=…)");
    }
    return new FunctionUpload(name.orElse(""), yaml(given), code);
  }

  private static boolean zip(byte[] code) {
    return code.length > 3 && code[0] == 'P' && code[1] == 'K';
  }

  /** JSON is YAML, too. */
  private static String yaml(Map<String, String> given) {
    ObjectNode manifest = Json.object();
    given.forEach((key, value) -> {
      if (key.equals("concurrency") && value.matches("[0-9]{1,9}")) {
        manifest.put(key, Integer.parseInt(value));
      } else {
        manifest.put(key, value);
      }
    });
    return new String(Json.bytes(manifest), StandardCharsets.UTF_8);
  }
}
