package dev.heddle.gateway.websocket;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HeddleException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AppSpecTest {
  @Test
  void readsRoutesAndOrigins() {
    AppSpec app =
        AppSpec.parse(
            """
            name: search
            routes:
              search: {dataset: dbpedia, stream: true, defaults: {k: 10}}
              topics: {dataset: dbpedia, function: related-topics}
              recent: {function: "recent-searches:beta"}
              $connect: {function: gate}
            origins: ["https://a.example"]
            """);
    var search = (AppSpec.Target.Query) app.route(Optional.of("search")).orElseThrow();
    assertTrue(search.stream());
    assertEquals(10, search.defaults().path("k").intValue());
    var topics = (AppSpec.Target.Query) app.route(Optional.of("topics")).orElseThrow();
    assertEquals(Optional.of("related-topics"), topics.function());
    assertEquals(
        new AppSpec.Target.Handler("recent-searches:beta"),
        app.route(Optional.of("recent")).orElseThrow());
    assertEquals(Optional.empty(), app.route(Optional.of("$connect")));
    assertEquals(Optional.empty(), app.route(Optional.of("nothing")));
    assertTrue(app.handler(AppSpec.CONNECT).isPresent());
    assertEquals(List.of("https://a.example"), app.origins());
  }

  @Test
  void refusesNamingTheKey() {
    for (String[] each :
        new String[][] {
          {"", "body"},
          {"name: x", "routes: missing"},
          {"name: x\nroutes: {}", "routes: 0"},
          {"name: x y\nroutes: {a: {function: f}}", "name: x y"},
          {"name: x\nroutes: {a: {}}", "routes.a: no target"},
          {"name: x\nroutes: {a: {function: f, stream: true}}", "routes.a: stream"},
          {"name: x\nroutes: {a: {dataset: d, defaults: 3}}", "routes.a.defaults: 3"},
          {"name: x\nroutes: {a: {dataset: d, latest: true}}", "routes.a.latest: unknown"},
          {"name: x\nroutes: {$connect: {dataset: d}}", "routes.$connect.dataset"},
          {"name: x\nroutes: {$other: {function: f}}", "routes.$other"},
          {"name: x\nroutes: {a: {function: 'f g'}}", "routes.a.function: f g"},
          {"name: x\nroutes: {a: {function: f}}\ncolour: red", "colour: unknown"},
          {"name: x\nname: y", "app: "},
        }) {
      String message =
          assertThrows(HeddleException.class, () -> AppSpec.parse(each[0]), each[0]).getMessage();
      assertTrue(message.startsWith(each[1]), message);
      assertTrue(message.contains("expected:"), message);
    }
  }
}
