package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Playwright;
import dev.heddle.gateway.GatewayFixture;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A browser's own WebSocket, which offers compression by itself. */
@Timeout(300)
class BrowserCompressionTest {
  private static final String APP =
      """
      name: echo
      routes:
        $default: {function: echo}
      compression: {above: 64B}
      """;
  private static final String SCRIPT =
      """
      async (path) => {
        const socket = new WebSocket('ws://' + location.host + path);
        await new Promise((resolve) => (socket.onopen = resolve));
        for (const length of [0, 1, 64, 65, 1000, 20000, 100000]) {
          const text = 'a text of which much comes again, é '.repeat(4000).slice(0, length);
          const heard = new Promise((resolve) => {
            socket.onmessage = (event) => resolve(event.data === text ? 'same' : 'other');
            socket.onclose = (event) => resolve('closed ' + event.code);
          });
          socket.send(text);
          const what = await heard;
          if (what !== 'same') {
            return length + ': ' + what;
          }
        }
        const closed = new Promise((resolve) => (socket.onclose = resolve));
        socket.close(1000);
        const end = await closed;
        return socket.extensions + ' ' + end.code + ' ' + end.wasClean;
      }
      """;

  @Test
  void itsMessagesComeBack(@TempDir Path directory) {
    Optional<Path> chromium = HeddleJsTest.chromium();
    assumeTrue(
        chromium.isPresent(), "no Chromium on the PATH (expected: chromium or google-chrome)");
    var options =
        new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"));
    var launch =
        new LaunchOptions()
            .setExecutablePath(chromium.get())
            .setArgs(List.of("--no-sandbox", "--disable-gpu", "--disable-background-networking"));
    try (var fixture = new GatewayFixture(directory).ready();
        var playwright = Playwright.create(options);
        var browser = playwright.chromium().launch(launch);
        var page = browser.newPage()) {
      fixture.app("echo", APP);
      fixture.coordinator.handlers.put("echo", Rfc6455Test::echo);
      page.navigate(fixture.uri("/healthz").toString());
      assertEquals(
          "permessage-deflate; server_no_context_takeover; client_no_context_takeover 1000 true",
          page.evaluate(SCRIPT, "/ws/echo"));
    }
  }
}
