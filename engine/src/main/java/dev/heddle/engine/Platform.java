package dev.heddle.engine;

import dev.heddle.function.JsonObject;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import org.jspecify.annotations.Nullable;

/**
 * Does for functions what lies outside the engine: {@code data.*}, {@code invoke}, {@code publish},
 * {@code send}. The engine itself answers {@code session.*}, {@code log} and {@code context}.
 *
 * <p>Safe for any thread; blocks the caller until done or the invocation's deadline.
 */
@FunctionalInterface
public interface Platform {
  /** Offers nothing: for nodes that run no handlers. */
  Platform NONE =
      (operation, arguments, scope) -> {
        throw Refusals.refuse(
            ErrorCode.NOT_OFFERED, "operation", operation.wireName(), "a node that offers it");
      };

  /**
   * Does one operation for an invocation, and adds what that cost and saw to its scope.
   *
   * @param arguments plain JSON values by name, as {@link Operation} says
   * @return a plain JSON value
   * @throws HeddleException for what was refused or failed, in the caller's terms
   */
  @Nullable Object call(Operation operation, JsonObject arguments, InvocationScope scope);
}
