package dev.heddle.engine;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.EventShape;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
          var engine = engine(code, logs)) {
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

  /** A version that was shipped with what it was compiled to. */
  private static FunctionRef shipped(String code, String compiled) {
    var version =
        new FunctionVersion(
            "0".repeat(64),
            digest(code),
            "scripted",
            "shipped",
            "",
            code.length(),
            Optional.of(digest(compiled)),
            compiled.length(),
            Duration.ofSeconds(30),
            DataSize.ofMiB(1),
            Map.of(),
            0,
            EventShape.JSON,
            List.of(),
            "",
            Instant.EPOCH);
    return new FunctionRef("default", "shipped", Optional.of(version));
  }

  private static String digest(String text) {
    return Digests.of(text.getBytes(StandardCharsets.UTF_8));
  }

  private static Engine engine(CodeSource code, FunctionLogs logs) {
    return new Engine(
        EngineConfig.defaults(),
        code,
        List.of(new ScriptedRuntime()),
        Map.of(),
        Platform.NONE,
        logs,
        Workshop.TICKER,
        new SimpleMeterRegistry(),
        "leaf");
  }

  private static InvocationResult invoke(CodeSource code, FunctionRef ref) {
    var logs = new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), Workshop.TICKER);
    try (logs;
        var engine = engine(code, logs)) {
      return engine.invoke(ref, new byte[] {'7'}, Workshop.invocation(Duration.ofSeconds(60)));
    }
  }

  @Test
  void codeAndWhatItWasCompiledToAreFetchedAtOnce() {
    var both = new CountDownLatch(2);
    CodeSource code =
        digest -> {
          both.countDown();
          try {
            if (!both.await(30, TimeUnit.SECONDS)) {
              throw new AssertionError("the other part is not asked for meanwhile");
            }
          } catch (InterruptedException e) {
            throw new AssertionError(e);
          }
          return (digest.equals(digest("code")) ? "code" : "compiled")
              .getBytes(StandardCharsets.UTF_8);
        };

    var result = invoke(code, shipped("code", "compiled"));

    assertEquals("7", new String(result.json(), StandardCharsets.UTF_8));
  }

  @Test
  void aVersionWhoseCompiledCodeCannotBeHadIsToldAsSuch() {
    CodeSource code =
        digest -> {
          if (digest.equals(digest("code"))) {
            return "code".getBytes(StandardCharsets.UTF_8);
          }
          throw new HeddleException(ErrorCode.UNAVAILABLE, "on no leaf (expected: on one)");
        };

    var result = invoke(code, shipped("code", "compiled"));

    if (!(result instanceof InvocationResult.Failed failed)) {
      throw new AssertionError("answered");
    }
    assertEquals(ErrorCode.UNAVAILABLE, failed.why().code());
  }

  /** It may be writing what it has got to the node's disk. */
  @Test
  void whatIsFetchedBesideCodeThatCannotBeHadIsLeftToEnd() throws Exception {
    var fetching = new CountDownLatch(1);
    var goOn = new CountDownLatch(1);
    var ended = new CompletableFuture<String>();
    CodeSource code =
        digest -> {
          try {
            if (digest.equals(digest("code"))) {
              fetching.await();
              throw new HeddleException(ErrorCode.UNAVAILABLE, "on no leaf (expected: on one)");
            }
            fetching.countDown();
            goOn.await();
            ended.complete("fetched");
          } catch (InterruptedException e) {
            ended.complete("interrupted");
          }
          return "compiled".getBytes(StandardCharsets.UTF_8);
        };

    var result = invoke(code, shipped("code", "compiled"));
    goOn.countDown();

    if (!(result instanceof InvocationResult.Failed failed)) {
      throw new AssertionError("answered");
    }
    assertEquals(ErrorCode.UNAVAILABLE, failed.why().code());
    assertEquals("fetched", ended.get(60, TimeUnit.SECONDS));
  }
}
