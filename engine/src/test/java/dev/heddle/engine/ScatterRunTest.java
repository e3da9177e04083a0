package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogView;
import dev.heddle.function.Coverage;
import dev.heddle.function.Shard.FieldKind;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualTicker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class ScatterRunTest {
  /** Counts documents; misbehaves in the step that the arguments name. */
  private static final String COUNTER =
      """
      public class Counter implements ScatterFunction<JsonObject, Object> {
        private String wrong = "";
        private String how = "";
        private void step(String name) {
          if (!name.equals(wrong)) return;
          switch (how) {
            case "throw" -> throw new IllegalStateException("broken");
            case "overflow" -> step(name);
            case "memory" -> throw new OutOfMemoryError("made up");
            case "rude" -> throw new RuntimeException() {
              public String toString() { throw new Error("no"); }
            };
            case "bad" -> throw new BadRequestException("size: 9 (expected: 3)");
            default -> {}
          }
        }
        private <T> T step(String name, T value) {
          step(name);
          return name.equals(wrong) && how.equals("null") ? null : value;
        }
        public JsonObject prepare(ScatterRequest request) {
          wrong = request.args().string("wrong", "");
          how = request.args().string("how", "throw");
          return step("prepare", request.args());
        }
        public Object leaf(JsonObject query, Shard shard) {
          if (wrong.equals("type")) return "text";
          return step("leaf", shard.count(new Query.All()));
        }
        public Object merge(Object a, Object b) { return step("merge", (Long) a + (Long) b); }
        public Object complete(JsonObject query, Object partial) { return step("complete", partial); }
        public Object finish(JsonObject query, Object partial, Coverage coverage) {
          if (wrong.equals("result")) return new Object();
          if (wrong.equals("large")) return "x".repeat(100_000);
          return step("finish", partial == null ? 0L : partial);
        }
        public Codec<Object> codec() {
          return step("codec", new Codec<Object>() {
            public void write(Object partial, java.io.DataOutput out) throws java.io.IOException {
              step("encode");
              if (wrong.equals("huge")) {
                while (true) try { out.writeLong(1); } catch (java.io.IOException e) { return; }
              }
              out.writeLong((Long) partial);
            }
            public Object read(java.io.DataInput in) throws java.io.IOException {
              return step("decode", in.readLong());
            }
          });
        }
        public java.util.OptionalLong weight(Object partial) {
          if (wrong.equals("weight")) {
            return switch (how) {
              case "null" -> null;
              case "negative" -> java.util.OptionalLong.of(-1);
              case "endless" -> java.util.OptionalLong.of(Long.MAX_VALUE);
              default -> java.util.OptionalLong.empty();
            };
          }
          return java.util.OptionalLong.of(24);
        }
        public java.util.Set<Law> laws() { return java.util.Set.of(Law.COMMUTATIVE); }
      }
      """;

  private static final byte[] JAR = Jars.of(COUNTER);
  private static final Coverage COVERAGE = new Coverage(3, 3, 3, 2, 0, 2, List.of());

  private final Workshop workshop = new Workshop(Workshop.config(4, 4, 1));
  private final FunctionRef counter = workshop.deploy(JAR, "user.Counter");

  @AfterEach
  void close() {
    workshop.close();
  }

  private static InMemoryShard shard(int number, int documents) {
    var builder = InMemoryShard.builder("d", number).field("n", FieldKind.LONG);
    for (int i = 0; i < documents; i++) {
      builder.document("d" + i, Map.of("n", i));
    }
    return builder.build();
  }

  private String count(FunctionRef ref, Map<String, Object> args) {
    byte[] sent;
    try (var leaf = workshop.engine.scatter(ref, Workshop.request(args))) {
      sent = leaf.encode(leaf.complete(leaf.merge(leaf.leaf(shard(0, 2)), leaf.leaf(shard(1, 3)))));
    }
    try (var root = workshop.engine.scatter(ref, Workshop.request(args))) {
      assertTrue(root.commutative());
      var finished = root.finishJson(root.decode(sent), COVERAGE);
      return new String(finished, StandardCharsets.UTF_8);
    }
  }

  private void breaks(String step, String what, Map<String, Object> args) {
    breaks(ErrorCode.FUNCTION_FAILED, step, what, args);
  }

  private void breaks(ErrorCode code, String step, String what, Map<String, Object> args) {
    fails(
        code,
        "function " + counter.label() + ": " + step + " failed: " + what,
        () -> count(counter, args));
  }

  @Test
  void runsOverShardsAndNodes() {
    assertEquals("5", count(counter, Map.of()));
    assertEquals(1, workshop.fetched.get());
    assertTrue(counter.label().matches("fn@[0-9a-f]{8}"));
    try (var root = workshop.engine.scatter(counter, Workshop.request())) {
      assertEquals(0L, root.finish(null, COVERAGE));
    }
  }

  @Test
  void namesTheStepThatThrew() {
    for (var step : List.of("prepare", "leaf", "complete", "encode", "decode")) {
      breaks(step, "java.lang.IllegalStateException: broken", Map.of("wrong", step));
    }
    for (var step : List.of("merge", "finish")) {
      breaks(
          ErrorCode.FUNCTION_MERGE_FAILED,
          step,
          "java.lang.IllegalStateException: broken",
          Map.of("wrong", step));
    }
    breaks("encode", "java.lang.IllegalStateException: broken", Map.of("wrong", "codec"));
  }

  private Partial decoded(Map<String, Object> args) {
    byte[] sent;
    try (var leaf = workshop.engine.scatter(counter, Workshop.request(args))) {
      sent = leaf.encode(leaf.leaf(shard(0, 2)));
    }
    try (var root = workshop.engine.scatter(counter, Workshop.request(args))) {
      root.weigh();
      return root.decode(sent);
    }
  }

  @Test
  void partialsWeighWhatTheirFunctionSaysIfThatCanBe() {
    assertEquals(OptionalLong.of(24), decoded(Map.of()).weight());
    assertEquals(
        OptionalLong.empty(), decoded(Map.of("wrong", "weight", "how", "silent")).weight());
    for (var how : List.of("null", "negative", "endless")) {
      var args = Map.<String, Object>of("wrong", "weight", "how", how);
      var failure = assertThrows(HeddleException.class, () -> decoded(args));
      assertEquals(ErrorCode.FUNCTION_FAILED, failure.code());
      assertTrue(failure.getMessage().contains("decode failed: weight() returned "), how);
    }
  }

  @Test
  void survivesErrorsOfUserCode() {
    breaks(
        ErrorCode.FUNCTION_MERGE_FAILED,
        "merge",
        "java.lang.StackOverflowError",
        Map.of("wrong", "merge", "how", "overflow"));
    breaks(
        ErrorCode.FUNCTION_MEMORY_EXCEEDED,
        "leaf",
        "java.lang.OutOfMemoryError: made up",
        Map.of("wrong", "leaf", "how", "memory"));
    breaks("leaf", "user.Counter$1", Map.of("wrong", "leaf", "how", "rude"));
  }

  @Test
  void refusesNothingWhereAPartialIsDue() {
    for (var step : List.of("leaf", "merge", "complete", "decode")) {
      breaks(
          step.equals("merge") ? ErrorCode.FUNCTION_MERGE_FAILED : ErrorCode.FUNCTION_FAILED,
          step,
          "it returned null (expected: a partial)",
          Map.of("wrong", step, "how", "null"));
    }
    breaks(
        "prepare",
        "it returned null (expected: a prepared query)",
        Map.of("wrong", "prepare", "how", "null"));
    breaks(
        "encode",
        "java.io.IOException: codec() returned null (expected: a codec)",
        Map.of("wrong", "codec", "how", "null"));
  }

  @Test
  void blamesTheMergeForPartialsOfAnotherType() {
    var failure =
        fails(ErrorCode.FUNCTION_MERGE_FAILED, () -> count(counter, Map.of("wrong", "type")));
    assertTrue(
        failure.getMessage().contains(": merge failed: java.lang.ClassCastException"),
        failure.toString());
  }

  @Test
  void refusesBytesThatAreNoPartial() {
    try (var run = workshop.engine.scatter(counter, Workshop.request())) {
      fails(ErrorCode.FUNCTION_FAILED, () -> run.decode(new byte[3]));
      fails(
          ErrorCode.FUNCTION_FAILED,
          "function "
              + counter.label()
              + ": decode failed: 1 bytes left over (expected: all to be read)",
          () -> run.decode(new byte[9]));
    }
  }

  @Test
  void boundsWhatAFunctionMakes() {
    fails(
        ErrorCode.FUNCTION_RESULT_TOO_LARGE,
        "function "
            + counter.label()
            + ": partial larger than 64KiB (expected: at most that; ask for fewer or smaller hits)",
        () -> count(counter, Map.of("wrong", "huge")));
    fails(
        ErrorCode.FUNCTION_RESULT_TOO_LARGE,
        "function "
            + counter.label()
            + ": result larger than 64KiB (expected: at most that; ask for fewer or smaller hits)",
        () -> count(counter, Map.of("wrong", "large")));
    breaks(
        ErrorCode.FUNCTION_RESULT_INVALID,
        "result",
        "java.lang.IllegalArgumentException: value: java.lang.Object (expected: a JSON value)",
        Map.of("wrong", "result"));
  }

  @Test
  void passesOnWhatTheFunctionRefuses() {
    for (var step : List.of("prepare", "leaf", "merge")) {
      fails(
          ErrorCode.INVALID_REQUEST,
          "size: 9 (expected: 3)",
          () -> count(counter, Map.of("wrong", step, "how", "bad")));
    }
  }

  @Test
  void tellsLatenessFromCancellation() {
    var ticker = new ManualTicker();
    var runtimes =
        List.<FunctionRuntime>of(new JavaRuntime(ArchiveLimits.DEFAULTS, true, List.of()));
    try (var logs = new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), ticker);
        var engine =
            new Engine(
                EngineConfig.defaults(),
                digest -> JAR,
                runtimes,
                Map.of(),
                Platform.NONE,
                logs,
                ticker,
                new SimpleMeterRegistry(),
                "leaf")) {
      var stopped = new AtomicBoolean();
      var shard =
          InMemoryShard.builder("d", 0)
              .field("n", FieldKind.LONG)
              .stopped(stopped::get)
              .document("a", Map.of("n", 1))
              .build();
      var deadline = Deadline.after(Duration.ofSeconds(1), ticker);
      stopped.set(true);
      try (var run = engine.scatter(counter, Workshop.request(), deadline, QueryOrigin.NONE)) {
        fails(ErrorCode.CANCELLED, () -> run.leaf(shard));
        ticker.advance(Duration.ofSeconds(2));
        fails(ErrorCode.DEADLINE_EXCEEDED, () -> run.leaf(shard));
      }
    }
  }

  @Test
  void refusesUnknownNames() {
    fails(
        ErrorCode.UNKNOWN_FUNCTION,
        () -> workshop.engine.scatter(FunctionRef.builtIn("default", "nope"), Workshop.request()));
  }

  @Test
  void namesTheVersionWhoseCodeDoesNotLoad() {
    var broken = workshop.deploy("no jar".getBytes(StandardCharsets.UTF_8), "user.Counter");
    fails(
        ErrorCode.FUNCTION_FAILED,
        "function "
            + broken.label()
            + ": load failed: code: not a zip archive (expected: a zip archive or jar)",
        () -> workshop.engine.scatter(broken, Workshop.request()));
    var lacking = workshop.deploy(JAR, "user.Counters");
    fails(
        ErrorCode.FUNCTION_FAILED,
        "function "
            + lacking.label()
            + ": load failed: entry: no such class user.Counters (expected: a class of the jar:"
            + " user.Counter)",
        () -> workshop.engine.scatter(lacking, Workshop.request()));
    assertEquals(0, workshop.gauge("heddle.engine.loaded.versions"));
  }

  @Test
  void losesNoRunWhileVersionsAreSwapped() throws Exception {
    var other = workshop.deploy(JAR, "user.Counter", Duration.ofSeconds(7));
    var third = workshop.deploy(JAR, "user.Counter", Duration.ofSeconds(8));
    var versions = List.of(counter, other, third);
    Workshop.concurrently(
        4,
        600,
        number -> {
          assertEquals("5", count(versions.get(number / 50 % 3), Map.of()));
          if (number % 10 == 0) {
            workshop.engine.keepOnly(CatalogView.empty());
          }
        });
    workshop.engine.keepOnly(CatalogView.empty());
    assertEquals(0, workshop.gauge("heddle.engine.loaded.versions"));
  }

  @Test
  void closesAnUnwantedVersionWithItsLastRun() {
    var run = workshop.engine.scatter(counter, Workshop.request());
    workshop.engine.keepOnly(CatalogView.empty());
    assertEquals(1, workshop.gauge("heddle.engine.loaded.versions"));
    assertEquals(2L, run.finish(run.leaf(shard(0, 2)), COVERAGE));
    run.close();
    run.close();
    assertEquals(0, workshop.gauge("heddle.engine.loaded.versions"));
    assertEquals(1, workshop.registry.get("heddle.engine.unloads").counter().count());
  }

  @Test
  void keepsAFewIdleVersions() {
    assertEquals("5", count(counter, Map.of()));
    assertEquals("5", count(counter, Map.of()));
    assertEquals(1, workshop.fetched.get());
    var other = workshop.deploy(JAR, "user.Counter", Duration.ofSeconds(7));
    assertEquals("5", count(other, Map.of()));
    assertEquals(1, workshop.gauge("heddle.engine.loaded.versions"));
    assertThrows(IllegalArgumentException.class, () -> Workshop.config(0, 1, 1));
  }
}
