package dev.heddle.cli.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.heddle.cli.testing.TextFrames;
import java.net.CookieManager;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class FunctionSwapTest {
  private static final int CALLS = 1_000;
  private static final int CALLERS = 8;

  /** However fast the calls are, so often they are swapped under. */
  private static final int SWAPS = 3;

  @TempDir Path directory;

  @Test
  void aFunctionSwappedUnderAThousandCallsAndAnOpenSocketLosesNone() throws Exception {
    var one = Sources.greeter(Files.createDirectory(directory.resolve("v1")), "one");
    var two = Sources.greeter(Files.createDirectory(directory.resolve("v2")), "two");
    try (var cluster = new TestCluster(directory.resolve("cluster"), 2);
        var edge = new Edge(cluster.startGateway("gateway"), new CookieManager());
        var callers = Executors.newFixedThreadPool(CALLERS)) {
      Sources.deploy(cluster.grpc(), one);
      var app =
          edge.send(
              "PUT",
              "/v1/apps/greetings",
              "application/yaml",
              "name: greetings\nroutes:\n  greet: {function: greeter}\n");
      assertEquals(201, app.statusCode(), app.body());
      var frames = new TextFrames();
      var socket =
          edge.client()
              .newWebSocketBuilder()
              .buildAsync(edge.webSocket("greetings"), frames)
              .get(60, TimeUnit.SECONDS);

      var done = new AtomicInteger();
      var swaps = new AtomicInteger();
      List<Callable<List<String>>> work = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        work.add(() -> {
          List<String> wrong = new ArrayList<>();
          while (done.getAndIncrement() < CALLS || swaps.get() < SWAPS) {
            var response = edge.post("/run/greeter", "{}");
            if (response.statusCode() != 200 || !response.body().matches(".*(one|two).*")) {
              wrong.add(response.statusCode() + " " + response.body());
            }
          }
          return wrong;
        });
      }
      var running = work.stream().map(callers::submit).toList();
      int sent = 0;
      try {
        while (done.get() < CALLS || swaps.get() < SWAPS) {
          Sources.deploy(cluster.grpc(), swaps.get() % 2 == 0 ? two : one);
          swaps.incrementAndGet();
          socket.sendText("{\"action\":\"greet\"}", true).get(60, TimeUnit.SECONDS);
          sent++;
          String expected = swaps.get() % 2 == 0 ? "one" : "two";
          assertEquals(
              expected,
              frames.next(Duration.ofSeconds(60)).orElse("nothing"),
              "after swap " + swaps);
        }
      } finally {
        // The callers end, whatever went wrong here.
        swaps.addAndGet(SWAPS);
      }
      for (var caller : running) {
        assertEquals(List.of(), caller.get(60, TimeUnit.SECONDS));
      }
      assertEquals(sent, frames.received());
      assertFalse(frames.closed().isDone());
      socket.sendClose(WebSocket.NORMAL_CLOSURE, "").get(60, TimeUnit.SECONDS);
    }
  }
}
