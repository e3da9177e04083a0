package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class MergePatchTest {
  private static final JsonMapper JSON = JsonMapper.builder().build();

  /** Those of appendix A of RFC 7396 whose document and patch are objects. */
  @Test
  void theExamplesOfTheStandardHold() {
    assertPatched("{'a':'c'}", "{'a':'b'}", "{'a':'c'}");
    assertPatched("{'a':'b','b':'c'}", "{'a':'b'}", "{'b':'c'}");
    assertPatched("{}", "{'a':'b'}", "{'a':null}");
    assertPatched("{'b':'c'}", "{'a':'b','b':'c'}", "{'a':null}");
    assertPatched("{'a':'c'}", "{'a':['b']}", "{'a':'c'}");
    assertPatched("{'a':['b']}", "{'a':'c'}", "{'a':['b']}");
    assertPatched("{'a':{'b':'d'}}", "{'a':{'b':'c'}}", "{'a':{'b':'d','c':null}}");
    assertPatched("{'a':[1]}", "{'a':[{'b':'c'}]}", "{'a':[1]}");
    assertPatched("{'e':null,'a':1}", "{'e':null}", "{'a':1}");
    assertPatched("{'a':{'bb':{}}}", "{}", "{'a':{'bb':{'ccc':null}}}");
    assertPatched(
        "{'title':'Hello!','author':{'givenName':'John'},'tags':['example'],"
            + "'content':'This will be unchanged','phoneNumber':'+01-123-456-7890'}",
        "{'title':'Goodbye!','author':{'givenName':'John','familyName':'Doe'},"
            + "'tags':['example','sample'],'content':'This will be unchanged'}",
        "{'title':'Hello!','phoneNumber':'+01-123-456-7890','author':{'familyName':null},"
            + "'tags':['example']}");
  }

  @Test
  void aPatchThatIsNoObjectIsRefused() {
    for (String patch : new String[] {"['c']", "null", "'bar'", "7", "true", ""}) {
      DocumentException refused = assertThrows(DocumentException.class, () -> read(patch));
      assertEquals(ErrorCode.INVALID_DOCUMENT, refused.code(), patch);
      assertTrue(refused.reason().endsWith("(expected: a JSON object)"), refused.reason());
    }
  }

  @Test
  void numbersKeepTheirValues() {
    String many = "0.1234567890123456789012345678901234567890";
    String large = "123456789012345678901234567890";
    assertEquals(
        "{\"a\":" + many + ",\"b\":" + large + ",\"c\":1}",
        patched("{'a':" + many + ",'b':" + large + "}", "{'c':1}"));
    assertEquals("{\"a\":2.50,\"b\":100.0}", patched("{'a':2.50}", "{'b':100.0}"));
  }

  @Test
  void textKeepsItsCharacters() {
    assertEquals(
        "{\"a\":\"ä\uD83C\uDF4E\\u0000\\n\\\"\\\\\"}",
        patched("{}", "{'a':'ä\uD83C\uDF4E\\u0000\\n\\\"\\\\'}"));
    assertEquals(
        "{\"\uD83C\uDF4E\":\"\uD83C\uDF4E\"}",
        patched("{}", "{'\\ud83c\\udf4e':'\\ud83c\\udf4e'}"));
  }

  @Test
  void hostilePatchesAreRefusedAndNothingElse() {
    int deep = 100_000;
    for (String patch :
        new String[] {
          "{'a':1,'a':2}",
          "{'a':{'b':1,'b':2}}",
          "{'a':1} {}",
          "{'a':1}x",
          "{'a':",
          "{a:1}",
          "{'a':NaN}",
          "{'a':'\\x'}",
          "{'a':" + "[".repeat(deep) + "]".repeat(deep) + "}",
          "{'a':".repeat(deep) + "1" + "}".repeat(deep),
          "{'a':" + "9".repeat(10_000) + "}",
          "{'" + "n".repeat(100_000) + "':1}",
        }) {
      DocumentException refused = assertThrows(DocumentException.class, () -> read(patch));
      assertEquals(ErrorCode.MALFORMED_JSON, refused.code());
      assertTrue(refused.reason().length() < 1_000, refused.reason());
    }
    byte[] noText = {'{', '"', 'a', '"', ':', '"', (byte) 0xff, (byte) 0xc0, '"', '}'};
    assertThrows(DocumentException.class, () -> MergePatch.read(noText));
  }

  @Test
  void halfACharacterStaysAnEscape() {
    assertEquals(
        "{\"a\":\"half \\uD83C of an apple\"}", patched("{}", "{'a':'half \\ud83c of an apple'}"));
  }

  @Test
  void aNumberOfAnyExponentIsNotWrittenOut() {
    String patched = patched("{'a':1e999999999}", "{'b':-1e-999999999}");
    assertTrue(patched.length() < 100, patched);
  }

  @Test
  void aDocumentThatCannotBeReadAsAWholeIsRefused() {
    for (String document :
        new String[] {"{'a':{'b':1,'b':2}}", "{'a':" + "9".repeat(10_000) + "}"}) {
      DocumentException refused =
          assertThrows(DocumentException.class, () -> patched(document, "{'c':1}"));
      assertEquals(ErrorCode.MALFORMED_JSON, refused.code());
    }
  }

  /** Nesting as deep as documents may be. */
  @Test
  void deepDocumentsArePatched() {
    int depth = 400;
    String document = "{'a':".repeat(depth) + "1" + "}".repeat(depth);
    String patch = "{'a':".repeat(depth - 1) + "{'b':2}" + "}".repeat(depth - 1);
    String patched = patched(document, patch);
    assertTrue(patched.contains("{\"a\":1,\"b\":2}"), patched);
  }

  private static void assertPatched(String expected, String document, String patch) {
    assertEquals(
        JSON.readTree(expected.replace('\'', '"')), JSON.readTree(patched(document, patch)));
  }

  private static String patched(String document, String patch) {
    byte[] bytes = document.replace('\'', '"').getBytes(StandardCharsets.UTF_8);
    return new String(MergePatch.apply(bytes, readPatch(patch)), StandardCharsets.UTF_8);
  }

  private static void read(String patch) {
    var _ = readPatch(patch);
  }

  private static tools.jackson.databind.node.ObjectNode readPatch(String patch) {
    return MergePatch.read(patch.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
  }
}
