package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.function.JsonObject;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class JsonValuesTest {
  private static @Nullable Object read(String json) {
    return JsonValues.read(json.getBytes(StandardCharsets.UTF_8));
  }

  private static String write(@Nullable Object value) {
    return new String(JsonValues.write(value), StandardCharsets.UTF_8);
  }

  @Test
  void readsWhatItWrote() {
    for (var json :
        List.of(
            "null",
            "true",
            "-7",
            "9223372036854775807",
            "0.25",
            "1.0E100",
            "\"a \\\" ü \\u0001\"",
            "[]",
            "[1,[2,{}],null]",
            "{\"b\":1,\"a\":{\"c\":[false]}}")) {
      assertEquals(json, write(read(json)));
    }
  }

  @Test
  void readsPlainTypes() {
    assertEquals(5L, read("5"));
    assertEquals(5.0, read("5.0"));
    assertEquals(1e20, read("100000000000000000000"));
    assertEquals(List.of("a"), read("[\"a\"]"));
    assertEquals(JsonObject.of(Map.of("a", 1)), read("{\"a\":1}"));
    assertTrue(read("[1]") instanceof List<?> list && isUnchangeable(list));
  }

  private static boolean isUnchangeable(List<?> list) {
    return assertThrows(UnsupportedOperationException.class, list::clear) != null;
  }

  @Test
  void refusesWhatIsNoJson() {
    for (var json :
        List.of(
            "", " ", "{", "[1,]", "{\"a\":1,}", "1 2", "nul", "'a'", "NaN", "1e999", "\"\n\"")) {
      fails(ErrorCode.MALFORMED_JSON, () -> read(json));
    }
    fails(
        ErrorCode.MALFORMED_JSON,
        "json: two members a in one object (expected: one)",
        () -> read("{\"a\":1,\"a\":2}"));
    int deepest = JsonValues.MAX_DEPTH;
    var _ = read("[".repeat(deepest) + "]".repeat(deepest));
    fails(ErrorCode.MALFORMED_JSON, () -> read("[".repeat(deepest + 1) + "]".repeat(deepest + 1)));
    fails(ErrorCode.MALFORMED_JSON, () -> read("9".repeat(2_000)));
    fails(
        ErrorCode.TYPE_MISMATCH,
        "json: another value (expected: a JSON object)",
        () -> JsonValues.readObject(new byte[] {'1'}));
  }

  @Test
  void writesWhatJavaCodeReturns() {
    assertEquals(
        "[1,2,3,4,0.5,\"c\",null,[null],{\"a\":5}]",
        write(
            Arrays.asList(
                (byte) 1,
                (short) 2,
                3,
                BigInteger.valueOf(4),
                0.5f,
                'c',
                JsonObject.NULL,
                Arrays.asList((Object) null),
                Map.of("a", 5))));
  }

  @Test
  void refusesToWriteWhatIsNoJson() {
    for (Object value :
        List.of(Double.NaN, Float.POSITIVE_INFINITY, new Object(), Map.of(1, 2), new int[0])) {
      assertThrows(IllegalArgumentException.class, () -> write(value));
    }
  }

  @Test
  void boundsWhatItWrites() {
    var endless = new ArrayList<@Nullable Object>();
    endless.add(endless);
    assertThrows(IllegalArgumentException.class, () -> write(endless));
    fails(
        ErrorCode.LIMIT_REACHED,
        "json: more than 1KiB (expected: at most 1KiB)",
        () -> JsonValues.write("x".repeat(2_000), DataSize.ofKiB(1)));
  }

  @Test
  void checksTextAsItReadsIt() {
    for (var text : new String[] {"1", " {\"a\":[1,{}]} ", "null", "\"x\""}) {
      JsonValues.check(text.getBytes(StandardCharsets.UTF_8));
    }
    for (var text : new String[] {"", "{", "1 2", "[1,]", "{\"a\"}", "nul", "[".repeat(100)}) {
      var bytes = text.getBytes(StandardCharsets.UTF_8);
      fails(ErrorCode.MALFORMED_JSON, () -> JsonValues.check(bytes));
      fails(ErrorCode.MALFORMED_JSON, () -> JsonValues.read(bytes));
    }
  }
}
