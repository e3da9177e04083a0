package dev.heddle.json;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.v1.BulkItem;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BulkJsonWireTest {
  private static BulkJsonWire.Line read(String line) {
    return read(line, StandardCharsets.UTF_8);
  }

  private static BulkJsonWire.Line read(String line, Charset charset) {
    byte[] bytes = (line + "garbage behind the line").getBytes(charset);
    int length = line.getBytes(charset).length;
    return BulkJsonWire.read(bytes, length, DataSize.ofBytes(100));
  }

  private static BulkItem item(String line) {
    BulkJsonWire.Line read = read(line);
    assertNull(read.error(), line);
    return read.item();
  }

  @Test
  void readsEveryOperation() {
    BulkItem put = item("{\"put\":{\"id\":\"ä\",\"document\":{\"t\":\"x\"},\"ifVersion\":0}}");
    assertEquals("ä", put.getId());
    assertEquals("{\"t\":\"x\"}", put.getPutJson().toStringUtf8());
    assertEquals(0, put.getIfVersion());
    BulkItem patch = item(" {\"patch\" : { \"document\" : {\"t\":null} , \"id\":\"a\"} } \r");
    assertEquals("{\"t\":null}", patch.getPatchJson().toStringUtf8());
    assertFalse(patch.hasIfVersion());
    BulkItem delete = item("{\"delete\":{\"id\":\"a\",\"ifVersion\":999999999999999999}}");
    assertEquals(BulkItem.OperationCase.DELETE, delete.getOperationCase());
    assertEquals(999_999_999_999_999_999L, delete.getIfVersion());
    assertFalse(item("{\"delete\":{\"id\":\"a\",\"ifVersion\":null}}").hasIfVersion());
  }

  @Test
  void passesADocumentOnByteByByte() {
    String document =
        "{ \"n\":1.10, \"big\":12345678901234567890.123, \"e\":1E400, \"s\":\"\\u00e4ü\" }";
    assertEquals(
        document,
        item("{\"put\":{\"id\":\"a\",\"document\":" + document + "}}").getPutJson().toStringUtf8());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      quoteCharacter = '`',
      value = {
        "7 ~ TYPE_MISMATCH ~ line: 7 (expected: an object)",
        "[] ~ TYPE_MISMATCH ~ line: an array (expected: an object)",
        "{} ~ INVALID_REQUEST ~ line: {} (expected: exactly one of put, patch, delete)",
        "{'update':{}} ~ UNKNOWN_PARAMETER ~ update: unknown (expected: one of put, patch, delete)",
        "{'put':[]} ~ TYPE_MISMATCH ~ put: an array (expected: an object)",
        "{'put':{}} ~ INVALID_REQUEST ~ put.id: missing (expected: a value)",
        "{'put':{'id':'a'}} ~ INVALID_REQUEST ~ put.document: missing (expected: a value)",
        "{'put':{'id':'a','document':null}} ~ INVALID_REQUEST ~ put.document: missing (expected: a"
            + " value)",
        "{'put':{'id':7,'document':{}}} ~ TYPE_MISMATCH ~ put.id: 7 (expected: a string)",
        "{'put':{'id':'','document':{}}} ~ INVALID_DOCUMENT ~ put.id: 0 bytes (expected: 1..512"
            + " bytes in UTF-8)",
        "{'put':{'id':'a','document':[]}} ~ INVALID_DOCUMENT ~ put.document: not an object"
            + " (expected: a JSON object)",
        "{'put':{'id':'a','doc':{}}} ~ UNKNOWN_PARAMETER ~ put.doc: unknown (expected: one of id,"
            + " document, ifVersion)",
        "{'delete':{'id':'a','document':{}}} ~ UNKNOWN_PARAMETER ~ delete.document: unknown"
            + " (expected: one of id, ifVersion)",
        "{'delete':{'id':'a','ifVersion':'1'}} ~ TYPE_MISMATCH ~ delete.ifVersion: 1 (expected: an"
            + " integer)",
        "{'delete':{'id':'a','ifVersion':-1}} ~ OUT_OF_RANGE ~ delete.ifVersion: -1 (expected:"
            + " 0..999999999999999999)",
        "{'delete':{'id':'a','ifVersion':99999999999999999999999}} ~ OUT_OF_RANGE ~"
            + " delete.ifVersion: 99999999999999999999999 (expected: 0..999999999999999999)",
        "{'delete':{'id':'a'},'put':{}} ~ INVALID_REQUEST ~ line: delete, put (expected: exactly"
            + " one of put, patch, delete)",
        "{'delete':{'id':'a'}} {} ~ MALFORMED_JSON ~ line: more after the object (expected: one"
            + " JSON object a line)",
      })
  void refusesNamingPathValueAndWhatWasExpected(String line, ErrorCode code, String message) {
    var error = requireNonNull(read(line.replace('\'', '"')).error());
    assertEquals(message, error.getMessage());
    assertEquals(code, error.code());
  }

  private static void assertCode(ErrorCode code, BulkJsonWire.Line line) {
    assertEquals(code, requireNonNull(line.error()).code());
  }

  @Test
  void refusesWhatIsNotJsonInUtf8() {
    for (String line :
        new String[] {
          "no json",
          "{",
          "{\"put\":{\"id\":\"a\",\"document\":{\"a\":1}",
          "{\"put\":{\"id\":\"a\",\"document\":{\"a\":1,}}}",
          "{\"put\":{\"id\":\"a\",\"document\":{\"a\":01}}}",
          "{\"put\":{\"id\":\"a\",\"document\":{\"a\":\"\\x\"}}}",
          "{\"put\":{\"id\":\"a\",\"document\":{\"a\":\"\t\"}}}",
          "{\"put\":{\"id\":\"a\",\"document\":{\"a\":1,\"a\":2}}}",
          "{\"put\":{\"id\":\"a\",\"id\":\"b\",\"document\":{}}}",
        }) {
      assertCode(ErrorCode.MALFORMED_JSON, read(line));
    }
    String whole = "{\"put\":{\"id\":\"a\",\"document\":{\"a\":\"ä\"}}}";
    assertCode(ErrorCode.MALFORMED_JSON, read(whole, StandardCharsets.ISO_8859_1));
    assertCode(ErrorCode.MALFORMED_JSON, read(whole, StandardCharsets.UTF_16BE));
    assertCode(ErrorCode.MALFORMED_JSON, read(whole, StandardCharsets.UTF_16LE));
  }

  @Test
  void refusesTooLargeAndTooDeepDocuments() {
    String large = "{\"put\":{\"id\":\"a\",\"document\":{\"a\":\"" + "x".repeat(100) + "\"}}}";
    var line = read(large);
    assertCode(ErrorCode.TOO_LARGE, line);
    assertEquals("a", line.item().getId());
    String deep = "{\"a\":".repeat(120) + "1" + "}".repeat(120);
    assertCode(ErrorCode.TOO_LARGE, read("{\"put\":{\"id\":\"a\",\"document\":" + deep + "}}"));
    String id = "{\"delete\":{\"id\":\"" + "x".repeat(513) + "\"}}";
    assertCode(ErrorCode.INVALID_DOCUMENT, read(id));
  }
}
