package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.Session;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class InvocationTest {
  private final Workshop workshop = new Workshop(Workshop.config(4, 4, 2));
  private final FunctionRef echo = workshop.deploy(EchoFunction.JAR, "user.Echo");

  @AfterEach
  void close() {
    workshop.close();
  }

  private String run(String what) {
    return workshop.invoke(echo, "{\"do\":\"" + what + "\"}");
  }

  @Test
  void answersWithPlainJson() {
    var event = "{\"a\":[1,2.5,null,true,\"ü\"],\"b\":{}}";
    assertEquals(event, workshop.invoke(echo, event));
    assertEquals("null", workshop.invoke(echo, "null"));
  }

  @Test
  void measuresWhatItTakes() {
    var bill =
        workshop
            .engine
            .invoke(echo, new byte[] {'1'}, Workshop.invocation(Duration.ofSeconds(60)))
            .bill();
    assertTrue(bill.activeNanos() > 0 && bill.cpuNanos() > 0 && bill.queueNanos() > 0, "" + bill);
    assertTrue(bill.initNanos() > 0, "" + bill);
    assertEquals(128 * bill.activeNanos(), bill.memoryMibNanos());
    assertEquals(1, bill.bytesRead());
    assertEquals(1, bill.bytesSent());
    assertTrue(bill.complete());
  }

  @Test
  void reusesAnInstanceForOneEventAfterTheOther() {
    assertEquals("1", run("count"));
    assertEquals("2", run("count"));
    assertEquals(1, workshop.fetched.get());
    // A failed instance may be in any state: the next event gets a fresh one.
    fails(ErrorCode.FUNCTION_FAILED, () -> run("fail"));
    assertEquals("1", run("count"));
    fails(ErrorCode.FUNCTION_REJECTED, () -> run("refuse"));
    assertEquals("3", run("count"));
  }

  @Test
  void saysWhoseFaultAFailureIs() {
    var label = "function " + echo.label();
    fails(ErrorCode.FUNCTION_REJECTED, "text: 7 (expected: words)", () -> run("refuse"));
    fails(
        ErrorCode.FUNCTION_FAILED,
        label + ": handle failed: java.io.IOException: disk full",
        () -> run("fail"));
    fails(
        ErrorCode.FUNCTION_FAILED,
        label + ": handle failed: java.lang.StackOverflowError",
        () -> run("overflow"));
    fails(
        ErrorCode.FUNCTION_RESULT_INVALID,
        label
            + ": result failed: java.lang.IllegalArgumentException: value: java.lang.Object"
            + " (expected: a JSON value)",
        () -> run("object"));
    fails(
        ErrorCode.FUNCTION_RESULT_TOO_LARGE,
        label + ": result larger than 64KiB (expected: at most that)",
        () -> run("large"));
    fails(ErrorCode.MALFORMED_JSON, () -> workshop.invoke(echo, "{"));
    fails(
        ErrorCode.UNKNOWN_FUNCTION,
        () -> workshop.invoke(FunctionRef.builtIn("default", "search"), "1"));
  }

  @Test
  void tellsTheHandlerWhoItIs() {
    var answer = JsonValues.readObject(run("context").getBytes(StandardCharsets.UTF_8));
    assertEquals("fn", answer.string("function"));
    assertEquals("default", answer.string("tenant"));
    assertEquals("i-1", answer.string("id"));
    assertEquals("0af7651916cd43dd8448eb211c80319c", answer.string("trace"));
    assertEquals(64, answer.string("version").length());
    assertEquals(false, answer.bool("late", true));
    assertEquals(false, answer.bool("session", true));
  }

  private static final class MapSession implements Session {
    private final Map<String, @Nullable Object> values = new LinkedHashMap<>();
    private boolean away;

    @Override
    public @Nullable Object get(String name) {
      if (away) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "gateway: away");
      }
      return values.get(name);
    }

    @Override
    public Map<String, @Nullable Object> all() {
      return values;
    }

    @Override
    public void put(String name, Object value) {
      values.put(name, value);
    }

    @Override
    public void remove(String name) {
      values.remove(name);
    }

    @Override
    public boolean replace(String name, @Nullable Object expected, Object value) {
      throw new UnsupportedOperationException();
    }
  }

  @Test
  void handsTheSessionThrough() {
    var session = new MapSession();
    var event = "{\"do\":\"recent\"}";
    var time = Duration.ofSeconds(60);
    assertEquals("1", workshop.invoke(echo, event, time, session));
    assertEquals("2", workshop.invoke(echo, event, time, session));
    assertEquals(Map.of("n", 2L), session.all());
    session.away = true;
    fails(
        ErrorCode.UNAVAILABLE,
        "function " + echo.label() + ": gateway: away",
        () -> workshop.invoke(echo, event, time, session));
    fails(ErrorCode.FUNCTION_FAILED, () -> workshop.invoke(echo, event));
  }

  @Test
  void showsUserCodeTheJdkAndTheApiOnly() {
    assertEquals(
        "[\"java.sql.Connection\",\"dev.heddle.function.Shard$Segment\",\"user.Echo\"]",
        workshop.invoke(
            echo,
            """
            {"do":"visible","names":["java.sql.Connection","dev.heddle.function.Shard$Segment",
             "user.Echo","tools.jackson.core.JsonParser","dev.heddle.engine.Engine",
             "dev.heddle.process.Ticker","org.slf4j.Logger","io.grpc.Status",
             "dev.heddle.function.testkit.ScatterLaws","org.junit.jupiter.api.Test"]}
            """));
  }

  @Test
  void readsResourcesOfTheJarOnly() {
    var files =
        new LinkedHashMap<>(
            Jars.compile(
                """
                public class Reads implements Handler {
                  public Object handle(Event event, Context context) throws Exception {
                    var in = getClass().getResourceAsStream("/" + event.json());
                    return in == null ? null : new String(in.readAllBytes());
                  }
                }
                """));
    files.put("words/hello world.txt", new byte[] {'h', 'i'});
    var reads = workshop.deploy(Jars.zip(files), "user.Reads");
    assertEquals("\"hi\"", workshop.invoke(reads, "\"words/hello world.txt\""));
    assertEquals("null", workshop.invoke(reads, "\"dev/heddle/engine/Engine.class\""));
    assertEquals("null", workshop.invoke(reads, "\"logback.xml\""));
  }

  @Test
  void cutsLogsAtTheirLimit() {
    assertEquals("null", run("log"));
    assertEquals(1, workshop.registry.get("heddle.engine.logs.cut").counter().count());
  }
}
