package dev.heddle.engine;

import dev.heddle.catalog.FunctionVersion;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Context;
import dev.heddle.function.Data;
import dev.heddle.function.JsonObject;
import dev.heddle.function.PlatformException;
import dev.heddle.function.Session;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** What a handler in this process gets besides the event. Ends with the invocation. */
final class InvocationContext implements Context {
  private final FunctionVersion version;
  private final PlatformDoor door;
  private final Ticker ticker;
  private final InvocationLog log;

  InvocationContext(FunctionVersion version, PlatformDoor door, Ticker ticker, InvocationLog log) {
    this.version = version;
    this.door = door;
    this.ticker = ticker;
    this.log = log;
  }

  /** The platform's failures, as the function may see them; each keeps its code on its way out. */
  private static <T extends @Nullable Object> T told(Supplier<T> call) {
    try {
      return call.get();
    } catch (HeddleException e) {
      if (e.code().kind() == ErrorCode.Kind.USER) {
        var refused = new BadRequestException(e.getMessage());
        refused.initCause(e);
        throw refused;
      }
      throw new PlatformException(e.code().number(), e.code().name(), e.getMessage());
    }
  }

  private @Nullable Object ask(Operation operation, Map<String, ? extends @Nullable Object> named) {
    return told(() -> door.call(operation, JsonObject.of(named)));
  }

  @Override
  public String function() {
    return door.scope().function().name();
  }

  @Override
  public String version() {
    return version.digest();
  }

  @Override
  public String tenant() {
    return door.scope().tenant();
  }

  @Override
  public String invocationId() {
    return door.scope().invocationId();
  }

  @Override
  public String traceId() {
    return door.scope().trace().traceId();
  }

  @Override
  public String traceparent() {
    return door.scope().trace().traceparent();
  }

  @Override
  public Duration remaining() {
    return door.scope().deadline().remaining(ticker);
  }

  @Override
  public boolean hasSession() {
    return door.scope().session().isPresent();
  }

  @Override
  public Map<String, String> environment() {
    return version.environment();
  }

  @Override
  public @Nullable Object invoke(String function, @Nullable Object event) {
    var arguments = new LinkedHashMap<String, @Nullable Object>();
    arguments.put("function", function);
    arguments.put("event", event);
    return ask(Operation.INVOKE, arguments);
  }

  @Override
  public void publish(String channel, @Nullable Object message) {
    var arguments = new LinkedHashMap<String, @Nullable Object>();
    arguments.put("channel", channel);
    arguments.put("message", message);
    ask(Operation.PUBLISH, arguments);
  }

  @Override
  public void send(String connection, @Nullable Object message) {
    var arguments = new LinkedHashMap<String, @Nullable Object>();
    arguments.put("connection", connection);
    arguments.put("message", message);
    ask(Operation.SEND, arguments);
  }

  @Override
  public @Nullable Object parseJson(String text) {
    try {
      return JsonValues.read(text.getBytes(StandardCharsets.UTF_8));
    } catch (HeddleException e) {
      throw new BadRequestException(e.getMessage());
    }
  }

  @Override
  public String toJson(@Nullable Object value) {
    return new String(JsonValues.write(value), StandardCharsets.UTF_8);
  }

  @Override
  public void log(String line) {
    door.checkOpen();
    log.append(line);
  }

  @Override
  public Session session() {
    door.checkOpen();
    if (!hasSession()) {
      throw new IllegalStateException(
          "session: the request came without one (expected: ask hasSession() first)");
    }
    return new ParkedSession();
  }

  @Override
  public Data data() {
    return new Documents();
  }

  /** The session; whoever waits for its gateway holds nobody up. */
  private final class ParkedSession implements Session {
    @Override
    public @Nullable Object get(String name) {
      return told(() -> door.session(session -> session.get(name)));
    }

    @Override
    public Map<String, @Nullable Object> all() {
      return told(() -> door.session(Session::all));
    }

    @Override
    public void put(String name, Object value) {
      told(() ->
          door.session(session -> {
            session.put(name, value);
            return Boolean.TRUE;
          }));
    }

    @Override
    public void remove(String name) {
      told(() ->
          door.session(session -> {
            session.remove(name);
            return Boolean.TRUE;
          }));
    }

    @Override
    public boolean replace(String name, @Nullable Object expected, Object value) {
      return told(() -> door.session(session -> session.replace(name, expected, value)));
    }
  }

  private final class Documents implements Data {
    private Map<String, @Nullable Object> of(String dataset, String name, @Nullable Object value) {
      var arguments = new LinkedHashMap<String, @Nullable Object>();
      arguments.put("dataset", dataset);
      arguments.put(name, value);
      return arguments;
    }

    @Override
    public Optional<Document> get(String dataset, String id) {
      return Optional.ofNullable(ask(Operation.DATA_GET, of(dataset, "id", id)))
          .map(this::document);
    }

    @Override
    public List<Document> get(String dataset, List<String> ids) {
      var found = ask(Operation.DATA_GET_MANY, of(dataset, "ids", ids));
      if (!(found instanceof List<?> list)) {
        throw unexpected(found);
      }
      return list.stream().map(this::document).toList();
    }

    private Document document(@Nullable Object reply) {
      if (reply instanceof JsonObject found && found.get("version") instanceof Long number) {
        return new Document(
            found.string("id"), number, found.object("fields").orElse(JsonObject.EMPTY));
      }
      throw unexpected(reply);
    }

    private PlatformException unexpected(@Nullable Object reply) {
      return new PlatformException(
          ErrorCode.INTERNAL.number(),
          ErrorCode.INTERNAL.name(),
          "data: an answer of another form: " + (reply == null ? null : reply.getClass()));
    }

    @Override
    public long put(String dataset, String id, Map<String, ?> fields, OptionalLong ifVersion) {
      var arguments = of(dataset, "id", id);
      arguments.put("fields", fields);
      return written(Operation.DATA_PUT, arguments, ifVersion);
    }

    @Override
    public long patch(String dataset, String id, Map<String, ?> patch, OptionalLong ifVersion) {
      var arguments = of(dataset, "id", id);
      arguments.put("patch", patch);
      return written(Operation.DATA_PATCH, arguments, ifVersion);
    }

    private long written(
        Operation operation, Map<String, @Nullable Object> arguments, OptionalLong ifVersion) {
      ifVersion.ifPresent(version -> arguments.put("ifVersion", version));
      var reply = ask(operation, arguments);
      if (reply instanceof JsonObject done && done.get("version") instanceof Long number) {
        return number;
      }
      throw unexpected(reply);
    }

    @Override
    public boolean delete(String dataset, String id, OptionalLong ifVersion) {
      var arguments = of(dataset, "id", id);
      ifVersion.ifPresent(version -> arguments.put("ifVersion", version));
      var reply = ask(Operation.DATA_DELETE, arguments);
      if (reply instanceof JsonObject done && done.get("deleted") instanceof Boolean deleted) {
        return deleted;
      }
      throw unexpected(reply);
    }

    @Override
    public JsonObject query(String dataset, Map<String, ?> query) {
      var reply = ask(Operation.DATA_QUERY, of(dataset, "query", query));
      if (reply instanceof JsonObject answer) {
        return answer;
      }
      throw unexpected(reply);
    }
  }
}
