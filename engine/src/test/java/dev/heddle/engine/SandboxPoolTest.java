package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogView;
import dev.heddle.engine.EngineReport.WarmVersion;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.testing.ManualTicker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class SandboxPoolTest {
  private static final String EVENTS = "{\"do\":\"events\"}";
  private static final String BLOCK = "{\"do\":\"block\"}";

  private final ManualTicker ticker = new ManualTicker();
  private final ScriptedRuntime runtime = new ScriptedRuntime(ticker::advance);
  private final Workshop workshop = workshop(4, 4, 4);

  private Workshop workshop(int threads, int queue, int sandboxes) {
    var config = Workshop.config(threads, queue, 8, DataSize.ofMiB(64L * sandboxes));
    return new Workshop(config, Platform.NONE, ticker, runtime);
  }

  @AfterEach
  void close() {
    runtime.release();
    workshop.close();
  }

  private static FunctionRef deploy(Workshop workshop, String entry, int concurrency) {
    return workshop.deploy(
        "fn-" + entry,
        "scripted",
        entry.getBytes(StandardCharsets.UTF_8),
        entry,
        Duration.ofHours(1),
        DataSize.ofMiB(64),
        concurrency);
  }

  private FunctionRef deploy(String entry) {
    return deploy(workshop, entry, 0);
  }

  private String run(FunctionRef ref, String event) {
    return workshop.invoke(ref, event, ticker, Duration.ofHours(2));
  }

  private Thread blocked(Workshop where, FunctionRef ref) {
    return Thread.ofVirtual()
        .start(() -> {
          var _ = where.invoke(ref, BLOCK, ticker, Duration.ofHours(2));
        });
  }

  private void passes(Duration time) {
    ticker.advance(time);
    workshop.engine.sweep();
  }

  @Test
  void aWarmSandboxServesItsOwnVersionOnly() {
    var one = deploy("one");
    var other = deploy("other");
    assertEquals("1", run(one, EVENTS));
    assertEquals("2", run(one, EVENTS));
    assertEquals("1", run(other, EVENTS));
    assertEquals("3", run(one, EVENTS));
    assertEquals(2, runtime.rooms.size());
    var tenants =
        List.of(
            new WarmVersion("default", digest(one), 1),
            new WarmVersion("default", digest(other), 1));
    assertEquals(
        tenants.stream().sorted((a, b) -> a.version().compareTo(b.version())).toList(),
        workshop.engine.report().warm());
  }

  private static String digest(FunctionRef ref) {
    return ref.version().orElseThrow().digest();
  }

  @Test
  void aSandboxThatFailedIsNotUsedAgain() {
    var one = deploy("one");
    fails(ErrorCode.FUNCTION_FAILED, () -> run(one, "{\"do\":\"die\"}"));
    assertTrue(runtime.rooms.getFirst().destroyed);
    assertEquals("1", run(one, EVENTS));
    var fresh = deploy("fresh");
    assertEquals("1", run(fresh, EVENTS));
    assertEquals("1", run(fresh, EVENTS));
  }

  @Test
  void anIdleSandboxIsPausedAndThenEnds() {
    var one = deploy("one");
    assertEquals("1", run(one, EVENTS));
    var room = runtime.rooms.getFirst();
    passes(Duration.ofSeconds(9));
    assertFalse(room.paused);
    passes(Duration.ofSeconds(2));
    assertTrue(room.paused);
    assertEquals(1, workshop.gauge("heddle.engine.sandboxes.paused"));
    assertEquals(16 << 20, workshop.gauge("heddle.engine.sandboxes.bytes"));
    assertEquals("2", run(one, EVENTS));
    assertFalse(room.paused);
    assertEquals(64 << 20, workshop.gauge("heddle.engine.sandboxes.bytes"));
    passes(Duration.ofSeconds(11));
    assertEquals(2, room.pauses);
    passes(Duration.ofMinutes(5));
    assertTrue(room.destroyed);
    assertEquals(0, workshop.gauge("heddle.engine.sandboxes.bytes"));
    assertEquals("1", run(one, EVENTS));
  }

  @Test
  void thoseThatAreCheapToMakeAndLongIdleGoFirst() {
    var dear = deploy(ScriptedRuntime.SLOW);
    run(dear, EVENTS);
    var old = deploy("old");
    run(old, EVENTS);
    ticker.advance(Duration.ofMillis(10));
    run(deploy("young"), EVENTS);
    run(deploy("younger"), EVENTS);
    ticker.advance(Duration.ofMillis(1));
    assertEquals(4, runtime.alive().size());
    run(deploy("fifth"), EVENTS);
    assertEquals(
        List.of("slow", "young", "younger", "fifth"),
        runtime.alive().stream().map(room -> room.entry).toList());
    run(deploy("sixth"), EVENTS);
    assertEquals(
        List.of("slow", "younger", "fifth", "sixth"),
        runtime.alive().stream().map(room -> room.entry).toList());
    assertEquals(2, workshop.registry.get("heddle.engine.sandbox.evictions").counter().count());
  }

  @Test
  void pausedOnesGoBeforeOthers() {
    run(deploy(ScriptedRuntime.SLOW), EVENTS);
    passes(Duration.ofSeconds(11));
    assertTrue(runtime.rooms.getFirst().paused);
    for (var entry : List.of("a", "b", "c", "d")) {
      run(deploy(entry), EVENTS);
    }
    assertEquals(
        List.of("a", "b", "c", "d"), runtime.alive().stream().map(room -> room.entry).toList());
  }

  @Test
  void nothingIsEvictedForWhatWouldNotFitAnyway() throws Exception {
    run(deploy("idle"), EVENTS);
    var threads = List.of(blocked(workshop, deploy("a")), blocked(workshop, deploy("b")));
    eventually("they run", () -> runtime.inside.get() == 2);
    var large =
        workshop.deploy(
            "large",
            "scripted",
            new byte[] {1},
            "large",
            Duration.ofHours(1),
            DataSize.ofMiB(256),
            0);
    var waiting =
        Thread.ofVirtual()
            .start(() -> {
              var _ = workshop.invoke(large, EVENTS, ticker, Duration.ofHours(1));
            });
    eventually("it waits", () -> workshop.engine.report().queued() == 1);
    assertFalse(runtime.rooms.getFirst().destroyed);
    runtime.release();
    waiting.join();
    assertTrue(runtime.rooms.getFirst().destroyed);
    for (var thread : threads) {
      thread.join();
    }
  }

  @Test
  void anEventWaitsWhileAllMemoryIsAtWork() throws Exception {
    try (var small = workshop(4, 4, 1)) {
      var one = deploy(small, "one", 0);
      var other = deploy(small, "other", 0);
      var first = blocked(small, one);
      eventually("it runs", () -> runtime.inside.get() == 1);
      var second = blocked(small, other);
      eventually("it waits", () -> small.engine.report().queued() == 1);
      assertEquals(1, runtime.inside.get());
      runtime.release();
      first.join();
      second.join();
      assertEquals(1, runtime.mostInside.get());
      assertTrue(runtime.rooms.getFirst().destroyed);
      var large =
          small.deploy(
              "large",
              "scripted",
              new byte[] {1},
              "large",
              Duration.ofSeconds(1),
              DataSize.ofMiB(65),
              0);
      fails(
          ErrorCode.LIMIT_REACHED, () -> small.invoke(large, EVENTS, ticker, Duration.ofHours(1)));
    }
  }

  @Test
  void aFunctionHasNoMoreSandboxesThanItMay() throws Exception {
    var two = deploy(workshop, "two", 2);
    var threads = List.of(blocked(workshop, two), blocked(workshop, two), blocked(workshop, two));
    eventually("two run", () -> runtime.inside.get() == 2);
    eventually("one waits", () -> workshop.engine.report().queued() == 1);
    assertEquals("1", run(deploy("other"), EVENTS));
    runtime.release();
    for (var thread : threads) {
      thread.join();
    }
    assertEquals(2, runtime.rooms.stream().filter(room -> room.entry.equals("two")).count());
    assertEquals(3, runtime.mostInside.get());
  }

  @Test
  void aVersionThatIsNotWantedAnyMoreTakesItsSandboxesAlong() throws Exception {
    var one = deploy("one");
    run(one, EVENTS);
    var busy = blocked(workshop, one);
    eventually("it runs", () -> runtime.inside.get() == 1);
    workshop.engine.keepOnly(CatalogView.empty());
    assertFalse(runtime.rooms.getFirst().destroyed);
    runtime.release();
    busy.join();
    assertTrue(runtime.rooms.getFirst().destroyed);
    assertEquals(List.of(), workshop.engine.report().warm());
    assertEquals(0, workshop.gauge("heddle.engine.sandboxes.bytes"));
  }

  @Test
  void loadsCodeAheadOfItsFirstEvent() {
    var one = deploy("one");
    workshop.engine.load(one);
    assertEquals(
        List.of(new WarmVersion("default", digest(one), 0)), workshop.engine.report().warm());
    assertEquals(1, workshop.fetched.get());
    assertEquals("1", run(one, EVENTS));
    assertEquals(1, workshop.fetched.get());
  }

  @Test
  void refusesWithATimeToComeBackWhereTooMuchWaits() throws Exception {
    try (var small = workshop(1, 1, 4)) {
      var one = deploy(small, "one", 0);
      var first = blocked(small, one);
      eventually("it runs", () -> runtime.inside.get() == 1);
      var second = blocked(small, one);
      eventually("it waits", () -> small.engine.report().queued() == 1);
      var result =
          small.engine.invoke(
              one, new byte[] {'1'}, Workshop.invocation(ticker, Duration.ofHours(1), 0));
      if (!(result instanceof InvocationResult.Failed failed)) {
        throw new AssertionError("answered");
      }
      assertEquals(ErrorCode.QUEUE_FULL, failed.why().code());
      assertFalse(failed.started());
      assertTrue(failed.retryAfter().isPositive());
      runtime.release();
      first.join();
      second.join();
    }
  }

  @Test
  void theTimeToComeBackGoesByWhatRunsNotByWhatMightRun() throws Exception {
    // Of 64 threads the function may use one.
    try (var wide = workshop(64, 3, 4)) {
      var one = deploy(wide, "one", 1);
      assertEquals(
          "{\"do\":\"work\",\"millis\":16000}",
          wide.invoke(one, "{\"do\":\"work\",\"millis\":16000}", ticker, Duration.ofHours(2)));
      var callers = new ArrayList<Thread>();
      for (int i = 0; i < 4; i++) {
        int waiting = i;
        callers.add(blocked(wide, one));
        eventually(
            "one runs, the others wait",
            () -> runtime.inside.get() == 1 && wide.engine.report().queued() == waiting);
      }
      var result =
          wide.engine.invoke(
              one, new byte[] {'1'}, Workshop.invocation(ticker, Duration.ofHours(1), 0));
      if (!(result instanceof InvocationResult.Failed failed)) {
        throw new AssertionError("answered");
      }
      assertEquals(ErrorCode.QUEUE_FULL, failed.why().code());
      // A sixteenth of 16 s is what an event takes as far as anybody knows, and four are before it.
      assertTrue(
          failed.retryAfter().compareTo(Duration.ofSeconds(3)) > 0,
          () -> "retry after " + failed.retryAfter());
      runtime.release();
      for (var caller : callers) {
        caller.join();
      }
    }
  }
}
