package dev.heddle.sample.chat.bot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Event;
import dev.heddle.function.JsonObject;
import dev.heddle.function.testkit.InMemoryData;
import dev.heddle.function.testkit.TestContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class BotTest {
  private final List<JsonObject> queries = new ArrayList<>();
  private List<JsonObject> hits = List.of();
  private final TestContext context =
      new TestContext()
          .with(
              new InMemoryData()
                  .answering(
                      "chat",
                      query -> {
                        queries.add(query);
                        return JsonObject.of(Map.of("hits", hits));
                      }));

  private String ask(String text) throws Exception {
    var event = Map.of("room", "tea", "from", "Ada", "text", text, "at", 1_795_255_200_123L);
    var reply = context.handle(new Bot(), context.toJson(event));
    return new Event(context.parseJson(reply)).object().string("text");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "help", " HELP me", "find", "find  "})
  void saysWhatItKnows(String text) throws Exception {
    assertEquals(Bot.HELP, ask(text));
  }

  @Test
  void knowsTheTime() throws Exception {
    assertEquals("It is 2026-11-21T10:00:00Z.", ask("time"));
  }

  @Test
  void saysSoWhereItDoesNotUnderstand() throws Exception {
    assertEquals("I do not understand that, Ada. " + Bot.HELP, ask("sing"));
  }

  @Test
  void findsWhatPeopleSaidInTheRoomAndNoQuestions() throws Exception {
    hits =
        List.of(
            JsonObject.of(Map.of("fields", Map.of("from", "Bob", "text", "green tea"))),
            JsonObject.of(Map.of("fields", Map.of("from", "Eve", "text", "no tea"))));
    assertEquals("Bob said: “green tea”\nEve said: “no tea”", ask("find  some tea"));
    var bool = queries.getFirst().object("query").orElseThrow().object("bool").orElseThrow();
    assertEquals(
        JsonObject.of(Map.of("match", Map.of("text", "some tea"))), bool.object("must").get());
    assertEquals(
        List.of(
            JsonObject.of(Map.of("term", Map.of("room", "tea"))),
            JsonObject.of(Map.of("term", Map.of("kind", "talk")))),
        bool.list("filter"));
    hits = List.of();
    assertEquals("Nobody has said anything about “coffee” here.", ask("find coffee"));
  }

  @Test
  void quotesTheBeginningOfWhatIsLong() throws Exception {
    var said = Map.of("from", "Bob", "text", "\uD83E\uDDF5".repeat(121));
    hits = List.of(JsonObject.of(Map.of("fields", said)));
    assertEquals("Bob said: “" + "\uD83E\uDDF5".repeat(120) + "…”", ask("find thread"));
  }

  @Test
  void refusesWhatIsNoQuestion() {
    assertThrows(BadRequestException.class, () -> context.handle(new Bot(), "{\"text\":1}"));
    assertThrows(BadRequestException.class, () -> context.handle(new Bot(), "null"));
  }
}
