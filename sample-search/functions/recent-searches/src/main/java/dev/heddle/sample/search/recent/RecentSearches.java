package dev.heddle.sample.search.recent;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Session;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The user's last searches, newest first. The function itself keeps nothing: what it remembers
 * stands in the session behind the connection, so that it may be replaced at any moment, and every
 * tab of the user's sees the same.
 *
 * <p>A frame {@code {"action":"recent","id":"7","op":"list"|"add"|"clear","text":"…"}} is answered
 * by {@code {"action":"recent","id":"7","recent":["…"]}}.
 */
public final class RecentSearches implements Handler {
  static final String ATTRIBUTE = "recent";
  static final int MAX_SEARCHES = 10;
  static final int MAX_CHARACTERS = 200;

  /** Two tabs may write at once; more often than this they will not. */
  private static final int ATTEMPTS = 20;

  @Override
  public Object handle(Event event, Context context) {
    var frame = new Event(context.parseJson(event.object().string("body"))).object();
    frame.allow("action", "id", "op", "text");
    if (!context.hasSession()) {
      return reply(context, frame, List.of());
    }
    var session = context.session();
    return reply(
        context,
        frame,
        switch (frame.string("op")) {
          case "list" -> recent(session.get(ATTRIBUTE));
          case "add" -> add(session, text(frame));
          case "clear" -> clear(session);
          case String op ->
              throw new BadRequestException("op: " + op + " (expected: list, add or clear)");
        });
  }

  private static String text(JsonObject frame) {
    var text = frame.string("text").strip();
    if (text.isEmpty() || text.length() > MAX_CHARACTERS) {
      throw new BadRequestException(
          "text: " + text.length() + " characters (expected: 1.." + MAX_CHARACTERS + ")");
    }
    return text;
  }

  /** Only if no other tab changed the list meanwhile; else once more on top of that change. */
  private static List<String> add(Session session, String text) {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      var before = session.get(ATTRIBUTE);
      var after = new ArrayList<String>();
      after.add(text);
      recent(before).stream()
          .filter(search -> !search.equalsIgnoreCase(text))
          .limit(MAX_SEARCHES - 1)
          .forEach(after::add);
      if (session.replace(ATTRIBUTE, before, after)) {
        return after;
      }
    }
    throw new IllegalStateException(
        ATTRIBUTE + ": changed " + ATTEMPTS + " times meanwhile (expected: a quiet moment)");
  }

  private static List<String> clear(Session session) {
    session.remove(ATTRIBUTE);
    return List.of();
  }

  /** What the attribute holds; anything but strings is passed over. */
  private static List<String> recent(@Nullable Object attribute) {
    return attribute instanceof List<?> list
        ? list.stream().filter(String.class::isInstance).map(String.class::cast).toList()
        : List.of();
  }

  private static Map<String, Object> reply(Context context, JsonObject frame, List<String> recent) {
    var body = new LinkedHashMap<String, @Nullable Object>();
    body.put("action", "recent");
    body.put("id", frame.get("id"));
    body.put("recent", recent);
    return Map.of("statusCode", 200, "body", context.toJson(body));
  }
}
