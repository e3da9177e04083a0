package dev.heddle.function.testkit;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Context;
import dev.heddle.function.Data;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import dev.heddle.function.Session;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * What a handler gets besides the event, for tests: it answers what the test gave it, and remembers
 * what the handler did. One thread at a time.
 *
 * <pre>{@code
 * var context = new TestContext().with(new InMemoryData().dataset("films"));
 * var reply = context.handle(new MyHandler(), "{\"id\":\"1\"}");
 * assertEquals(List.of("looked up 1"), context.lines());
 * }</pre>
 */
public final class TestContext implements Context {
  /** A message that the handler sent or published. */
  public record Message(String to, @Nullable Object message) {}

  private final Map<String, String> environment = new TreeMap<>();
  private final Map<String, Function<@Nullable Object, @Nullable Object>> functions =
      new TreeMap<>();
  private final List<String> lines = new ArrayList<>();
  private final List<Message> published = new ArrayList<>();
  private final List<Message> sent = new ArrayList<>();
  private Optional<Session> session = Optional.empty();
  private Data data = new InMemoryData();
  private Duration remaining = Duration.ofSeconds(30);

  /** With datasets. */
  public TestContext with(Data datasets) {
    data = datasets;
    return this;
  }

  /** As for a request that came with a cookie session. */
  public TestContext with(Session attributes) {
    session = Optional.of(attributes);
    return this;
  }

  /** With a variable of the environment. */
  public TestContext variable(String name, String value) {
    environment.put(name, value);
    return this;
  }

  /** With a function of the tenant that answers as given. */
  public TestContext function(String name, Function<@Nullable Object, @Nullable Object> reply) {
    functions.put(name, reply);
    return this;
  }

  /** With so much time left until the deadline. */
  public TestContext remaining(Duration time) {
    remaining = time;
    return this;
  }

  /**
   * Runs a handler on JSON text, as the platform would.
   *
   * @return its reply as JSON text
   */
  public String handle(Handler handler, String event) throws Exception {
    return toJson(handler.handle(new Event(parseJson(event)), this));
  }

  /** What was logged. */
  public List<String> lines() {
    return List.copyOf(lines);
  }

  /** What was published, to channels. */
  public List<Message> published() {
    return List.copyOf(published);
  }

  /** What was sent, to connections. */
  public List<Message> sent() {
    return List.copyOf(sent);
  }

  @Override
  public String function() {
    return "function";
  }

  @Override
  public String version() {
    return "0".repeat(64);
  }

  @Override
  public String tenant() {
    return "default";
  }

  @Override
  public String invocationId() {
    return "1";
  }

  @Override
  public String traceId() {
    return "0af7651916cd43dd8448eb211c80319c";
  }

  @Override
  public String traceparent() {
    return "00-" + traceId() + "-b7ad6b7169203331-00";
  }

  @Override
  public Duration remaining() {
    return remaining;
  }

  @Override
  public Session session() {
    return session.orElseThrow(() ->
        new IllegalStateException(
            "session: the request came without one (expected: ask hasSession() first)"));
  }

  @Override
  public boolean hasSession() {
    return session.isPresent();
  }

  @Override
  public Map<String, String> environment() {
    return Collections.unmodifiableMap(environment);
  }

  @Override
  public Data data() {
    return data;
  }

  /** Event and reply go through JSON, as they do between sandboxes. */
  @Override
  public @Nullable Object invoke(String function, @Nullable Object event) {
    var callee = functions.get(function);
    if (callee == null) {
      throw new BadRequestException(
          "function: " + function + " (expected: one of " + functions.keySet() + ")");
    }
    return parseJson(toJson(callee.apply(parseJson(toJson(event)))));
  }

  @Override
  public void publish(String channel, @Nullable Object message) {
    published.add(new Message(channel, parseJson(toJson(message))));
  }

  @Override
  public void send(String connection, @Nullable Object message) {
    sent.add(new Message(connection, parseJson(toJson(message))));
  }

  @Override
  public @Nullable Object parseJson(String text) {
    return PlainJson.read(text);
  }

  @Override
  public String toJson(@Nullable Object value) {
    return PlainJson.write(value);
  }

  @Override
  public void log(String line) {
    lines.add(line);
  }
}
