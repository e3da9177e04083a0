package dev.heddle.engine;

import dev.heddle.function.Shard.TopDocument;
import dev.heddle.process.ErrorCode;
import dev.heddle.v1.Value;
import org.jspecify.annotations.Nullable;

/** Scalar values: String, Long, Double, Boolean. */
final class ValueWire {
  private ValueWire() {}

  /** The value; refuses an empty one and a double that is not a number. */
  static Object read(Value value, String path, int maxText) {
    return switch (value.getKindCase()) {
      case STRING_VALUE -> {
        Refusals.atMost(path, value.getStringValue().length(), maxText, " characters");
        yield value.getStringValue();
      }
      case LONG_VALUE -> value.getLongValue();
      case DOUBLE_VALUE -> {
        if (Double.isNaN(value.getDoubleValue())) {
          throw Refusals.refuse(ErrorCode.TYPE_MISMATCH, path, value.getDoubleValue(), "a number");
        }
        yield value.getDoubleValue();
      }
      case BOOL_VALUE -> value.getBoolValue();
      case KIND_NOT_SET -> throw Refusals.missing(path, "a string, number or boolean");
    };
  }

  static Value write(Object value) {
    return switch (value) {
      case String text -> Value.newBuilder().setStringValue(text).build();
      case Long number -> Value.newBuilder().setLongValue(number).build();
      case Integer number -> Value.newBuilder().setLongValue(number).build();
      case Double number -> Value.newBuilder().setDoubleValue(number).build();
      case Float number -> Value.newBuilder().setDoubleValue(number).build();
      case Boolean bool -> Value.newBuilder().setBoolValue(bool).build();
      default ->
          throw new IllegalArgumentException(
              "value: " + value.getClass().getName() + " (expected: a string, number or boolean)");
    };
  }

  /** A value that a hit was sorted by; without a kind where the document has none. */
  static Value writeSortValue(Object value) {
    return value.equals(TopDocument.MISSING) ? Value.getDefaultInstance() : write(value);
  }

  static @Nullable Object readBound(boolean present, Value value, String path, int maxText) {
    return present ? read(value, path, maxText) : null;
  }
}
