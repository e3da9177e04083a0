package dev.heddle.engine;

import dev.heddle.catalog.FunctionVersion;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Context;
import dev.heddle.function.Session;
import dev.heddle.process.Deadline;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What a handler gets besides the event. Ends with the invocation. */
final class InvocationContext implements Context {
  private final FunctionRef ref;
  private final FunctionVersion version;
  private final Invocation invocation;
  private final Deadline deadline;
  private final Ticker ticker;
  private final InvocationLog log;
  private volatile boolean ended;

  InvocationContext(
      FunctionRef ref,
      FunctionVersion version,
      Invocation invocation,
      Deadline deadline,
      Ticker ticker,
      InvocationLog log) {
    this.ref = ref;
    this.version = version;
    this.invocation = invocation;
    this.deadline = deadline;
    this.ticker = ticker;
    this.log = log;
  }

  void end() {
    ended = true;
  }

  private void checkOpen() {
    if (ended) {
      throw new IllegalStateException("context: used after the handler's end");
    }
  }

  @Override
  public String function() {
    return ref.name();
  }

  @Override
  public String version() {
    return version.digest();
  }

  @Override
  public String tenant() {
    return invocation.tenant();
  }

  @Override
  public String invocationId() {
    return invocation.id();
  }

  @Override
  public String traceId() {
    return invocation.traceId();
  }

  @Override
  public Duration remaining() {
    return deadline.remaining(ticker);
  }

  @Override
  public Session session() {
    checkOpen();
    return invocation
        .session()
        .orElseThrow(() ->
            new IllegalStateException(
                "session: the request came without one (expected: ask hasSession() first)"));
  }

  @Override
  public boolean hasSession() {
    return invocation.session().isPresent();
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
    checkOpen();
    log.append(line);
  }
}
