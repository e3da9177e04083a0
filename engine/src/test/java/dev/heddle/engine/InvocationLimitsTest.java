package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static dev.heddle.process.testing.Eventually.eventually;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionKind;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.ref.WeakReference;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class InvocationLimitsTest {
  private final Workshop workshop = new Workshop(Workshop.config(4, 4, 2));
  private final FunctionRef echo = workshop.deploy(EchoFunction.JAR, "user.Echo");

  @AfterEach
  void close() {
    workshop.close();
    System.clearProperty("heddle.test.release");
  }

  private String run(String what) {
    return workshop.invoke(echo, "{\"do\":\"" + what + "\"}");
  }

  private static WeakReference<?> loader() {
    if (System.getProperties().remove("heddle.test.loader") instanceof WeakReference<?> loader) {
      return loader;
    }
    throw new AssertionError("the function left no loader");
  }

  @Test
  void leavesABlockedHandlerAtTheDeadline() {
    assertEquals("1", run("count"));
    fails(
        ErrorCode.DEADLINE_EXCEEDED,
        "function " + echo.label() + ": still ran at the deadline (expected: an answer by then)",
        () -> workshop.invoke(echo, "{\"do\":\"block\"}", Duration.ofSeconds(1)));
    // The thread obeyed its interrupt, and the instance was not reused.
    eventually("no stuck thread", () -> workshop.gauge("heddle.engine.threads.stuck") == 0);
    assertEquals("1", run("count"));
  }

  @Test
  void endsAtTheFunctionsOwnTimeout() {
    var brief = workshop.deploy(EchoFunction.JAR, "user.Echo", Duration.ofMillis(40));
    fails(
        ErrorCode.FUNCTION_TIMED_OUT,
        "function "
            + brief.label()
            + ": still ran after its timeout of 40ms (expected: an answer by then)",
        () -> workshop.invoke(brief, "{\"do\":\"block\"}"));
  }

  @Test
  void refusesAVersionWhoseThreadsDoNotStop() {
    var spin = "{\"do\":\"spin\"}";
    // Loaded, so that the deadlines pass while it runs.
    workshop.engine.load(echo);
    for (int i = 0; i < 2; i++) {
      fails(ErrorCode.DEADLINE_EXCEEDED, () -> workshop.invoke(echo, spin, Duration.ofSeconds(1)));
    }
    assertEquals(2, workshop.gauge("heddle.engine.threads.stuck"));
    fails(
        ErrorCode.OVERLOADED,
        "function "
            + echo.label()
            + ": 2 of its invocations do not stop after their deadline (expected: fewer than 2)",
        () -> run("echo"));
    var other = workshop.deploy(EchoFunction.JAR, "user.Echo", Duration.ofSeconds(59));
    assertEquals("7", workshop.invoke(other, "7"));
    // In use, it stays loaded although nobody wants it.
    workshop.engine.keepOnly(CatalogView.empty());
    assertEquals(1, workshop.gauge("heddle.engine.loaded.versions"));
    System.setProperty("heddle.test.release", "now");
    eventually("the threads came back", () -> workshop.gauge("heddle.engine.threads.stuck") == 0);
    eventually(
        "the version was unloaded", () -> workshop.gauge("heddle.engine.loaded.versions") == 0);
    assertEquals("1", run("count"));
  }

  private List<String> reports() {
    return workshop.logs.read("default", "fn", 100, Optional.of("i-1")).stream()
        .map(FunctionLogLine::text)
        .filter(text -> text.startsWith("REPORT "))
        .toList();
  }

  @Test
  void whatRunsOnAfterItsCallerLeftIsReportedWhenItEnds() {
    workshop.engine.load(echo);
    fails(
        ErrorCode.DEADLINE_EXCEEDED,
        () -> workshop.invoke(echo, "{\"do\":\"spin\"}", Duration.ofSeconds(1)));
    var first = reports();
    assertEquals(1, first.size(), first::toString);
    assertTrue(first.getFirst().endsWith(" outcome=DEADLINE_EXCEEDED complete=false"));
    System.setProperty("heddle.test.release", "now");
    eventually("it came back", () -> workshop.gauge("heddle.engine.threads.stuck") == 0);
    var both = reports();
    assertEquals(2, both.size(), both::toString);
    var rest = both.getLast();
    assertTrue(rest.endsWith(" outcome=ran-on"), rest);
    assertTrue(!rest.contains(" active=0ns") && !rest.contains(" cpu=0ns"), rest);
    assertTrue(!rest.contains(" charged=0MiB"), rest);
    assertEquals("1", run("count"));
    assertEquals(3, reports().size());
  }

  @Test
  void refusesWhatFindsNeitherThreadNorPlaceInTheQueue() throws Exception {
    try (var small = new Workshop(Workshop.config(1, 1, 2))) {
      var ref = small.deploy(EchoFunction.JAR, "user.Echo");
      var ends = new ArrayList<String>();
      var threads = new ArrayList<Thread>();
      for (int i = 0; i < 2; i++) {
        int number = i;
        threads.add(
            Thread.ofPlatform()
                .start(() -> {
                  try {
                    small.invoke(ref, "{\"do\":\"block\"}", Duration.ofSeconds(4));
                  } catch (HeddleException e) {
                    synchronized (ends) {
                      ends.add(String.valueOf(e.getMessage()).replaceAll(".*still", "still"));
                    }
                  }
                }));
        eventually(
            "one runs, one waits",
            () ->
                small.gauge("heddle.engine.threads.busy") == 1
                    && small.gauge("heddle.engine.threads.waiting") == number);
      }
      fails(ErrorCode.QUEUE_FULL, () -> small.invoke(ref, "1"));
      for (var thread : threads) {
        thread.join();
      }
      ends.sort(null);
      assertEquals(2, ends.size());
      assertTrue(ends.getFirst().startsWith("still ran"), ends.toString());
      assertEquals(0, small.gauge("heddle.engine.threads.waiting"));
    }
  }

  @Test
  void answersTenThousandEventsOnAFewThreads() throws Exception {
    try (var busy = new Workshop(Workshop.config(8, 64, 2))) {
      var ref = busy.deploy(EchoFunction.JAR, "user.Echo");
      Workshop.concurrently(
          64,
          10_000,
          number -> {
            assertEquals("" + number, busy.invoke(ref, "" + number));
            if (number % 50 == 0) {
              assertTrue(busy.gauge("heddle.engine.threads.busy") <= 8);
            }
          });
      assertEquals(1, busy.fetched.get());
    }
  }

  @Test
  void losesNoEventWhileVersionsAreSwapped() throws Exception {
    var versions = new ArrayList<FunctionRef>();
    for (int i = 0; i < 4; i++) {
      versions.add(workshop.deploy(EchoFunction.JAR, "user.Echo", Duration.ofSeconds(60 + i)));
    }
    Workshop.concurrently(
        4,
        1_000,
        number -> {
          assertEquals("7", workshop.invoke(versions.get(number / 100 % 4), "7"));
          if (number % 20 == 0) {
            workshop.engine.keepOnly(CatalogView.empty());
          }
        });
    workshop.engine.keepOnly(CatalogView.empty());
    eventually(
        "everything was unloaded", () -> workshop.gauge("heddle.engine.loaded.versions") == 0);
  }

  @Test
  void freesTheCodeOfAnUnloadedVersion() {
    assertEquals("null", run("leak"));
    var loader = loader();
    workshop.engine.keepOnly(CatalogView.empty());
    eventually(
        "the class loader is garbage",
        () -> {
          System.gc();
          return loader.get() == null;
        });
  }

  /** Knows the echo function, and has no other runtime. */
  private static Engine engine(JavaRuntime runtime, FunctionLogs logs) {
    return new Engine(
        EngineConfig.defaults(),
        digest -> EchoFunction.JAR,
        List.of(runtime),
        Map.of(),
        Platform.NONE,
        logs,
        Workshop.TICKER,
        new SimpleMeterRegistry(),
        "leaf");
  }

  @Test
  void refusesJavaWhereItIsOff() {
    var runtime = new JavaRuntime(ArchiveLimits.DEFAULTS, false, List.of());
    try (var logs = new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), Workshop.TICKER);
        var off = engine(runtime, logs)) {
      var late = Workshop.invocation(Duration.ofSeconds(10));
      fails(ErrorCode.FORBIDDEN, () -> off.invoke(echo, new byte[] {'1'}, late).json());
      fails(ErrorCode.FORBIDDEN, () -> off.scatter(echo, Workshop.request()));
      var code = Archive.read(EchoFunction.JAR, ArchiveLimits.DEFAULTS);
      var manifest = Manifest.parse("name: fn\nentry: user.Echo\n");
      fails(ErrorCode.FORBIDDEN, () -> off.check("default", code, manifest));
    }
  }

  @Test
  void runsJavaOfTheTenantsThatItTrusts() {
    var runtime = new JavaRuntime(ArchiveLimits.DEFAULTS, true, List.of("trusted", "default"));
    var other = new FunctionRef("other", echo.name(), echo.version());
    try (var logs = new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), Workshop.TICKER);
        var choosy = engine(runtime, logs)) {
      var time = Workshop.invocation(Duration.ofSeconds(60));
      assertEquals("7", new String(choosy.invoke(echo, new byte[] {'7'}, time).json(), UTF_8));
      fails(
          ErrorCode.FORBIDDEN,
          "function: "
              + other.label()
              + " needs the java runtime, which tenant other has not (expected: a tenant of"
              + " java-tenants)",
          () -> choosy.invoke(other, new byte[] {'7'}, time).json());
      fails(ErrorCode.FORBIDDEN, () -> choosy.scatter(other, Workshop.request()));
      var code = Archive.read(EchoFunction.JAR, ArchiveLimits.DEFAULTS);
      var manifest = Manifest.parse("name: fn\nentry: user.Echo\n");
      assertEquals(FunctionKind.HANDLER, choosy.check("trusted", code, manifest).kind());
      fails(ErrorCode.FORBIDDEN, () -> choosy.check("other", code, manifest));
    }
  }

  @Test
  void refusesEventsOnceItIsClosed() {
    assertEquals("1", run("count"));
    workshop.engine.close();
    fails(ErrorCode.UNAVAILABLE, () -> run("count"));
  }
}
