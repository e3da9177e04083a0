package dev.heddle.sample.chat.bot;

import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.JsonObject;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Answers who speaks to it: {@code {"room","from","text","at"}} with {@code {"text"}}. It runs only
 * while it answers, and may be changed and deployed again while everybody stays connected.
 */
public final class Bot implements Handler {
  static final String HELP =
      "I know three things: “time”, “find WORDS” among what was said in this room, and “help”.";

  private static final int FOUND = 3;

  /** Of each that was found, so that the answer is no longer than what people may say. */
  private static final int QUOTED = 120;

  @Override
  public Object handle(Event event, Context context) {
    var asked = event.object().allow("room", "from", "text", "at");
    var words = asked.string("text").strip().split("\\s+", 2);
    var rest = words.length > 1 ? words[1] : "";
    return Map.of(
        "text",
        switch (words[0].toLowerCase(Locale.ROOT)) {
          case "time" -> time(asked.integer("at", 0, 1, Long.MAX_VALUE));
          case "find" -> rest.isEmpty() ? HELP : find(context, asked.string("room"), rest);
          case "", "help" -> HELP;
          default -> "I do not understand that, " + asked.string("from") + ". " + HELP;
        });
  }

  private static String time(long at) {
    return "It is " + Instant.ofEpochMilli(at).truncatedTo(ChronoUnit.SECONDS) + ".";
  }

  /** A search beside every shard of the history. */
  private static String find(Context context, String room, String words) {
    var filter =
        List.of(Map.of("term", Map.of("room", room)), Map.of("term", Map.of("kind", "talk")));
    var query =
        Map.of("bool", Map.of("must", Map.of("match", Map.of("text", words)), "filter", filter));
    var answer =
        context
            .data()
            .query("chat", Map.of("query", query, "k", FOUND, "fields", List.of("from", "text")));
    var found = answer.list("hits").stream().map(Bot::quoted).collect(Collectors.joining("\n"));
    return found.isEmpty() ? "Nobody has said anything about “" + words + "” here." : found;
  }

  private static String quoted(Object hit) {
    if (hit instanceof JsonObject object && object.object("fields").isPresent()) {
      var fields = object.object("fields").get();
      var text = fields.string("text");
      int end = text.offsetByCodePoints(0, Math.min(QUOTED, text.codePointCount(0, text.length())));
      return fields.string("from")
          + " said: “"
          + (end < text.length() ? text.substring(0, end) + "…" : text)
          + "”";
    }
    throw new IllegalStateException("hit: " + hit + " (expected: one with fields)");
  }
}
