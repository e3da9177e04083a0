package dev.heddle.engine;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.StoppedException;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.lang.reflect.InvocationTargetException;
import org.jspecify.annotations.Nullable;

/**
 * What is told of a failure in a function's code: always as a HeddleException, naming function,
 * version and step where it is the function's own fault.
 *
 * @param label names function and version
 * @param rejected the code for requests that the function refuses
 */
record Failures(String label, ErrorCode rejected, @Nullable Deadline deadline, Ticker ticker) {
  private static final int MAX_MESSAGE = 1_000;

  /** Converts anything that user code, or the platform under it, threw. */
  HeddleException of(String step, Throwable thrown) {
    var cause =
        thrown instanceof InvocationTargetException wrapped && wrapped.getCause() != null
            ? wrapped.getCause()
            : thrown;
    return switch (cause) {
      // From the platform, through the user's code: user code cannot see the class.
      case HeddleException known -> known;
      case BadRequestException refused ->
          new HeddleException(rejected, String.valueOf(refused.getMessage()), refused);
      case StoppedException stopped -> stopped(stopped);
      case InterruptedException interrupted -> {
        Thread.currentThread().interrupt();
        yield new HeddleException(
            ErrorCode.CANCELLED, "function " + label + ": interrupted in " + step, interrupted);
      }
      case ExceptionInInitializerError broken when broken.getCause() != null ->
          failed(step, describe(broken.getCause()) + " in a static initializer", broken);
      case Throwable other -> failed(step, describe(other), other);
    };
  }

  private HeddleException stopped(StoppedException stopped) {
    boolean late = deadline != null && deadline.expired(ticker);
    return new HeddleException(
        late ? ErrorCode.DEADLINE_EXCEEDED : ErrorCode.CANCELLED,
        "function " + label + ": " + stopped.getMessage(),
        stopped);
  }

  HeddleException failed(String step, String what) {
    return failed(step, what, null);
  }

  private HeddleException failed(String step, String what, @Nullable Throwable cause) {
    return new HeddleException(
        ErrorCode.FUNCTION_FAILED, "function " + label + ": " + step + " failed: " + what, cause);
  }

  /** Class and message, even where the exception's own methods throw. */
  static String describe(Throwable thrown) {
    try {
      var text = thrown.toString();
      return text.length() <= MAX_MESSAGE ? text : text.substring(0, MAX_MESSAGE) + "…";
    } catch (Throwable broken) {
      return thrown.getClass().getName();
    }
  }
}
