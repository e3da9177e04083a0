package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** How the gateway serves heddle.js. */
@Timeout(60)
class ClientLibraryTest {
  private static final int MOST_BYTES = 8 << 10;

  private static GatewayFixture fixture;

  @BeforeAll
  static void start(@TempDir Path directory) {
    fixture = new GatewayFixture(directory);
  }

  @AfterAll
  static void stop() {
    fixture.close();
  }

  private static HttpRequest.Builder get(String path, String encoding) {
    return fixture.request("GET", path, "").header("Accept-Encoding", encoding);
  }

  private static HttpResponse<byte[]> send(HttpRequest.Builder request) throws Exception {
    return fixture.client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private static String header(HttpResponse<?> response, String name) {
    return response.headers().firstValue(name).orElse("");
  }

  @Test
  void theClientIsSmall() throws Exception {
    var zipped = send(get("/heddle.js", "br, gzip;q=0.8"));
    assertEquals("gzip", header(zipped, "Content-Encoding"));
    assertTrue(zipped.body().length <= MOST_BYTES, () -> zipped.body().length + " bytes");
    byte[] plain;
    try (var in = new GZIPInputStream(new ByteArrayInputStream(zipped.body()))) {
      plain = in.readAllBytes();
    }
    for (String encoding : new String[] {"identity", "gzip;q=0", "x-gzip"}) {
      var whole = send(get("/heddle.js", encoding));
      assertEquals("", header(whole, "Content-Encoding"), encoding);
      assertArrayEquals(plain, whole.body(), encoding);
    }
  }

  @Test
  void pagesOfAnySiteLoadItAndAskAgainWhetherItChanged() throws Exception {
    for (String path : new String[] {"/heddle.js", "/heddle.d.ts"}) {
      var request = get(path, "identity").header("Origin", "https://elsewhere.example");
      var first = send(request);
      assertEquals(200, first.statusCode());
      assertEquals("*", header(first, "Access-Control-Allow-Origin"));
      assertEquals("cross-origin", header(first, "Cross-Origin-Resource-Policy"));
      assertEquals("no-cache", header(first, "Cache-Control"));
      assertEquals("nosniff", header(first, "X-Content-Type-Options"));
      String tag = header(first, "ETag");
      var again = send(get(path, "identity").header("If-None-Match", tag));
      assertEquals(304, again.statusCode());
      assertEquals(0, again.body().length);
      assertEquals(200, send(get(path, "gzip").header("If-None-Match", tag)).statusCode());
    }
    assertEquals(
        "text/javascript; charset=utf-8", header(send(get("/heddle.js", "gzip")), "Content-Type"));
    var listed = send(get("/heddle.js", "gzip").header("Origin", "https://app.example.org"));
    assertEquals("https://app.example.org", header(listed, "Access-Control-Allow-Origin"));
    assertEquals("Accept-Encoding, Origin", header(listed, "Vary"));
  }

  @Test
  void theTypesNameWhatTheScriptHas() throws Exception {
    String script = text("/heddle.js");
    String types = text("/heddle.d.ts");
    var exported =
        Pattern.compile("export (?:class|function) (\\w+)")
            .matcher(script)
            .results()
            .map(match -> match.group(1))
            .collect(Collectors.toSet());
    assertEquals(3, exported.size(), exported.toString());
    for (String name : exported) {
      assertTrue(Pattern.compile("export (class|function) " + name + "\\b").matcher(types).find());
    }
    int from = script.indexOf("DEFAULTS = {");
    String defaults = script.substring(from, script.indexOf("};", from));
    Pattern.compile("(?m)^  (\\w+):")
        .matcher(defaults)
        .results()
        .forEach(match -> assertTrue(types.contains("  " + match.group(1) + "?:"), match.group(1)));
  }

  private static String text(String path) throws Exception {
    return new String(send(get(path, "identity")).body(), StandardCharsets.UTF_8);
  }
}
