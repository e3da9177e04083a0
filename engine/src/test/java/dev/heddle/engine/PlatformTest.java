package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken;
import dev.heddle.function.JsonObject;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualTicker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class PlatformTest {
  private static final byte[] ASKER =
      Jars.of(
          """
          public class Asker implements Handler {
            public Object handle(Event event, Context context) throws Exception {
              var json = event.object();
              var data = context.data();
              var none = java.util.OptionalLong.empty();
              return switch (json.string("do")) {
                case "get" -> data.get("films", "1").map(found -> found.get("title")).orElse(null);
                case "many" -> data.get("films", java.util.List.of("1", "2")).size();
                case "put" -> data.put("films", "1", java.util.Map.of("title", "Alien"));
                case "patch" -> data.patch("films", "1", java.util.Map.of("year", 1979),
                    java.util.OptionalLong.of(3));
                case "delete" -> data.delete("films", "1", none);
                case "query" -> data.query("films", java.util.Map.of("query", "x")).get("took");
                case "invoke" -> context.invoke("other", java.util.Map.of("a", 1));
                case "publish" -> { context.publish("news", "hello"); yield "no error"; }
                case "send" -> { context.send("c-1", null); yield "no error"; }
                case "environment" -> context.environment();
                case "catch" -> {
                  try {
                    data.get(json.string("dataset"), "1");
                    yield "no error";
                  } catch (BadRequestException e) {
                    yield "refused " + e.getMessage();
                  } catch (PlatformException e) {
                    yield e.code() + " " + e.name() + " " + e.getMessage();
                  }
                }
                case "through" -> data.get(json.string("dataset"), "1");
                default -> "?";
              };
            }
          }
          """);

  private record Asked(Operation operation, JsonObject arguments) {}

  private final List<Asked> asked = new ArrayList<>();
  private final ManualTicker ticker = new ManualTicker();
  private final ScriptedRuntime scripted = new ScriptedRuntime(ticker::advance);
  private final Workshop workshop =
      new Workshop(Workshop.config(2, 4, 4), this::answer, ticker, scripted);
  private final FunctionRef asker = workshop.deploy(ASKER, "user.Asker");
  private final FunctionRef script =
      workshop.deploy(
          "script", "scripted", new byte[] {1}, "x", Duration.ofSeconds(60), DataSize.ofMiB(64), 0);

  @AfterEach
  void close() {
    workshop.close();
  }

  private @Nullable Object answer(
      Operation operation, JsonObject arguments, InvocationScope scope) {
    asked.add(new Asked(operation, arguments));
    if (!arguments.string("dataset", "").equals("quick")) {
      ticker.advance(Duration.ofMillis(700));
    }
    scope.spent(new Bill(1, 2, 3, 4, 5, 6, 7, 0, 8, 9, true, List.of(), 10, 11));
    if (arguments.string("dataset", "").equals("unknown")) {
      throw new HeddleException(ErrorCode.UNKNOWN_DATASET, "dataset: unknown (expected: one)");
    }
    if (arguments.string("dataset", "").equals("away")) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "leaf: away");
    }
    return switch (operation) {
      case DATA_GET ->
          JsonObject.of(Map.of("id", "1", "version", 3, "fields", Map.of("title", "Alien")));
      case DATA_GET_MANY ->
          List.of(JsonObject.of(Map.of("id", "1", "version", 3, "fields", Map.of())));
      case DATA_PUT, DATA_PATCH -> JsonObject.of(Map.of("version", 4));
      case DATA_DELETE -> JsonObject.of(Map.of("deleted", true));
      case DATA_QUERY -> JsonObject.of(Map.of("took", 5));
      case INVOKE -> "reply";
      default ->
          throw new HeddleException(
              ErrorCode.NOT_OFFERED, operation.wireName() + ": no channels here");
    };
  }

  private String run(String event) {
    return workshop.invoke(asker, event, ticker, Duration.ofMinutes(10));
  }

  private String ask(String what) {
    return run("{\"do\":\"" + what + "\"}");
  }

  @Test
  void aHandlerAsksInTypes() {
    assertEquals("\"Alien\"", ask("get"));
    assertEquals("1", ask("many"));
    assertEquals("4", ask("put"));
    assertEquals("4", ask("patch"));
    assertEquals("true", ask("delete"));
    assertEquals("5", ask("query"));
    assertEquals("\"reply\"", ask("invoke"));
    assertEquals("{\"COLOUR\":\"red\"}", ask("environment"));
    assertEquals(
        List.of(
            new Asked(Operation.DATA_GET, JsonObject.of(Map.of("dataset", "films", "id", "1"))),
            new Asked(
                Operation.DATA_GET_MANY,
                JsonObject.of(Map.of("dataset", "films", "ids", List.of("1", "2")))),
            new Asked(
                Operation.DATA_PUT,
                JsonObject.of(
                    Map.of("dataset", "films", "id", "1", "fields", Map.of("title", "Alien")))),
            new Asked(
                Operation.DATA_PATCH,
                JsonObject.of(
                    Map.of(
                        "dataset",
                        "films",
                        "id",
                        "1",
                        "patch",
                        Map.of("year", 1979),
                        "ifVersion",
                        3))),
            new Asked(Operation.DATA_DELETE, JsonObject.of(Map.of("dataset", "films", "id", "1"))),
            new Asked(
                Operation.DATA_QUERY,
                JsonObject.of(Map.of("dataset", "films", "query", Map.of("query", "x")))),
            new Asked(
                Operation.INVOKE,
                JsonObject.of(Map.of("function", "other", "event", Map.of("a", 1))))),
        asked);
  }

  @Test
  void theCodeOfAPlatformsFailureSurvivesTheFunction() {
    assertEquals(
        "\"refused dataset: unknown (expected: one)\"",
        run("{\"do\":\"catch\",\"dataset\":\"unknown\"}"));
    assertEquals("\"3003 UNAVAILABLE leaf: away\"", run("{\"do\":\"catch\",\"dataset\":\"away\"}"));
    var label = "function " + asker.label() + ": ";
    fails(
        ErrorCode.UNKNOWN_DATASET,
        label + "dataset: unknown (expected: one)",
        () -> run("{\"do\":\"through\",\"dataset\":\"unknown\"}"));
    fails(
        ErrorCode.UNAVAILABLE,
        label + "leaf: away",
        () -> run("{\"do\":\"through\",\"dataset\":\"away\"}"));
    fails(ErrorCode.NOT_OFFERED, label + "publish: no channels here", () -> ask("publish"));
    fails(ErrorCode.NOT_OFFERED, label + "send: no channels here", () -> ask("send"));
  }

  private String call(String operation, String arguments) {
    var event =
        "{\"do\":\"call\",\"operation\":\"%s\",\"arguments\":%s}".formatted(operation, arguments);
    return workshop.invoke(script, event, ticker, Duration.ofMinutes(10));
  }

  @Test
  void codeThatSpeaksJsonAsksTheSame() {
    assertEquals(
        "{\"id\":\"1\",\"version\":3,\"fields\":{\"title\":\"Alien\"}}".length(),
        call("data.get", "{\"dataset\":\"films\",\"id\":\"1\"}").length());
    assertEquals("\"reply\"", call("invoke", "{\"function\":\"other\",\"event\":null}"));
    assertEquals("null", call("log", "{\"line\":\"words\"}"));
    var context = JsonValues.readObject(call("context", "{}").getBytes(StandardCharsets.UTF_8));
    assertEquals("script", context.string("function"));
    assertEquals("default", context.string("tenant"));
    assertEquals("i-1", context.string("invocationId"));
    assertEquals(60_000, context.integer("remainingMillis", 0, 0, 100_000));
    assertEquals(Map.of("COLOUR", "red"), context.object("environment").orElseThrow().asMap());
    assertEquals(false, context.bool("hasSession", true));
  }

  @Test
  void argumentsOfCodeThatSpeaksJsonAreChecked() {
    var before = asked.size();
    fails(ErrorCode.UNKNOWN_PARAMETER, () -> call("data.drop", "{}"));
    for (var wrong :
        List.of(
            "data.get {\"dataset\":\"films\"}",
            "data.get {\"dataset\":\"films\",\"id\":1}",
            "data.get {\"dataset\":\"films\",\"id\":\"1\",\"tenant\":\"other\"}",
            "data.getMany {\"dataset\":\"films\",\"ids\":[1]}",
            "data.put {\"dataset\":\"films\",\"id\":\"1\"}",
            "data.put {\"dataset\":\"films\",\"id\":\"1\",\"fields\":[]}",
            "data.put {\"dataset\":\"films\",\"id\":\"1\",\"fields\":{},\"ifVersion\":-1}",
            "data.patch {\"dataset\":\"films\",\"id\":\"1\",\"fields\":{}}",
            "data.query {\"dataset\":\"films\",\"query\":\"x\"}",
            "invoke {\"event\":1}",
            "publish {\"message\":1}",
            "session.get {\"name\":\"x\"}",
            "log {\"line\":7}",
            "context {\"a\":1}")) {
      var parts = wrong.split(" ", 2);
      fails(ErrorCode.INVALID_REQUEST, () -> call(parts[0], parts[1]));
    }
    var ids = "\"1\",".repeat(100) + "\"1\"";
    fails(
        ErrorCode.TOO_LARGE,
        () -> call("data.getMany", "{\"dataset\":\"films\",\"ids\":[" + ids + "]}"));
    assertEquals(before, asked.size());
  }

  @Test
  void anInvocationMayAskOnlySoOften() {
    fails(
        ErrorCode.LIMIT_REACHED,
        "platform calls of one invocation: more than 100 (expected: at most 100)",
        () -> repeated("quick", 101));
    assertEquals(100, asked.size());
    asked.clear();
    repeated("quick", 100);
    assertEquals(100, asked.size());
  }

  private void repeated(String dataset, int times) {
    var get =
        "{\"do\":\"call\",\"operation\":\"data.get\",\"arguments\":{\"dataset\":\""
            + dataset
            + "\",\"id\":\"1\"}}";
    var event = "{\"do\":\"calls\",\"list\":[" + (get + ",").repeat(times - 1) + get + "]}";
    var _ = workshop.invoke(script, event, ticker, Duration.ofMinutes(10));
  }

  @Test
  void whatItAsksEndsWithItsOwnTimeout() {
    // 700 ms each: there is time for 86 of them.
    fails(
        ErrorCode.FUNCTION_TIMED_OUT,
        "function "
            + script.label()
            + ": still ran after its timeout of 1m (expected: an answer by then)",
        () -> repeated("films", 100));
    assertEquals(86, asked.size());
  }

  @Test
  void nothingIsChargedWhileItWaitsForOthers() {
    var event =
        """
        {"do":"calls","list":[{"do":"work","millis":30},
          {"do":"call","operation":"data.get","arguments":{"dataset":"films","id":"1"}},
          {"do":"work","millis":12}]}
        """;
    var result =
        workshop.engine.invoke(
            script,
            event.getBytes(StandardCharsets.UTF_8),
            Workshop.invocation(ticker, Duration.ofMinutes(10), 0));
    var bill = result.bill();
    assertEquals(42_000_000 + 1, bill.activeNanos());
    assertEquals(700_000_000 + 11, bill.parkedNanos());
    assertEquals(42_000_000L * 64 + 8, bill.memoryMibNanos());
    assertEquals(0 + 3, bill.queueNanos());
    assertEquals(0 + 10, bill.initNanos());
    assertEquals(7, bill.shardOperations());
    assertEquals(event.length() + 5, bill.bytesRead());
    assertEquals(result.json().length + 6, bill.bytesSent());
    assertEquals(9, bill.costPicos());
    var lines = workshop.logs.read("default", "script", 10, Optional.empty());
    assertEquals(
        "REPORT invocation=i-1 function="
            + script.label()
            + " version="
            + script.version().orElseThrow().digest()
            + " init=0ns queue=0ns active=42000000ns parked=700000000ns cpu=",
        lines.getFirst().text().replaceAll("cpu=.*", "cpu="));
    assertTrue(
        lines
            .getFirst()
            .text()
            .endsWith(
                "ns memory=64MiB charged=2688000000MiB·ns shardOperations=7 bytesIn="
                    + event.length()
                    + " bytesOut="
                    + result.json().length
                    + " depth=0 trace=0af7651916cd43dd8448eb211c80319c outcome=ok"),
        lines.getFirst().text());
  }

  @Test
  void aFailedInvocationHasABillToo() {
    var event = "{\"do\":\"calls\",\"list\":[{\"do\":\"work\",\"millis\":30},{\"do\":\"die\"}]}";
    var result =
        workshop.engine.invoke(
            script,
            event.getBytes(StandardCharsets.UTF_8),
            Workshop.invocation(ticker, Duration.ofMinutes(10), 0));
    if (!(result instanceof InvocationResult.Failed failed)) {
      throw new AssertionError("answered");
    }
    assertEquals(ErrorCode.FUNCTION_FAILED, failed.why().code());
    assertTrue(failed.started());
    assertEquals(Duration.ZERO, failed.retryAfter());
    assertEquals(30_000_000, failed.bill().activeNanos());
    assertEquals(30_000_000L * 64, failed.bill().memoryMibNanos());
    assertEquals(PositionToken.EMPTY, failed.positions());
    var line = workshop.logs.read("default", "script", 1, Optional.empty()).getFirst().text();
    assertTrue(line.endsWith("outcome=FUNCTION_FAILED"), line);
  }
}
