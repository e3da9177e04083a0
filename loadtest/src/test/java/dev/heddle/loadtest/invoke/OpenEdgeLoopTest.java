package dev.heddle.loadtest.invoke;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.arrivals.Arrivals;
import dev.heddle.loadtest.arrivals.OpenLoop;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.testing.ScriptedServer;
import dev.heddle.loadtest.testing.ScriptedServer.Reply;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class OpenEdgeLoopTest {
  private static final long LENGTH = Duration.ofMillis(200).toNanos();
  private static final long LIMIT = Duration.ofSeconds(30).toNanos();
  private static final OpenLoop.Limits LIMITS = new OpenLoop.Limits(4, LENGTH, LIMIT);

  private final AtomicInteger called = new AtomicInteger();

  /** Runs some 100 arrivals against a server whose replies to all but the opening are scripted. */
  private OpenLoop.Outcome run(IntFunction<Reply> script, int failures, long limit)
      throws IOException {
    try (var server =
        new ScriptedServer(request ->
            request.path().equals("/open")
                ? new Reply.Json(200, "{}")
                : script.apply(called.getAndIncrement()))) {
      var address = new HostPort("127.0.0.1", server.port());
      var call = LoopRequest.post(address, "/run/x", "{}");
      var loop = new OpenEdgeLoop(address, call, "right", Ticker.system());
      var outcome =
          loop.run(
              4,
              LoopRequest.post(address, "/open", "{}"),
              () ->
                  new OpenLoop("x", Arrivals.steady(500), LIMITS, Ticker.system(), RequestLog.NONE),
              limit);
      assertEquals(failures, loop.failures().size(), loop.failures()::toString);
      return outcome;
    }
  }

  @Test
  void countsRightAnswersAndRefusals() throws IOException {
    var outcome =
        run(
            number ->
                switch (number % 4) {
                  case 0 -> new Reply.Json(429, "full");
                  case 1 -> new Reply.Json(503, "full");
                  default -> new Reply.Json(200, "{\"a\":\"right\"}");
                },
            0,
            LIMIT);

    assertEquals(100, outcome.arrived());
    assertEquals(100, called.get());
    assertEquals(50, outcome.refused().count());
    assertEquals(50, outcome.times().count());
    assertTrue(outcome.goodput() > 0);
  }

  @Test
  void wrongAnswersAndBrokenConnectionsHaveFailed() throws IOException {
    var outcome =
        run(
            number ->
                switch (number) {
                  case 10 -> new Reply.Json(200, "wrong");
                  case 20 -> new Reply.Json(500, "right");
                  case 30 -> new Reply.Drop();
                  default -> new Reply.Json(200, "right");
                },
            3,
            LIMIT);

    assertEquals(100, outcome.arrived());
    assertEquals(3, outcome.failed());
    assertEquals(97, outcome.times().count());
  }

  @Test
  void aServerThatNeverAnswersDoesNotHoldTheLoopForEver() throws IOException {
    var outcome = run(_ -> new Reply.Silence(), 20, LENGTH);

    assertEquals(100, outcome.arrived());
    assertEquals(100, outcome.failed());
  }
}
