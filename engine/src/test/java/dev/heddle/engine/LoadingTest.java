package dev.heddle.engine;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class LoadingTest {
  private static FunctionRef deploy(Workshop workshop, String name) {
    return workshop.deploy(
        name,
        "scripted",
        name.getBytes(StandardCharsets.UTF_8),
        name,
        Duration.ofSeconds(30),
        DataSize.ofMiB(1),
        0);
  }

  @Test
  void manyFunctionsInTurnAreLoadedOnce() {
    try (var workshop =
        new Workshop(EngineConfig.defaults(), Platform.NONE, new ScriptedRuntime())) {
      for (int i = 0; i < 120; i++) {
        assertEquals("7", workshop.invoke(deploy(workshop, "f" + i % 40), "7"));
      }
      assertEquals(40, workshop.fetched.get());
    }
  }

  @Test
  void whoeverWaitsForCodeWaitsNoLongerThanItsDeadline() throws Exception {
    var asked = new AtomicInteger();
    var comes = new CountDownLatch(1);
    try (var shop = new Workshop(EngineConfig.defaults(), Platform.NONE, new ScriptedRuntime())) {
      var ref = deploy(shop, "slow");
      var logs = new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), Workshop.TICKER);
      CodeSource code =
          digest -> {
            asked.incrementAndGet();
            try {
              comes.await();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            return "slow".getBytes(StandardCharsets.UTF_8);
          };
      try (logs;
          var engine =
              new Engine(
                  EngineConfig.defaults(),
                  code,
                  List.of(new ScriptedRuntime()),
                  Map.of(),
                  Platform.NONE,
                  logs,
                  Workshop.TICKER,
                  new SimpleMeterRegistry(),
                  "leaf")) {
        byte[] event = {'7'};
        var patient =
            Thread.ofVirtual()
                .start(() -> {
                  var _ = engine.invoke(ref, event, Workshop.invocation(Duration.ofSeconds(50)));
                });
        eventually("the code is asked for", () -> asked.get() == 1);
        var late = engine.invoke(ref, event, Workshop.invocation(Duration.ofMillis(50)));
        if (!(late instanceof InvocationResult.Failed failed)) {
          throw new AssertionError("answered");
        }
        assertEquals(ErrorCode.DEADLINE_EXCEEDED, failed.why().code());
        comes.countDown();
        patient.join();
        var after = engine.invoke(ref, event, Workshop.invocation(Duration.ofSeconds(60)));
        assertEquals("7", new String(after.json(), StandardCharsets.UTF_8));
        assertEquals(1, asked.get());
      }
    }
  }
}
