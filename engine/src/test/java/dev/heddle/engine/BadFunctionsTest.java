package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.JsonObject;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Each way to be wrong has an error of its own, which names function and version. */
@Timeout(300)
final class BadFunctionsTest {
  private static final String HANDLE =
      " public Object handle(Event event, Context context) { return 1; } ";
  private static final byte[] JAR =
      Jars.of(
          "public class ExitsInStatic implements Handler { static { System.exit(7); } "
              + HANDLE
              + "}",
          """
          public class ExitsInConstructor implements Handler {
            private final Handler other;
            public ExitsInConstructor() {
              Handler chosen = this;
              for (int i = 0; i < 3; i++) {
                if (i == 2) Runtime.getRuntime().halt(i);
                chosen = i > 0 ? new Exits() : chosen;
              }
              other = chosen;
            }
          """
              + HANDLE
              + "}",
          """
          public class Exits implements Handler {
            public Object handle(Event event, Context context) {
              try {
                if (event.json() instanceof Long status) Runtime.getRuntime().exit(status.intValue());
                return event.json() == null ? "none" : event.json();
              } finally {
                context.log("left");
              }
            }
          }
          """,
          """
          public class Throws implements Handler {
            public Throws() { throw new IllegalStateException("no key"); }
          """
              + HANDLE
              + "}");

  private final ScriptedRuntime scripted = new ScriptedRuntime();
  private final Workshop workshop = new Workshop(Workshop.config(4, 4, 8), Platform.NONE, scripted);
  private final FunctionRef script = scripted("x", Duration.ofSeconds(30));

  @AfterEach
  void close() {
    scripted.release();
    workshop.close();
  }

  private FunctionRef scripted(String entry, Duration timeout) {
    return workshop.deploy(
        "script",
        "scripted",
        entry.getBytes(StandardCharsets.UTF_8),
        entry,
        timeout,
        DataSize.ofMiB(1),
        0);
  }

  private String named(FunctionRef ref) {
    return "function " + ref.label() + ": ";
  }

  private void breaks(ErrorCode code, String message, String entry) {
    var ref = workshop.deploy(JAR, entry);
    fails(code, named(ref) + message, () -> workshop.invoke(ref, "1"));
  }

  @Test
  void aMissingEntryIsToldAtTheDeployAndAtTheLoad() {
    var manifest = Manifest.parse("name: f\nentry: user.Nothing\n");
    var code = Archive.read(JAR, ArchiveLimits.DEFAULTS);
    var refused =
        fails(ErrorCode.INVALID_FUNCTION, () -> workshop.engine.check("default", code, manifest));
    assertTrue(refused.getMessage().contains("no such class user.Nothing"), refused.toString());
    var none = Manifest.parse("name: f\n");
    fails(
        ErrorCode.INVALID_FUNCTION,
        "entry: missing (expected: a class name such as com.example.MyFunction)",
        () -> workshop.engine.check("default", code, none));
    var python = Manifest.parse("name: f\nruntime: python\nentry: x\n");
    fails(
        ErrorCode.INVALID_FUNCTION,
        "runtime: python (expected: java or scripted)",
        () -> workshop.engine.check("default", code, python));
    var ref = workshop.deploy(JAR, "user.Nothing");
    var failure = fails(ErrorCode.FUNCTION_FAILED, () -> workshop.invoke(ref, "1"));
    assertTrue(
        failure.getMessage().startsWith(named(ref) + "load failed: entry: no such class"),
        failure.toString());
    var other =
        workshop.deploy("p", "python", JAR, "x", Duration.ofSeconds(1), DataSize.ofMiB(1), 0);
    fails(ErrorCode.FORBIDDEN, () -> workshop.invoke(other, "1"));
  }

  @Test
  void anExitEndsTheFunctionAndNotTheProcess() {
    var what =
        "java.lang.UnsupportedOperationException: exit: a function may not end the process"
            + " (expected: return or throw)";
    breaks(
        ErrorCode.FUNCTION_INIT_FAILED,
        "constructor failed: " + what + " in a static initializer",
        "user.ExitsInStatic");
    breaks(ErrorCode.FUNCTION_FAILED, "handle failed: " + what, "user.Exits");
    var lives = workshop.deploy(JAR, "user.Exits");
    assertEquals("\"a\"", workshop.invoke(lives, "\"a\""));
    var code = Archive.read(JAR, ArchiveLimits.DEFAULTS);
    var manifest = Manifest.parse("name: f\nentry: user.ExitsInConstructor\n");
    var refused =
        fails(ErrorCode.INVALID_FUNCTION, () -> workshop.engine.check("default", code, manifest));
    assertTrue(refused.getMessage().contains("exit: a function may not"), refused.toString());
  }

  @Test
  void anInitThatFailsIsNoFailedEvent() {
    breaks(
        ErrorCode.FUNCTION_INIT_FAILED,
        "constructor failed: java.lang.IllegalStateException: no key",
        "user.Throws");
    var broken = scripted("broken", Duration.ofSeconds(1));
    fails(ErrorCode.FUNCTION_INIT_FAILED, () -> workshop.invoke(broken, "1"));
  }

  private String run(FunctionRef ref, Map<String, Object> event) {
    var text = new String(JsonValues.write(JsonObject.of(event)), StandardCharsets.UTF_8);
    return workshop.invoke(ref, text);
  }

  @Test
  void anAnswerThatIsNoJsonIsInvalid() {
    for (var text : new String[] {"", "{\"a\":", "1 2", "{'a':1}", "undefined"}) {
      var failure =
          fails(
              ErrorCode.FUNCTION_RESULT_INVALID,
              () -> run(script, Map.of("do", "text", "text", text)));
      assertTrue(
          failure.getMessage().startsWith(named(script) + "result failed: json: "),
          failure.toString());
    }
    assertEquals("[1]", run(script, Map.of("do", "text", "text", "[1]")));
  }

  @Test
  void anAnswerBeyondTheLimitIsTooLarge() {
    fails(
        ErrorCode.FUNCTION_RESULT_TOO_LARGE,
        named(script) + "result larger than 64KiB (expected: at most that)",
        () -> run(script, Map.of("do", "large")));
  }

  @Test
  void anEventThatIsNoJsonReachesNoSandbox() {
    fails(ErrorCode.MALFORMED_JSON, () -> workshop.invoke(script, "{"));
    assertEquals(0, scripted.rooms.getFirst().events);
  }

  @Test
  void codeThatBlocksForeverEndsAtItsTimeout() {
    var brief = scripted("brief", Duration.ofMillis(400));
    var failure = fails(ErrorCode.FUNCTION_TIMED_OUT, () -> run(brief, Map.of("do", "block")));
    assertEquals(
        named(brief) + "still ran after its timeout of 400ms (expected: an answer by then)",
        failure.getMessage());
    eventually("the thread came back", () -> workshop.gauge("heddle.engine.threads.stuck") == 0);
    assertEquals(0, workshop.gauge("heddle.engine.threads.busy"));
    var result =
        workshop.engine.invoke(
            brief,
            "{\"do\":\"block\"}".getBytes(StandardCharsets.UTF_8),
            Workshop.invocation(Duration.ofSeconds(60)));
    var bill = result.bill();
    // Nearly all of it, even where its thread had to wait for a processor on its way in.
    assertTrue(bill.activeNanos() >= 200_000_000, bill.toString());
  }

  @Test
  void aCallerThatGivesUpStopsTheCode() throws Exception {
    var caller =
        Thread.ofVirtual()
            .start(() -> fails(ErrorCode.CANCELLED, () -> run(script, Map.of("do", "block"))));
    eventually("it runs", () -> scripted.inside.get() == 1);
    caller.interrupt();
    caller.join();
    eventually("it ended", () -> scripted.inside.get() == 0);
  }
}
