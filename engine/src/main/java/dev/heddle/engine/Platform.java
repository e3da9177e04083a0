package dev.heddle.engine;

import dev.heddle.function.JsonObject;
import dev.heddle.process.HeddleException;
import org.jspecify.annotations.Nullable;

/**
 * Does for functions what lies outside the engine: {@code data.*}, {@code invoke}, {@code publish},
 * {@code send}, {@code session.*}. The engine itself answers {@code log} and {@code context}.
 *
 * <p>Safe for any thread; blocks the caller until done or the invocation's deadline.
 */
@FunctionalInterface
public interface Platform {
  /**
   * Does one operation for an invocation, and adds what that cost and saw to its scope.
   *
   * @param arguments plain JSON values by name, as {@link Operation} says
   * @return a plain JSON value
   * @throws HeddleException for what was refused or failed, in the caller's terms
   */
  @Nullable Object call(Operation operation, JsonObject arguments, InvocationScope scope);
}
