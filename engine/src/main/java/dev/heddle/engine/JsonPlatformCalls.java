package dev.heddle.engine;

import dev.heddle.catalog.FunctionVersion;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.JsonObject;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a handler may ask, for code that speaks JSON. Its arguments are hostile until checked. */
final class JsonPlatformCalls implements PlatformCalls {
  private static final int MAX_IDS = 100;
  private static final int MAX_LINE = 64 << 10;

  private final FunctionVersion version;
  private final PlatformDoor door;
  private final Ticker ticker;
  private final InvocationLog log;
  private final DataSize maxMessage;

  JsonPlatformCalls(
      FunctionVersion version,
      PlatformDoor door,
      Ticker ticker,
      InvocationLog log,
      DataSize maxMessage) {
    this.version = version;
    this.door = door;
    this.ticker = ticker;
    this.log = log;
    this.maxMessage = maxMessage;
  }

  @Override
  public byte[] call(String name, byte[] arguments) {
    door.checkOpen();
    var operation =
        Operation.named(name)
            .orElseThrow(() ->
                Refusals.refuse(
                    ErrorCode.UNKNOWN_PARAMETER, "operation", name, "one such as data.get"));
    Refusals.atMost(name, arguments.length, maxMessage.bytes(), " bytes");
    var reply = reply(operation, JsonValues.readObject(arguments));
    try {
      return JsonValues.write(reply, maxMessage);
    } catch (IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.INTERNAL, name + ": " + e.getMessage() + " (expected: JSON)", e);
    }
  }

  private @Nullable Object reply(Operation operation, JsonObject arguments) {
    try {
      check(operation, arguments);
      return switch (operation) {
        case DATA_GET,
            DATA_GET_MANY,
            DATA_PUT,
            DATA_PATCH,
            DATA_DELETE,
            DATA_QUERY,
            INVOKE,
            PUBLISH,
            SEND ->
            door.call(operation, arguments);
        case SESSION_GET, SESSION_ALL, SESSION_PUT, SESSION_REMOVE, SESSION_REPLACE ->
            session(operation, arguments);
        case LOG -> {
          log.append(arguments.string("line"));
          yield null;
        }
        case CONTEXT -> context();
      };
    } catch (BadRequestException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, operation.wireName() + ": " + e.getMessage(), e);
    }
  }

  /** Exactly the names that the operation has, each of its type. */
  private static void check(Operation operation, JsonObject named) {
    switch (operation) {
      case DATA_GET -> texts(named.allow("dataset", "id"), "dataset", "id");
      case DATA_GET_MANY -> {
        texts(named.allow("dataset", "ids"), "dataset");
        int ids = named.strings("ids").size();
        Refusals.atMost("ids", ids, MAX_IDS, "");
      }
      case DATA_PUT -> {
        texts(named.allow("dataset", "id", "fields", "ifVersion"), "dataset", "id");
        object(named, "fields");
        condition(named);
      }
      case DATA_PATCH -> {
        texts(named.allow("dataset", "id", "patch", "ifVersion"), "dataset", "id");
        object(named, "patch");
        condition(named);
      }
      case DATA_DELETE -> {
        texts(named.allow("dataset", "id", "ifVersion"), "dataset", "id");
        condition(named);
      }
      case DATA_QUERY -> {
        texts(named.allow("dataset", "query"), "dataset");
        object(named, "query");
      }
      case INVOKE -> texts(named.allow("function", "event"), "function");
      case PUBLISH -> texts(named.allow("channel", "message"), "channel");
      case SEND -> texts(named.allow("connection", "message"), "connection");
      case SESSION_GET, SESSION_REMOVE -> texts(named.allow("name"), "name");
      case SESSION_PUT -> texts(named.allow("name", "value"), "name");
      case SESSION_REPLACE -> texts(named.allow("name", "expected", "value"), "name");
      case LOG -> {
        texts(named.allow("line"), "line");
        Refusals.atMost("line", named.string("line").length(), MAX_LINE, " characters");
      }
      case SESSION_ALL, CONTEXT -> named.allow();
    }
  }

  private static void texts(JsonObject named, String... names) {
    for (var name : names) {
      var _ = named.string(name);
    }
  }

  private static void object(JsonObject named, String name) {
    if (named.object(name).isEmpty()) {
      throw new BadRequestException(name + ": missing (expected: an object)");
    }
  }

  private static void condition(JsonObject named) {
    var _ = named.integer("ifVersion", 0, 0, Long.MAX_VALUE);
  }

  private @Nullable Object session(Operation operation, JsonObject arguments) {
    if (door.scope().session().isEmpty()) {
      throw Refusals.refuse(
          ErrorCode.INVALID_REQUEST, operation.wireName(), "no session", "a request with one");
    }
    return door.session(session -> {
      switch (operation) {
        case SESSION_GET -> {
          return session.get(arguments.string("name"));
        }
        case SESSION_PUT -> session.put(arguments.string("name"), value(arguments));
        case SESSION_REMOVE -> session.remove(arguments.string("name"));
        case SESSION_REPLACE -> {
          return session.replace(
              arguments.string("name"), arguments.get("expected"), value(arguments));
        }
        default -> {
          return JsonObject.of(session.all());
        }
      }
      return null;
    });
  }

  private static Object value(JsonObject arguments) {
    var value = arguments.get("value");
    if (value == null) {
      throw new BadRequestException("value: null (expected: a value; remove takes one away)");
    }
    return value;
  }

  private Map<String, Object> context() {
    var scope = door.scope();
    var known = new LinkedHashMap<String, Object>();
    known.put("function", scope.function().name());
    known.put("version", version.digest());
    known.put("tenant", scope.tenant());
    known.put("invocationId", scope.invocationId());
    known.put("traceId", scope.trace().traceId());
    known.put("traceparent", scope.trace().traceparent());
    known.put("remainingMillis", scope.deadline().remaining(ticker).toMillis());
    known.put("environment", version.environment());
    known.put("hasSession", scope.session().isPresent());
    return known;
  }
}
