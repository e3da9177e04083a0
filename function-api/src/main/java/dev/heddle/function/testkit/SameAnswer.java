package dev.heddle.function.testkit;

import dev.heddle.function.JsonObject;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Whether two answers are the same; numbers may differ in their last digits. */
final class SameAnswer {
  private static final double TOLERANCE = 1e-6;

  private SameAnswer() {}

  static boolean same(@Nullable Object a, @Nullable Object b) {
    if (a instanceof Number x && b instanceof Number y) {
      double difference = Math.abs(x.doubleValue() - y.doubleValue());
      return difference <= TOLERANCE * Math.max(1, Math.abs(x.doubleValue())) || x.equals(y);
    }
    if (a instanceof JsonObject x && b instanceof JsonObject y) {
      return same(x.asMap(), y.asMap());
    }
    if (a instanceof Map<?, ?> x && b instanceof Map<?, ?> y) {
      return x.keySet().equals(y.keySet())
          && x.keySet().stream().allMatch(name -> same(x.get(name), y.get(name)));
    }
    if (a instanceof List<?> x && b instanceof List<?> y) {
      if (x.size() != y.size()) {
        return false;
      }
      for (int i = 0; i < x.size(); i++) {
        if (!same(x.get(i), y.get(i))) {
          return false;
        }
      }
      return true;
    }
    return Objects.equals(a, b);
  }
}
