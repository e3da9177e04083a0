package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.process.HeddleException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RouterTest {
  private static final Route GET = route("GET", "/a/{x}/b");
  private static final Route PUT = route("PUT", "/a/{x}/b");
  private static final Route REST = route(Route.ANY, "/run/{f}/{path...}");
  private static final Router ROUTER = new Router(List.of(GET, PUT, REST));

  private static Route route(String method, String template) {
    return new Route(method, template, true, exchange -> {});
  }

  private static Map<String, String> parameters(String method, String path) {
    return ((Router.Match.Found) ROUTER.match(method, path)).parameters();
  }

  @Test
  void findsRoutesAndDecodesTheirParameters() {
    assertEquals(Map.of("x", "1"), parameters("GET", "/a/1/b"));
    assertEquals(Map.of("x", "1"), parameters("HEAD", "/a/1/b"));
    assertEquals(Map.of("x", "http://ü+ x%"), parameters("PUT", "/a/http:%2F%2F%C3%BC+%20x%25/b"));
    assertEquals(Map.of("f", "f:v", "path", "x/y z"), parameters("PATCH", "/run/f:v/x/y%20z"));
    assertEquals(Map.of("f", "f", "path", ""), parameters("GET", "/run/f/"));
  }

  @Test
  void tellsOtherMethodsFromNothing() {
    assertEquals(
        new Router.Match.OtherMethods(Set.of("GET", "PUT", "HEAD", "OPTIONS")),
        ROUTER.match("POST", "/a/1/b"));
    for (String path : List.of("/", "/a", "/a//b", "/a/1/c", "/a/1/b/", "/run", "*", "")) {
      assertEquals(new Router.Match.None(), ROUTER.match("GET", path), path);
    }
  }

  @Test
  void refusesMalformedEncodings() {
    for (String segment : List.of("%", "%4", "%zz", "%ff", "a%C3", "%C3%28")) {
      assertThrows(HeddleException.class, () -> Router.decode(segment), segment);
    }
    assertEquals("a%b", Router.decode("a%25b"));
    assertEquals("ä", Router.decode("%C3%A4"));
  }
}
