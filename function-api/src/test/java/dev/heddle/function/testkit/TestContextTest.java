package dev.heddle.function.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Handler;
import dev.heddle.function.JsonObject;
import dev.heddle.function.testkit.TestContext.Message;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

final class TestContextTest {
  private static final OptionalLong ANY = OptionalLong.empty();

  @Test
  void runsAHandlerAndRemembersWhatItDid() throws Exception {
    Handler handler =
        (event, context) -> {
          var name = event.object().string("name");
          context.log("greets " + name);
          context.publish("greetings", Map.of("name", name));
          context.send("c-1", 7);
          var loud = context.invoke("loud", name);
          context.session().put("last", name);
          return Map.of("text", context.environment().get("WORD") + " " + loud);
        };
    var context =
        new TestContext()
            .variable("WORD", "Hello")
            .function("loud", word -> String.valueOf(word).toUpperCase(Locale.ROOT))
            .with(new InMemorySession());
    assertEquals("{\"text\":\"Hello ADA\"}", context.handle(handler, "{\"name\":\"Ada\"}"));
    assertEquals(List.of("greets Ada"), context.lines());
    assertEquals(
        List.of(new Message("greetings", JsonObject.of(Map.of("name", "Ada")))),
        context.published());
    assertEquals(List.of(new Message("c-1", 7L)), context.sent());
    assertEquals(Map.of("last", "Ada"), context.session().all());
    assertThrows(BadRequestException.class, () -> context.invoke("quiet", null));
    assertThrows(BadRequestException.class, () -> context.handle(handler, "{"));
    assertThrows(IllegalStateException.class, () -> new TestContext().session());
  }

  @Test
  void documentsHaveVersionsAndConditions() {
    var data = new InMemoryData().dataset("films");
    assertEquals(1, data.put("films", "a", Map.of("title", "Alien", "year", 1979)));
    assertEquals(2, data.patch("films", "a", Map.of("year", 1986, "cast", Map.of("x", 1)), ANY));
    assertEquals(3, data.put("films", "b", Map.of(), OptionalLong.of(0)));
    var found = data.get("films", "a").orElseThrow();
    assertEquals(2, found.version());
    assertEquals(1986L, found.get("year"));
    assertEquals("Alien", found.get("title"));
    assertThrows(
        BadRequestException.class, () -> data.put("films", "a", Map.of(), OptionalLong.of(0)));
    assertThrows(BadRequestException.class, () -> data.put("songs", "a", Map.of()));
    assertThrows(BadRequestException.class, () -> data.patch("films", "c", Map.of(), ANY));
    assertEquals(List.of("b", "a"), ids(data));
    assertEquals(true, data.delete("films", "a", OptionalLong.of(2)));
    assertEquals(false, data.delete("films", "a", ANY));
    assertThrows(IllegalStateException.class, () -> data.query("films", Map.of()));
    data.answering("films", query -> JsonObject.of(Map.of("asked", query.string("query"))));
    assertEquals(JsonObject.of(Map.of("asked", "x")), data.query("films", Map.of("query", "x")));
  }

  private static List<String> ids(InMemoryData data) {
    return data.get("films", List.of("b", "nothing", "a")).stream()
        .map(document -> document.id())
        .toList();
  }

  @Test
  void sessionsReplaceOnlyWhatIsExpected() {
    var session = new InMemorySession();
    assertEquals(true, session.replace("n", null, 1));
    assertEquals(false, session.replace("n", 2L, 3));
    assertEquals(true, session.replace("n", 1L, List.of(1, "x")));
    assertEquals(List.of(1L, "x"), session.get("n"));
    session.remove("n");
    assertEquals(Map.of(), session.all());
  }

  @Test
  void jsonIsAsStrictAsThePlatforms() {
    var context = new TestContext();
    for (var text :
        new String[] {
          "null", "true", "-1.5", "1.0E10", "\"a\\u0041\\n\\\"\"", "[]", "[1,[],{}]", "{\"a\":{}}"
        }) {
      var value = context.parseJson(text);
      assertEquals(value, context.parseJson(context.toJson(value)), text);
    }
    assertEquals("\"\\n\\t\\u0001ü\"", context.toJson("\n\t\u0001ü"));
    assertEquals("aA\n\"", context.parseJson("\"a\\u0041\\n\\\"\""));
    for (var text :
        new String[] {
          "",
          "01",
          "1.",
          "+1",
          "[1,]",
          "{\"a\":1,\"a\":2}",
          "{a:1}",
          "'a'",
          "nul",
          "1 2",
          "\"\n\"",
          "\"\\x\"",
          "\"\\u12\"",
          "\"open",
          "[".repeat(100)
        }) {
      assertThrows(BadRequestException.class, () -> context.parseJson(text), text);
    }
    assertThrows(IllegalArgumentException.class, () -> context.toJson(new Object()));
    assertThrows(IllegalArgumentException.class, () -> context.toJson(Double.NaN));
  }
}
