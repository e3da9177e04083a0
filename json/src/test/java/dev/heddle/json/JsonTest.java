package dev.heddle.json;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class JsonTest {
  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static HeddleException refused(String text) {
    return assertThrows(HeddleException.class, () -> Json.check(bytes(text)), text);
  }

  @Test
  void aCheckTakesWhatCanBeParsed() {
    for (String json :
        List.of("1", " null ", "\"a\\u00e4\"", "{\"a\":[1,2.5e3,{\"a\":1}]}", "[[],[{}]]", "-0")) {
      assertDoesNotThrow(() -> Json.parse(bytes(json)), json);
      assertDoesNotThrow(() -> Json.check(bytes(json)), json);
    }
  }

  @Test
  void aCheckRefusesWhatCannotBeParsed() {
    for (String json :
        List.of(
            "",
            "  ",
            "{\"a\":}",
            "{\"a\":1,\"a\":2}",
            "[{\"b\":{\"c\":1,\"c\":1}}]",
            "{} {}",
            "1 2",
            "[1",
            "nul",
            "01",
            "\"a",
            "\"\\x\"",
            "{'a':1}",
            "NaN")) {
      var expected = assertThrows(HeddleException.class, () -> Json.parse(bytes(json)), json);
      assertEquals(expected.code(), refused(json).code(), json);
      assertEquals(ErrorCode.MALFORMED_JSON, expected.code(), json);
    }
    assertEquals(ErrorCode.TOO_LARGE, refused("[".repeat(200) + "]".repeat(200)).code());
  }

  @Test
  void aCheckSaysWhereItIsWrong() {
    var message = String.valueOf(refused("{\n \"k\":}").getMessage());
    assertTrue(message.contains("line 2, column 6"), message);
  }
}
