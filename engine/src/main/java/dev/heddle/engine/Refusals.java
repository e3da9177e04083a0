package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;

/** The form in which wrong requests are refused. */
final class Refusals {
  private static final int MAX_SHOWN = 200;

  private Refusals() {}

  static HeddleException refuse(ErrorCode code, String path, Object value, String expected) {
    return new HeddleException(
        code, path + ": " + shown(String.valueOf(value)) + " (expected: " + expected + ")");
  }

  static HeddleException outOfRange(String path, Object value, String expected) {
    return refuse(ErrorCode.OUT_OF_RANGE, path, value, expected);
  }

  static HeddleException missing(String path, String expected) {
    return refuse(ErrorCode.INVALID_REQUEST, path, "missing", expected);
  }

  /** Refuses more than {@code max} of something. */
  static void atMost(String path, long count, long max, String unit) {
    if (count > max) {
      throw refuse(ErrorCode.TOO_LARGE, path, count + unit, "at most " + max + unit);
    }
  }

  private static String shown(String value) {
    return value.length() <= MAX_SHOWN ? value : value.substring(0, MAX_SHOWN) + "…";
  }
}
