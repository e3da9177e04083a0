package dev.heddle.engine;

import dev.heddle.function.JsonObject;
import dev.heddle.function.Session;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The one way by which an invocation asks the platform for something that takes time. Closed with
 * the invocation. Safe for any thread: a handler may have several.
 */
final class PlatformDoor {
  /** Told while a thread waits for others. */
  interface Parking {
    void park();

    void unpark();
  }

  private final Platform platform;
  private final InvocationScope scope;
  private final Parking parking;
  private final Ticker ticker;
  private final int maxCalls;
  private final AtomicInteger calls = new AtomicInteger();
  private volatile boolean closed;

  PlatformDoor(
      Platform platform, InvocationScope scope, Parking parking, Ticker ticker, int maxCalls) {
    this.platform = platform;
    this.scope = scope;
    this.parking = parking;
    this.ticker = ticker;
    this.maxCalls = maxCalls;
  }

  void close() {
    closed = true;
  }

  void checkOpen() {
    if (closed) {
      throw new IllegalStateException("context: used after the handler's end");
    }
  }

  InvocationScope scope() {
    return scope;
  }

  /**
   * Asks the platform and waits.
   *
   * @throws HeddleException for what was refused or failed
   */
  @Nullable Object call(Operation operation, JsonObject arguments) {
    if (operation == Operation.INVOKE && scope.depth() >= InvocationScope.MAX_DEPTH) {
      throw Refusals.refuse(
          ErrorCode.LIMIT_REACHED,
          "invoke",
          "calls within calls " + (scope.depth() + 1) + " deep",
          "at most " + InvocationScope.MAX_DEPTH);
    }
    return waiting(() -> platform.call(operation, arguments, scope));
  }

  /**
   * Does something with the session behind the request.
   *
   * @throws IllegalStateException if there is none
   */
  <T extends @Nullable Object> T session(Function<Session, T> body) {
    var session =
        scope
            .session()
            .orElseThrow(() ->
                new IllegalStateException(
                    "session: the request came without one (expected: ask hasSession() first)"));
    return waiting(() -> body.apply(session));
  }

  private <T extends @Nullable Object> T waiting(Supplier<T> body) {
    checkOpen();
    if (calls.incrementAndGet() > maxCalls) {
      throw Refusals.refuse(
          ErrorCode.LIMIT_REACHED,
          "platform calls of one invocation",
          "more than " + maxCalls,
          "at most " + maxCalls);
    }
    if (scope.deadline().expired(ticker)) {
      throw Refusals.refuse(ErrorCode.DEADLINE_EXCEEDED, "platform call", "no time left", "some");
    }
    parking.park();
    try {
      return body.get();
    } finally {
      parking.unpark();
    }
  }
}
