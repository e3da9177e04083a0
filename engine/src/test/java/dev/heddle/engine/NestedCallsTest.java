package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.function.JsonObject;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Functions that call functions on one full node: every call is the platform's, to this engine. */
@Timeout(300)
final class NestedCallsTest {
  private static final byte[] NESTS =
      Jars.of(
          """
          public class Nests implements Handler {
            public Object handle(Event event, Context context) {
              long levels = (Long) event.json();
              if (levels == 0) return 0L;
              return 1 + (Long) context.invoke("nests", levels - 1);
            }
          }
          """);

  private final AtomicReference<@Nullable FunctionRef> nests = new AtomicReference<>();
  private @Nullable Workshop workshop;

  @AfterEach
  void close() {
    if (workshop != null) {
      workshop.close();
    }
  }

  private Workshop start(int threads, DataSize memory, int concurrency) {
    var started = new Workshop(Workshop.config(threads, 200, 8, memory), this::answer);
    workshop = started;
    nests.set(
        started.deploy(
            "nests",
            "java",
            NESTS,
            "user.Nests",
            Duration.ofSeconds(60),
            DataSize.ofMiB(1),
            concurrency));
    return started;
  }

  private FunctionRef function() {
    var deployed = nests.get();
    if (deployed == null) {
      throw new IllegalStateException("nothing deployed");
    }
    return deployed;
  }

  private @Nullable Object answer(
      Operation operation, JsonObject arguments, InvocationScope scope) {
    if (workshop == null) {
      throw new IllegalStateException("not started");
    }
    var result =
        workshop.engine.invoke(
            function(),
            JsonValues.write(arguments.get("event")),
            new Invocation(
                "i-2",
                scope.tenant(),
                scope.trace().child(),
                scope.depth() + 1,
                scope.positions(),
                scope.deadline(),
                scope.session()));
    scope.spent(result.bill());
    return JsonValues.read(result.json());
  }

  private String nest(Workshop where, int levels) {
    return where.invoke(function(), "" + levels, Duration.ofSeconds(60));
  }

  @Test
  void eightDeepIsTheLimit() {
    var node = start(4, DataSize.ofMiB(64), 0);
    assertEquals("8", nest(node, 8));
    fails(ErrorCode.LIMIT_REACHED, () -> nest(node, 9));
  }

  @Test
  void callsWithinCallsPassThroughOneThread() {
    assertEquals("8", nest(start(1, DataSize.ofMiB(64), 0), 8));
  }

  @Test
  void callsWithinCallsPassThroughMemoryForOneSandbox() {
    assertEquals("8", nest(start(4, DataSize.ofMiB(1), 0), 8));
  }

  @Test
  void aFunctionThatMayRunOnceAtATimeCanCallItself() {
    assertEquals("8", nest(start(4, DataSize.ofMiB(64), 1), 8));
  }

  @Test
  void manyCallersOnAFullNodeAllGetTheirAnswers() throws Exception {
    var node = start(2, DataSize.ofMiB(3), 2);
    Workshop.concurrently(40, 400, number -> assertEquals("8", nest(node, 8)));
    assertEquals(0, node.gauge("heddle.engine.threads.busy"));
    assertEquals(0, node.gauge("heddle.engine.threads.parked"));
    assertEquals(0, node.gauge("heddle.engine.sandboxes.running"));
    assertEquals(0, node.gauge("heddle.engine.sandboxes.parked"));
    assertEquals(0, node.engine.report().running());
  }

  @Test
  void theBillHoldsWhatTheCallsSpent() {
    var node = start(4, DataSize.ofMiB(64), 0);
    var one = bill(node, 0);
    var nine = bill(node, 8);
    assertEquals(1, one.bytesRead());
    assertEquals(9, nine.bytesRead());
    assertEquals(nine.activeNanos(), nine.memoryMibNanos());
    var lines = node.logs.read("default", "nests", 20, Optional.empty());
    long sum =
        lines.stream()
            .skip(1)
            .mapToLong(line ->
                Long.parseLong(line.text().replaceAll(".*active=", "").replaceAll("ns.*", "")))
            .sum();
    assertEquals(nine.activeNanos(), sum);
  }

  private Bill bill(Workshop node, int levels) {
    return node.engine
        .invoke(
            function(),
            ("" + levels).getBytes(StandardCharsets.UTF_8),
            Workshop.invocation(Duration.ofSeconds(60)))
        .bill();
  }
}
