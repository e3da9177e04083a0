package functions;

import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import java.util.Map;

/** {"name": "Ada"} gives {"greeting": "Hello, Ada!"}. */
public final class Hello implements Handler {
  @Override
  public Object handle(Event event, Context context) {
    var name = event.object().string("name");
    context.log("greeting " + name);
    return Map.of("greeting", "Hello, " + name + "!");
  }
}
