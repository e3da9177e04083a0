package dev.heddle.sample.chat.say;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Context;
import dev.heddle.function.Data;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.JsonObject;
import dev.heddle.function.PlatformException;
import dev.heddle.function.testkit.InMemoryData;
import dev.heddle.function.testkit.TestContext;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SayTest {
  private final InMemoryData data = new InMemoryData().dataset(Say.DATASET);
  private final TestContext context = new TestContext().with(data);
  private final Handler handler = new Say(Clock.fixed(Instant.ofEpochMilli(1_500), ZoneOffset.UTC));

  /** The event of a frame from Ada's connection {@code c1}. */
  private String event(String frame) {
    return context.toJson(
        Map.of(
            "requestContext",
            Map.of(
                "connectionId",
                "c1",
                "requestTimeEpoch",
                1_000,
                "authorizer",
                Map.of("principalId", "Ada")),
            "body",
            frame,
            "isBase64Encoded",
            false));
  }

  private String frame(String text) {
    return context.toJson(Map.of("action", "say", "id", "7", "room", "tea", "text", text));
  }

  private String say(String text) throws Exception {
    return context.handle(handler, event(frame(text)));
  }

  private static JsonObject fields(String from, String kind, String text, long at) {
    return JsonObject.of(Map.of("room", "tea", "from", from, "kind", kind, "text", text, "at", at));
  }

  private static JsonObject message(String id, JsonObject fields) {
    return JsonObject.of(Map.of("id", id, "fields", fields));
  }

  private List<@Nullable Object> published() {
    return context.published().stream()
        .<@Nullable Object>map(TestContext.Message::message)
        .toList();
  }

  @Test
  void whatIsSaidIsWrittenDownAndPublishedUnderTheNameThatTheGatewayKnows() throws Exception {
    var reply = new Event(context.parseJson(say("  <b>h\0i</b>\r\n& all  "))).object();
    assertEquals(200L, reply.get("statusCode"));
    assertEquals(
        JsonObject.of(Map.of("action", "say", "id", "7")), context.parseJson(reply.string("body")));
    var said = fields("Ada", "talk", "<b>hi</b>\n& all", 1_000);
    assertEquals(said, data.get(Say.DATASET, "7").orElseThrow().fields());
    assertEquals(List.of(message("7", said)), published());
    assertEquals("room.tea", context.published().getFirst().to());
  }

  @Test
  void theBotAnswersWhoSpeaksToItBelowTheQuestion() throws Exception {
    var _ =
        context.function(
            "chat-bot",
            asked -> {
              var expected = Map.of("room", "tea", "from", "Ada", "text", "what now", "at", 1_000L);
              assertEquals(JsonObject.of(expected), asked);
              return Map.of("text", "tea");
            });
    var _ = say("@Heddle what now");
    assertEquals(
        List.of(
            message("7", fields("Ada", "question", "@Heddle what now", 1_000)),
            message("7~answer", fields("heddle", "answer", "tea", 1_001))),
        published());
    assertTrue(data.get(Say.DATASET, "7~answer").isPresent());
  }

  @ParameterizedTest
  @ValueSource(strings = {"hello @heddle", "@heddles", "heddle help"})
  void theBotIsSilentWhereNobodySpeaksToIt(String text) throws Exception {
    var _ = say(text);
    assertEquals(List.of(message("7", fields("Ada", "talk", text, 1_000))), published());
  }

  @Test
  void aBotThatFailsTakesNothingBack() throws Exception {
    var _ =
        context.function(
            "chat-bot",
            _ -> {
              throw new PlatformException(1, "FUNCTION_FAILED", "broken");
            });
    var _ = say("@heddle help");
    assertEquals(2, context.published().size());
    assertEquals(List.of("the bot failed: broken"), context.lines());
  }

  @Test
  void aFrameThatComesTwiceIsOneMessage() throws Exception {
    assertEquals(say("once"), say("once"));
    assertEquals(published().getFirst(), published().getLast());
  }

  @Test
  void anIdIsOneMessageForEver() throws Exception {
    var _ = say("once");
    assertThrows(BadRequestException.class, () -> say("twice"));
    var others = event(frame("once")).replace("Ada", "Bob");
    assertThrows(BadRequestException.class, () -> context.handle(handler, others));
    assertEquals(1, context.published().size());
    assertEquals("once", data.get(Say.DATASET, "7").orElseThrow().get("text"));
    // Over another connection, and later: what is published is what was said.
    var later = event(frame("once")).replace("1000", "1400").replace("c1", "c2");
    var _ = context.handle(handler, later);
    assertEquals(published().getFirst(), published().getLast());
  }

  @Test
  void whatWasWrittenButNotPublishedIsSaidByTheSameFrame() throws Exception {
    var full = failing(Context.class, context, "publish", _ -> true);
    assertThrows(PlatformException.class, () -> handler.handle(asked("x"), full));
    assertEquals(List.of(), context.published());
    var _ = say("x");
    assertEquals(List.of(message("7", fields("Ada", "talk", "x", 1_000))), published());
  }

  @Test
  void aQuestionHasBeenSaidWhateverBecomesOfItsAnswer() throws Exception {
    var _ = context.function("chat-bot", _ -> Map.of("text", "tea"));
    var deaf =
        failing(
            Context.class,
            context,
            "publish",
            message -> String.valueOf(message).contains("7~answer"));
    assertNotNull(handler.handle(asked("@heddle help"), deaf));
    var _ = data.delete(Say.DATASET, "7~answer", OptionalLong.empty());
    var _ = context.with(failing(Data.class, data, "put", written -> written.contains("7~answer")));
    assertNotNull(handler.handle(asked("@heddle help"), context));
    var question = message("7", fields("Ada", "question", "@heddle help", 1_000));
    assertEquals(List.of(question, question), published());
    assertEquals(
        List.of("the answer was not said: full", "the answer was not said: full"), context.lines());
  }

  @Test
  void anAnswerIsNoLongerThanWhatPeopleMaySay() throws Exception {
    var _ = context.function("chat-bot", _ -> Map.of("text", "x" + "\uD83E\uDDF5".repeat(300)));
    var _ = say("@heddle help");
    var answer = data.get(Say.DATASET, "7~answer").orElseThrow().fields().string("text");
    assertEquals("x" + "\uD83E\uDDF5".repeat(249) + "…", answer);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 9_000_000_000L, Long.MAX_VALUE})
  void nobodySpeaksInThePastOrTheFuture(long at) {
    var now = Instant.ofEpochMilli(1_000_000_000L);
    var say = new Say(Clock.fixed(now, ZoneOffset.UTC));
    var event = event(frame("x")).replace(":1000", ":" + at);
    assertThrows(BadRequestException.class, () -> context.handle(say, event));
    assertEquals(List.of(), context.published());
  }

  private Event asked(String text) {
    return new Event(context.parseJson(event(frame(text))));
  }

  /** As {@code real}, but what the method is asked in these words fails. */
  private static <T> T failing(
      Class<T> type, T real, String method, Predicate<List<Object>> words) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, called, arguments) -> {
              var given = arguments == null ? List.of() : List.of(arguments);
              if (called.getName().equals(method) && words.test(given)) {
                throw new PlatformException(1, "UNAVAILABLE", "full");
              }
              try {
                return called.invoke(real, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            }));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "{\"action\":\"say\",\"id\":\"7\",\"room\":\"tea\"}",
        "{\"action\":\"say\",\"id\":\"7\",\"room\":\"tea\",\"text\":\" \"}",
        "{\"action\":\"say\",\"id\":\"7\",\"room\":\"a.b\",\"text\":\"x\"}",
        "{\"action\":\"say\",\"id\":\"7\",\"room\":\"\",\"text\":\"x\"}",
        "{\"action\":\"say\",\"id\":\"a b\",\"room\":\"tea\",\"text\":\"x\"}",
        "{\"action\":\"say\",\"id\":7,\"room\":\"tea\",\"text\":\"x\"}",
        "{\"action\":\"say\",\"id\":\"7\",\"room\":\"tea\",\"text\":\"x\",\"from\":\"Bob\"}"
      })
  void badFramesAreRefusedAndNothingIsSaid(String frame) {
    assertThrows(BadRequestException.class, () -> context.handle(handler, event(frame)), frame);
    assertEquals(List.of(), context.published());
  }

  @Test
  void nobodySaysMoreThanOneMayOrWithoutAName() throws Exception {
    var _ = say("x".repeat(Say.MAX_CHARACTERS));
    assertThrows(BadRequestException.class, () -> say("x".repeat(Say.MAX_CHARACTERS + 1)));
    var nameless = event(frame("x")).replace("principalId", "other");
    assertThrows(BadRequestException.class, () -> context.handle(handler, nameless));
    assertEquals(1, context.published().size());
  }
}
