package dev.heddle.sample.search.recent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Event;
import dev.heddle.function.JsonObject;
import dev.heddle.function.testkit.TestContext;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecentSearchesTest {
  private final FakeSession session = new FakeSession();

  @Test
  void theNewestSearchComesFirst() {
    add("first");
    assertEquals(
        "{\"action\":\"recent\",\"id\":\"7\",\"recent\":[\"second\",\"first\"]}", add("second"));
    assertEquals(List.of("second", "first"), session.get(RecentSearches.ATTRIBUTE));
  }

  @Test
  void aSearchStandsThereOnce() {
    List.of("one", "two", "ONE").forEach(this::add);
    assertEquals(List.of("ONE", "two"), session.get(RecentSearches.ATTRIBUTE));
  }

  @Test
  void onlyTheLastTenAreKept() {
    IntStream.rangeClosed(1, 12).forEach(i -> add("search " + i));
    var kept = (List<?>) Objects.requireNonNull(session.get(RecentSearches.ATTRIBUTE));
    assertEquals(RecentSearches.MAX_SEARCHES, kept.size());
    assertEquals("search 12", kept.getFirst());
    assertEquals("search 3", kept.getLast());
  }

  @Test
  void aSearchOfAnotherTabIsNotLost() {
    add("mine");
    session.interfere = () -> session.put(RecentSearches.ATTRIBUTE, List.of("theirs", "mine"));
    add("new");
    assertEquals(List.of("new", "theirs", "mine"), session.get(RecentSearches.ATTRIBUTE));
  }

  @Test
  void clearForgetsAll() {
    add("one");
    assertEquals(
        "{\"action\":\"recent\",\"id\":\"7\",\"recent\":[]}",
        call("{\"id\":\"7\",\"op\":\"clear\"}"));
    assertEquals("{\"action\":\"recent\",\"id\":null,\"recent\":[]}", call("{\"op\":\"list\"}"));
  }

  @Test
  void withoutASessionThereIsNothingToRemember() {
    var reply = new RecentSearches().handle(event("{\"op\":\"list\"}"), new TestContext());
    assertTrue(reply.toString().contains("\"recent\":[]"), reply.toString());
  }

  @Test
  void textTravelsUnharmed() {
    var text = "say \\\"hi\\\" \\u00e9 \\\\ \\n there";
    assertTrue(add(text).contains("[\"say \\\"hi\\\" é \\\\ \\n there\"]"), add(text));
  }

  @Test
  void badFramesAreTheCallersMistake() {
    for (var body :
        List.of(
            "",
            "[]",
            "{\"op\":\"list\"",
            "{\"op\":\"drop\"}",
            "{\"op\":\"add\"}",
            "{\"op\":1}",
            "{\"op\":\"add\",\"text\":\"  \"}",
            "{\"op\":\"list\",\"other\":1}",
            "{\"op\":NaN}",
            "{\"op\":\"list\"}x",
            "{\"op\":\"\\u00zz\"}",
            "{\"op\":\"add\",\"text\":\"" + "x".repeat(201) + "\"}")) {
      assertThrows(BadRequestException.class, () -> call(body), body);
    }
  }

  private String add(String text) {
    return call("{\"action\":\"recent\",\"id\":\"7\",\"op\":\"add\",\"text\":\"" + text + "\"}");
  }

  private String call(String body) {
    var context = new TestContext().with(session);
    var reply = (Map<?, ?>) new RecentSearches().handle(event(body), context);
    assertEquals(200, reply.get("statusCode"));
    return String.valueOf(reply.get("body"));
  }

  private static Event event(String body) {
    return new Event(JsonObject.of(Map.of("body", body, "isBase64Encoded", false)));
  }
}
