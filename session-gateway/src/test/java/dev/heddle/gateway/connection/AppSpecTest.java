package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.websocket.SlowConsumer;
import dev.heddle.process.DataSize;
import dev.heddle.process.HeddleException;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class AppSpecTest {
  private static final String AUTHENTICATION =
      "name: x\nroutes: {a: {function: f}}\nauthentication: ";

  @Test
  void readsRoutesAndOrigins() {
    AppSpec app =
        AppYaml.parse(
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
        new AppSpec.Target.Handler("recent-searches:beta", false),
        app.route(Optional.of("recent")).orElseThrow());
    assertEquals(Optional.empty(), app.route(Optional.of("$connect")));
    assertEquals(Optional.empty(), app.route(Optional.of("nothing")));
    assertTrue(app.special(AppSpec.CONNECT).isPresent());
    assertEquals(List.of("https://a.example"), app.origins());
  }

  @Test
  void readsTargetsUsersAndLimits() {
    AppSpec app =
        AppYaml.parse(
            """
            name: chat
            routes:
              say: {http: "http://127.0.0.1:9000/say?x=1", idempotent: true}
              look: {function: look, idempotent: true}
            authentication: {session: user}
            limits: {connections: 7, message: 32KiB, outgoing: 64KiB, resume: 30s}
            slowConsumer: dropOldest
            compression: {above: 1KiB}
            autoReplies: {ping: pong}
            """);
    assertEquals(
        new AppSpec.Target.Service(URI.create("http://127.0.0.1:9000/say?x=1"), true),
        app.route(Optional.of("say")).orElseThrow());
    assertEquals(
        new AppSpec.Target.Handler("look", true), app.route(Optional.of("look")).orElseThrow());
    assertEquals(Optional.of("user"), app.principal());
    assertEquals(OptionalInt.of(7), app.limits().connections());
    assertEquals(32 << 10, app.limits().message(DataSize.ofMiB(1)));
    assertEquals(1 << 10, app.limits().outgoing(DataSize.ofKiB(1)), "a gateway's bound holds");
    assertEquals(Duration.ofSeconds(30), app.limits().resume(Duration.ofMinutes(1)));
    assertEquals(Duration.ofSeconds(9), app.limits().resume(Duration.ofSeconds(9)));
    assertEquals(SlowConsumer.DROP_OLDEST, app.slowConsumer());
    assertEquals(Optional.of(DataSize.ofKiB(1)), app.compression());
    assertEquals(Map.of("ping", "pong"), app.autoReplies());
    AppSpec plain = AppYaml.parse("name: x\nroutes: {a: {function: f}}");
    assertEquals(SlowConsumer.CLOSE, plain.slowConsumer());
    assertEquals(AppLimits.NONE, plain.limits());
    assertEquals(Optional.empty(), plain.compression());
  }

  @Test
  void readsWhatTokensItsUsersShow() {
    AppSpec app = AppYaml.parse(AUTHENTICATION + "{jwt: sub, claims: [name, role]}");
    assertEquals(
        Optional.of(new AppSpec.Token("sub", List.of("name", "role"), Optional.empty())),
        app.token());
    assertEquals(Optional.empty(), app.principal());
    app = AppYaml.parse(AUTHENTICATION + "{jwt: sub, issuer: 'https://login.example.org'}");
    assertEquals(
        Optional.of("https://login.example.org"), app.token().flatMap(AppSpec.Token::issuer));
    app = AppYaml.parse(AUTHENTICATION + "{session: user}");
    assertEquals(Optional.empty(), app.token());
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
          {"name: x\nroutes: {a: {http: 'ftp://h/'}}", "routes.a.http: ftp://h/"},
          {"name: x\nroutes: {a: {http: 'http://u:p@h/'}}", "routes.a.http: http://u:p@h/"},
          {"name: x\nroutes: {a: {http: 'http://h/', function: f}}", "routes.a.http"},
          {"name: x\nroutes: {a: {dataset: d, idempotent: true}}", "routes.a.idempotent"},
          {"name: x\nroutes: {a: {function: f}}\norigins: ['*']", "origins: *"},
          {"name: x\nroutes: {a: {function: f}}\norigins: ['https://a/b']", "origins: https://a/b"},
          {"name: x\nroutes: {a: {function: f}}\nauthentication: {session: ''}", "authentication."},
          {"name: x\nroutes: {a: {function: f}}\nauthentication: {jwt: {}}", "authentication.jwt"},
          {AUTHENTICATION + "{session: a, jwt: b}", "authentication ("},
          {AUTHENTICATION + "{}", "authentication ("},
          {AUTHENTICATION + "{session: a, claims: [b]}", "authentication.claims ("},
          {AUTHENTICATION + "{session: a, issuer: b}", "authentication.issuer ("},
          {AUTHENTICATION + "{jwt: a, issuer: ''}", "authentication.issuer: 0"},
          {
            AUTHENTICATION + "{jwt: a, claims: [principalId]}", "authentication.claims: principalId"
          },
          {AUTHENTICATION + "{jwt: a b}", "authentication.jwt: a b"},
          {"name: x\nroutes: {a: {function: f}}\nlimits: {connections: 0}", "limits.connections"},
          {"name: x\nroutes: {a: {function: f}}\nlimits: {message: 1GiB}", "limits.message: 1GiB"},
          {"name: x\nroutes: {a: {function: f}}\nlimits: {resume: 2d}", "limits.resume: 2d"},
          {"name: x\nroutes: {a: {function: f}}\nlimits: {rate: 1}", "limits.rate: unknown"},
          {"name: x\nroutes: {a: {function: f}}\nslowConsumer: wait", "slowConsumer: wait"},
          {"name: x\nroutes: {a: {function: f}}\ncompression: {}", "compression.above: missing"},
          {"name: x\nroutes: {a: {function: f}}\ncompression: {above: 1}", "compression.above"},
          {"name: x\nroutes: {a: {function: f}}\ncompression: {level: 1}", "compression.level"},
          {"name: x\nroutes: {a: {function: f}}\nchannels: {'a b': {}}", "channels.a b"},
          {"name: x\nroutes: {a: {function: f}}\nchannels: {'a.b*': {}}", "channels.a.b*"},
          {"name: x\nroutes: {a: {function: f}}\nchannels: {a: {write: true}}", "channels.a.write"},
          {
            "name: x\nroutes: {a: {function: f}}\nchannels: {a: {durable: true}}",
            "channels.a.durab"
          },
          {"name: x\nroutes: {a: {function: f}}\nautoReplies: {a: 1}", "autoReplies.a: 1"},
        }) {
      String message =
          assertThrows(HeddleException.class, () -> AppYaml.parse(each[0]), each[0]).getMessage();
      assertTrue(message.startsWith(each[1]), message);
      assertTrue(message.contains("expected:"), message);
    }
  }
}
