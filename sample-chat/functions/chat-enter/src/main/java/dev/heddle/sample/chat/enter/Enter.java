package dev.heddle.sample.chat.enter;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.JsonObject;
import java.util.LinkedHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Says and changes by which name the visitor is known. The name is an attribute of the cookie
 * session, and app.yaml lets in whoever has one: so every gateway knows it, and so it outlives
 * reloads.
 *
 * <p>{@code {"name": "Ada"}} takes a name, {@code {"name": null}} gives it up, {@code {}} only
 * asks. The answer is always {@code {"name": "Ada"}}, or null. There are no passwords here: two
 * visitors may take the same name.
 */
public final class Enter implements Handler {
  static final String ATTRIBUTE = "name";

  private static final Pattern NAME =
      Pattern.compile("[\\p{L}\\p{N}][\\p{L}\\p{M}\\p{N} _-]{0,23}");
  private static final String BOT = "heddle";

  @Override
  public Object handle(Event event, Context context) {
    var wish = event.json() == null ? JsonObject.EMPTY : event.object().allow("name");
    if (!context.hasSession()) {
      throw new BadRequestException("session: none (expected: a call from the gateway's own page)");
    }
    var session = context.session();
    if (wish.has("name")) {
      wish.optionalString("name")
          .ifPresentOrElse(
              name -> session.put(ATTRIBUTE, checked(name.strip())),
              () -> session.remove(ATTRIBUTE));
    }
    var reply = new LinkedHashMap<String, @Nullable Object>();
    reply.put("name", session.get(ATTRIBUTE));
    return reply;
  }

  private static String checked(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new BadRequestException(
          "name: " + name + " (expected: 1..24 letters, digits, spaces, - or _)");
    }
    if (name.equalsIgnoreCase(BOT)) {
      throw new BadRequestException(
          "name: " + name + " (expected: another one, as it is the bot's)");
    }
    return name;
  }
}
