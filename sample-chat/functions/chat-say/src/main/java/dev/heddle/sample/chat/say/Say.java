package dev.heddle.sample.chat.say;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.JsonObject;
import dev.heddle.function.PlatformException;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Says something in a room: writes it into the dataset {@code chat}, which is the room's history,
 * then publishes it to the room's channel, whichever gateways its listeners are at. Who begins with
 * {@code @heddle} speaks to the bot, whose answer is said in the same way.
 *
 * <p>A frame {@code {"action":"say","id":"7","room":"lobby","text":"…"}} is answered by {@code
 * {"action":"say","id":"7"}} once it has been said. The id is the message's, for ever and in all
 * rooms: whoever does not know whether a frame has arrived sends it again, over whichever
 * connection, and it is one message.
 */
public final class Say implements Handler {
  static final String DATASET = "chat";
  static final int MAX_CHARACTERS = 500;
  private static final long DAY = 86_400_000;

  private static final Pattern ROOM = Pattern.compile("[a-z0-9-]{1,32}");
  private static final Pattern ID = Pattern.compile("[A-Za-z0-9-]{1,40}");
  private static final Pattern UNSEEN = Pattern.compile("[\\p{Cc}&&[^\\n\\t]]");
  private static final String BOT = "heddle";

  /** Not a character of an id, so nobody else can take the answer's. */
  private static final String ANSWER = "~answer";

  private static final Pattern TO_BOT =
      Pattern.compile("@" + BOT + "\\b", Pattern.CASE_INSENSITIVE);

  private final Clock clock;

  public Say() {
    this(Clock.systemUTC());
  }

  Say(Clock clock) {
    this.clock = clock;
  }

  @Override
  public Object handle(Event event, Context context) {
    var request = event.object().object("requestContext").orElse(JsonObject.EMPTY);
    var frame = new Event(context.parseJson(event.object().string("body"))).object();
    frame.allow("action", "id", "room", "text");
    var room = matching(ROOM, "room", frame.string("room"));
    var id = matching(ID, "id", frame.string("id"));
    var text = text(frame);
    // Who speaks is what the gateway says, whatever the frame claims.
    var from = request.object("authorizer").orElse(JsonObject.EMPTY).string("principalId");
    long at = request.integer("requestTimeEpoch", 0, 1, Long.MAX_VALUE);
    long now = clock.millis();
    if (at < now - DAY || at > now + DAY) {
      throw new BadRequestException("requestTimeEpoch: " + at + " (expected: about " + now + ")");
    }

    boolean question = TO_BOT.matcher(text).lookingAt();
    var kind = question ? "question" : "talk";
    var fields =
        JsonObject.of(Map.of("room", room, "from", from, "kind", kind, "text", text, "at", at));
    var said = write(context, id, fields);
    for (var name : List.of("room", "from", "text")) {
      if (!said.string(name).equals(fields.string(name))) {
        throw new BadRequestException("id: " + id + " (expected: one of no other message)");
      }
    }
    publish(context, id, said);
    if (question) {
      answer(context, id, said);
    }
    return Map.of("statusCode", 200, "body", context.toJson(Map.of("action", "say", "id", id)));
  }

  /**
   * Writes a message down, unless it is there.
   *
   * @return what is there now
   */
  private static JsonObject write(Context context, String id, JsonObject fields) {
    try {
      var _ = context.data().put(DATASET, id, fields.asMap(), OptionalLong.of(0));
      return fields;
    } catch (BadRequestException e) {
      return context.data().get(DATASET, id).orElseThrow(() -> e).fields();
    }
  }

  /** After it was written down: what a listener hears is in the history by then. */
  private static void publish(Context context, String id, JsonObject fields) {
    context.publish("room." + fields.string("room"), Map.of("id", id, "fields", fields));
  }

  /** What was said has been said: a bot that fails is no reason to say otherwise. */
  private static void answer(Context context, String id, JsonObject question) {
    try {
      // A moment later, so that it stands below the question.
      long at = question.integer("at", 0, 1, Long.MAX_VALUE) + 1;
      var room = question.string("room");
      var text = ask(context, question);
      var fields = Map.of("room", room, "from", BOT, "kind", "answer", "text", text, "at", at);
      publish(context, id + ANSWER, write(context, id + ANSWER, JsonObject.of(fields)));
    } catch (BadRequestException | PlatformException e) {
      context.log("the answer was not said: " + e.getMessage());
    }
  }

  private static String ask(Context context, JsonObject question) {
    try {
      var event = new LinkedHashMap<>(question.asMap());
      event.remove("kind");
      event.put("text", question.string("text").substring(1 + BOT.length()).strip());
      var text = new Event(context.invoke("chat-bot", event)).object().string("text");
      return text.length() <= MAX_CHARACTERS ? text : shortened(text);
    } catch (BadRequestException | PlatformException e) {
      context.log("the bot failed: " + e.getMessage());
      return "Sorry, something is wrong with me at the moment.";
    }
  }

  /** Never half a character. */
  private static String shortened(String text) {
    int end = MAX_CHARACTERS - 1;
    return text.substring(0, Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end) + "…";
  }

  private static String text(JsonObject frame) {
    var text = UNSEEN.matcher(frame.string("text")).replaceAll("").strip();
    if (text.isEmpty() || text.length() > MAX_CHARACTERS) {
      throw new BadRequestException(
          "text: " + text.length() + " characters (expected: 1.." + MAX_CHARACTERS + ")");
    }
    return text;
  }

  private static String matching(Pattern pattern, String field, String value) {
    if (!pattern.matcher(value).matches()) {
      throw new BadRequestException(field + ": " + value + " (expected: " + pattern + ")");
    }
    return value;
  }
}
