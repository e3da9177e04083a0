package dev.heddle.aggregations;

import dev.heddle.function.Shard.FieldKind;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.time.Instant;

/** What numbers stand for: an answer shows dates as dates. */
enum ValueKind {
  NONE(0),
  LONG(1),
  DOUBLE(2),
  DATE(3);

  private static final ValueKind[] BY_CODE = {NONE, LONG, DOUBLE, DATE};

  private final int code;

  ValueKind(int code) {
    this.code = code;
  }

  void write(DataOutput out) throws IOException {
    out.writeByte(code);
  }

  static ValueKind read(DataInput in) throws IOException {
    int code = in.readUnsignedByte();
    if (code >= BY_CODE.length) {
      throw new IOException("kind of values: " + code + " (expected: 0..3)");
    }
    return BY_CODE[code];
  }

  static ValueKind of(FieldKind kind) {
    return switch (kind) {
      case LONG -> LONG;
      case DOUBLE -> DOUBLE;
      case DATE -> DATE;
      case TEXT, KEYWORD, GEO_POINT, STORED -> NONE;
    };
  }

  /** As an answer shows it: Long, Double, or an ISO-8601 instant. */
  Object value(double number) {
    return switch (this) {
      case LONG -> wholeOrFraction(number);
      case DATE -> date(Math.round(number));
      case NONE, DOUBLE -> number;
    };
  }

  static String date(long millis) {
    return Instant.ofEpochMilli(millis).toString();
  }

  /** A Long where nothing is lost. */
  static Object wholeOrFraction(double number) {
    return number == Math.rint(number) && Math.abs(number) < 0x1p63
        ? (Object) (long) number
        : number;
  }
}
