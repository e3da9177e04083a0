package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpReplyTest {
  private static HttpReply parse(String json) {
    return HttpReply.parse(
        json.replace('\'', '"').getBytes(StandardCharsets.UTF_8), "greeter@0123abcd");
  }

  private static String text(HttpReply reply) {
    return new String(reply.body(), StandardCharsets.UTF_8);
  }

  @Test
  void takesStatusHeadersCookiesAndBody() {
    var reply =
        parse(
            "{'statusCode':201,'headers':{'Content-Type':'text/html','X-Count':7},"
                + "'cookies':['a=b; Path=/'],'body':'<p>ü</p>'}");
    assertEquals(201, reply.statusCode());
    assertEquals("text/html", reply.contentType());
    assertEquals("7", reply.headers().get("X-Count"));
    assertEquals(List.of("a=b; Path=/"), reply.cookies());
    assertEquals("<p>ü</p>", text(reply));
  }

  @Test
  void decodesABinaryBody() {
    var reply = parse("{'statusCode':200,'body':'AAEC/w==','isBase64Encoded':true}");
    assertArrayEquals(new byte[] {0, 1, 2, (byte) 0xff}, reply.body());
    assertEquals("application/json", reply.contentType());
  }

  @Test
  void takesAnyOtherValueForABodyOfItsOwn() {
    for (String json : List.of("{'a':1}", "[1,2]", "'text'", "7")) {
      var reply = parse(json);
      assertEquals(200, reply.statusCode());
      assertEquals(json.replace('\'', '"'), text(reply));
      assertEquals("application/json", reply.contentType());
    }
    assertEquals(0, parse("null").body().length);
  }

  @Test
  void leavesOutWhatIsThePlatformsBusiness() {
    var reply =
        parse(
            "{'statusCode':200,'headers':{'Access-Control-Allow-Origin':'*','Content-Length':'9',"
                + "'Content-Security-Policy':'default-src *','X-Content-Type-Options':'none',"
                + "'Transfer-Encoding':'chunked','Set-Cookie':'x=y','Heddle-Bill':'0','X-A':'b'},"
                + "'cookies':['heddle_session=stolen','c=d',' heddle_session =stolen',"
                + "'Heddle_Session\\t=stolen; Path=/']}");
    assertEquals(Set.of("X-A", "Content-Type"), reply.headers().keySet());
    assertEquals(List.of("c=d"), reply.cookies());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'statusCode':99}",
        "{'statusCode':'200'}",
        "{'statusCode':101}",
        "{'statusCode':200.5}",
        "{'statusCode':200,'headers':[]}",
        "{'statusCode':200,'headers':{'a b':'c'}}",
        "{'statusCode':200,'headers':{'a':{}}}",
        "{'statusCode':200,'headers':{'a':'x\\r\\nSet-Cookie: b=c'}}",
        "{'statusCode':200,'headers':{'a':'\\u20ac'}}",
        "{'statusCode':200,'cookies':'a=b'}",
        "{'statusCode':200,'cookies':['a=b\\n']}",
        "{'statusCode':200,'cookies':[7]}",
        "{'statusCode':200,'cookies':['=heddle_session=stolen']}",
        "{'statusCode':200,'cookies':[' =heddle_session=stolen']}",
        "{'statusCode':200,'cookies':['heddle_session']}",
        "{'statusCode':200,'cookies':['a; b=c']}",
        "{'statusCode':200,'body':{}}",
        "{'statusCode':200,'body':'?','isBase64Encoded':true}",
        "{'statusCode':200,'body':'','isBase64Encoded':1}"
      })
  void saysOfWhichFunctionTheReplyIsNoGood(String json) {
    var failure = assertThrows(HeddleException.class, () -> parse(json));
    assertEquals(ErrorCode.FUNCTION_RESULT_INVALID, failure.code());
    assertTrue(String.valueOf(failure.getMessage()).startsWith("greeter@0123abcd: its reply's "));
  }
}
