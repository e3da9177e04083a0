package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What docs/http.md says holds. */
@Timeout(300)
class DocsTest {
  private static String docs() throws IOException {
    return Files.readString(Path.of("..", "docs", "http.md"));
  }

  @Test
  void namesEveryErrorWithItsNumberKindAndStatus() throws Exception {
    String docs = docs();
    for (ErrorCode code : ErrorCode.values()) {
      String row =
          "| "
              + code.number()
              + " | `"
              + code.name()
              + "` | "
              + code.kind()
              + " | "
              + EdgeErrors.httpStatus(code)
              + " | ";
      assertTrue(docs.contains(row), row);
    }
    int rows = docs.split("\n\\| [0-9]{4} \\| `", -1).length - 1;
    assertEquals(ErrorCode.values().length, rows, "rows of codes that are not there any more");
  }

  @Test
  void saysTheDefaultsOfTheLimits() throws Exception {
    String docs = docs();
    GatewayConfig config = GatewayConfig.defaults();
    HttpLimits limits = config.limits();
    Map<String, Object> defaults =
        Map.ofEntries(
            Map.entry("`limits.connections`", "20,000"),
            Map.entry("`limits.request-header`", limits.requestHeader()),
            Map.entry("`limits.query`", limits.query()),
            Map.entry("`limits.document`", limits.document()),
            Map.entry("`limits.bulk.lines`, `.bytes`", "1,000, " + limits.bulk().bytes()),
            Map.entry("`limits.bulk.window`", limits.bulk().window()),
            Map.entry("`limits.function`", limits.function()),
            Map.entry("`limits.head-timeout`", limits.headTimeout().toSeconds() + "s"),
            Map.entry("`limits.body-rate`", limits.bodyRate()),
            Map.entry("`limits.client.sockets`", "2,000"),
            Map.entry("`limits.client.connections`, `.user-connections`", "1,000, 100"),
            Map.entry("`limits.client.attempts`", limits.client().attempts()),
            Map.entry("`limits.client.frames`, `.bytes`", "5,000, " + limits.client().bytes()),
            Map.entry("`limits.idle-timeout`", "60s"),
            Map.entry("`web-socket.message`", config.webSocket().message()),
            Map.entry("`deadlines.query`, `.most-query`", "10s, 5m"),
            Map.entry(
                "`deadlines.invocation`", DurationFormat.format(config.deadlines().invocation())),
            Map.entry("`deadlines.batch`", DurationFormat.format(config.deadlines().batch())));
    defaults.forEach((key, value) -> {
      String row = "| " + key + " | " + value + " | ";
      assertTrue(docs.contains(row), row);
    });
  }

  @Test
  void showsTokensThatAreSome() throws Exception {
    var tokens = Pattern.compile("\\bAQ[A-Za-z0-9_-]{20,}").matcher(docs()).results().toList();
    assertFalse(tokens.isEmpty());
    tokens.forEach(token -> {
      PositionToken parsed = PositionToken.parse(token.group());
      assertEquals(token.group(), parsed.toString());
    });
  }
}
