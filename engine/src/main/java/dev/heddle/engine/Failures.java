package dev.heddle.engine;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.PlatformException;
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
 * <ul>
 *   <li>{@code rejected}, in the function's own words, where it refuses the request as a bad one;
 *   <li>the code of a platform's failure that the function let through;
 *   <li>FUNCTION_INIT_FAILED where it could not be created, FUNCTION_MERGE_FAILED where the merge
 *       or finish of a scatter function failed, FUNCTION_RESULT_INVALID where its answer is no
 *       JSON, FUNCTION_MEMORY_EXCEEDED where it ran out of memory;
 *   <li>DEADLINE_EXCEEDED or CANCELLED where the platform stopped it;
 *   <li>FUNCTION_FAILED for all the rest.
 * </ul>
 *
 * @param label names function and version
 * @param rejected the code for requests that the function refuses
 * @param deadline null where there is none
 */
public record Failures(
    String label, ErrorCode rejected, @Nullable Deadline deadline, Ticker ticker) {
  /** The step in which an instance is made. */
  public static final String INIT = "constructor";

  /** The step in which the answer is made into JSON. */
  public static final String RESULT = "result";

  private static final int MAX_MESSAGE = 1_000;

  /** Converts anything that user code, or the platform under it, threw. */
  public HeddleException of(String step, Throwable thrown) {
    var cause =
        thrown instanceof InvocationTargetException wrapped && wrapped.getCause() != null
            ? wrapped.getCause()
            : thrown;
    return switch (cause) {
      // From the platform, through the user's code: user code cannot see the class.
      case HeddleException known when known.code() == ErrorCode.CANCELLED ->
          stopped(String.valueOf(known.getMessage()), known);
      case HeddleException known -> known;
      case BadRequestException refused -> refused(refused);
      case PlatformException failure -> platform(failure);
      case StoppedException stopped ->
          stopped("function " + label + ": " + stopped.getMessage(), stopped);
      case InterruptedException interrupted -> {
        Thread.currentThread().interrupt();
        yield stopped("function " + label + ": interrupted in " + step, interrupted);
      }
      case OutOfMemoryError empty ->
          failed(ErrorCode.FUNCTION_MEMORY_EXCEEDED, step, describe(empty), empty);
      case ExceptionInInitializerError broken when broken.getCause() != null ->
          failed(
              code(step), step, describe(broken.getCause()) + " in a static initializer", broken);
      case Throwable other -> failed(code(step), step, describe(other), other);
    };
  }

  private static ErrorCode code(String step) {
    return switch (step) {
      case INIT -> ErrorCode.FUNCTION_INIT_FAILED;
      case "merge", "finish" -> ErrorCode.FUNCTION_MERGE_FAILED;
      case RESULT -> ErrorCode.FUNCTION_RESULT_INVALID;
      default -> ErrorCode.FUNCTION_FAILED;
    };
  }

  /** The function's own refusal, or one of the platform's that the function let through. */
  private HeddleException refused(BadRequestException refused) {
    return refused.getCause() instanceof HeddleException known
        ? new HeddleException(
            known.code(), "function " + label + ": " + refused.getMessage(), refused)
        : new HeddleException(rejected, String.valueOf(refused.getMessage()), refused);
  }

  private HeddleException platform(PlatformException failure) {
    return new HeddleException(
        ErrorCode.of(failure.code()).orElse(ErrorCode.FUNCTION_FAILED),
        "function " + label + ": " + failure.getMessage(),
        failure);
  }

  private HeddleException stopped(String message, Throwable cause) {
    return new HeddleException(
        late() ? ErrorCode.DEADLINE_EXCEEDED : ErrorCode.CANCELLED, message, cause);
  }

  private boolean late() {
    return deadline != null && deadline.expired(ticker);
  }

  HeddleException failed(String step, String what) {
    return failed(code(step), step, what, null);
  }

  /** The function failed in a step: {@code function f@1a2b3c4d: handle failed: what}. */
  public HeddleException failed(
      ErrorCode code, String step, String what, @Nullable Throwable cause) {
    return new HeddleException(code, "function " + label + ": " + step + " failed: " + what, cause);
  }

  /** What the function answered is larger than it may be. */
  public HeddleException resultTooLarge(String what, Object max) {
    return new HeddleException(
        ErrorCode.FUNCTION_RESULT_TOO_LARGE,
        "function %s: %s larger than %s (expected: at most that)".formatted(label, what, max));
  }

  /** Class and message, even where the exception's own methods throw; at most 1,000 characters. */
  public static String describe(Throwable thrown) {
    try {
      var text = thrown.toString();
      return text.length() <= MAX_MESSAGE ? text : text.substring(0, MAX_MESSAGE) + "…";
    } catch (Throwable broken) {
      return thrown.getClass().getName();
    }
  }
}
