package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests that take longer than a connection may be idle. */
@Timeout(180)
class LongRequestsTest {
  private static final Duration IDLE = Duration.ofMillis(300);

  @TempDir private Path directory;

  private static GatewayConfig impatient(GatewayConfig config) {
    return GatewaySettings.of(config).idleTimeout(IDLE).config();
  }

  /** A connection on which nothing is asked tells when the time is over, and over once more. */
  private static void letIdleTimePass(int port) throws IOException {
    for (int i = 0; i < 3; i++) {
      try (Socket idle = new Socket(InetAddress.ofLiteral("127.0.0.1"), port)) {
        assertEquals(-1, idle.getInputStream().read(), "closed by the gateway");
      }
    }
  }

  @Test
  void areAnsweredHoweverLongTheConnectionWasIdle() throws Exception {
    try (var fixture =
        new GatewayFixture(directory, LongRequestsTest::impatient, Credentials.none()).ready()) {
      var answer =
          fixture.client.sendAsync(
              fixture.request("POST", "/v1/datasets/waits/query", "{\"deadline\":\"60s\"}").build(),
              HttpResponse.BodyHandlers.ofString());
      Eventually.eventually("asked", () -> !fixture.coordinator.queries.isEmpty());
      letIdleTimePass(fixture.gateway.httpPort());
      fixture.coordinator.go.countDown();
      assertEquals(200, answer.get(60, TimeUnit.SECONDS).statusCode());
    }
  }
}
