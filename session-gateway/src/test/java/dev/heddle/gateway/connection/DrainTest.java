package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.Json;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.websocket.api.exceptions.UpgradeException;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Gateways that stop, one after another, under clients that come back. */
@Timeout(300)
class DrainTest {
  private static final int CLIENTS = 12;
  private static final String ROOM = "room.1";
  private static final String APP =
      """
      name: chat
      routes:
        slow: {function: slow}
        $connect: {function: hello}
        $disconnect: {function: goodbye}
      channels:
        "room.*": {subscribe: true}
      """;

  @TempDir private Path directory;

  private final ManualClock clock = new ManualClock(Instant.parse("2026-11-21T12:00:00Z"));
  private final List<GatewayFixture> gateways = new ArrayList<>();
  private final List<Guest> guests = new ArrayList<>();
  private final List<Thread> closing = new ArrayList<>();
  private final AtomicInteger hellos = new AtomicInteger();
  private final AtomicInteger goodbyes = new AtomicInteger();
  private final CountDownLatch entered = new CountDownLatch(1);
  private final CountDownLatch go = new CountDownLatch(1);

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private GatewayFixture catalog;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private WebSocketClient library;

  /** Somebody who comes back with every frame that was missed. */
  private final class Guest {
    private SocketClient socket;
    private JsonNode welcome;
    private final List<String> got = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();
    private long offset;
    private String epoch = "";
    private long heardUpTo;

    Guest(GatewayFixture at) throws Exception {
      socket = connect(at, "");
      welcome = socket.next();
    }

    private SocketClient connect(GatewayFixture at, String query) throws Exception {
      int port = at.gateway.httpPort();
      return SocketClient.connect(library, port, "/ws/chat?x=1" + query, "heddle.v1", Map.of());
    }

    String id() {
      return welcome.path("connection").asString();
    }

    /** Listens to the room from now on. */
    void listen() {
      socket.send("{\"heddle\":\"subscribe\",\"channel\":\"" + ROOM + "\"}");
      Eventually.eventually(
          "it listens",
          () -> {
            take();
            return !epoch.isEmpty();
          });
    }

    /** Takes the frames that are there. */
    void take() {
      String frame;
      while ((frame = socket.frames.poll()) != null) {
        JsonNode json = Json.parse(frame);
        switch (json.path("heddle").asString()) {
          case "message" -> {
            assertEquals(offset + 1, json.path("offset").longValue(), "none missing, none twice");
            offset++;
            got.add(json.path("body").asString());
          }
          case "subscribed" -> {
            assertTrue(epoch.isEmpty() || json.path("recovered").booleanValue(), frame);
            epoch = json.path("epoch").asString();
            heardUpTo = json.path("offset").longValue();
          }
          case "publication" -> {
            assertEquals(heardUpTo + 1, json.path("offset").longValue(), "of the room, neither");
            epoch = json.path("epoch").asString();
            heardUpTo++;
            heard.add(json.path("body").asString());
          }
          default -> {
            // Says how the stay begins.
          }
        }
      }
    }

    /** So many frames have come, and so many messages of the room. */
    boolean has(int frames, int ofRoom) {
      take();
      return got.size() == frames && heard.size() == ofRoom;
    }

    void comeBack(GatewayFixture at) throws Exception {
      assertEquals(1001, socket.awaitClose());
      take();
      String read = epoch.isEmpty() ? "" : "&channels=" + ROOM + ":" + epoch + ":" + heardUpTo;
      String resume = "&resume=" + welcome.path("resume").asString() + "&offset=" + offset + read;
      socket = connect(at, resume);
      welcome = socket.next();
      assertTrue(welcome.path("recovered").booleanValue(), welcome.toString());
    }
  }

  @BeforeEach
  void start() throws Exception {
    KeyRing.createIfAbsent(directory.resolve("sessions.yaml"));
    library = SocketClient.library();
    catalog = new GatewayFixture(directory, config -> config, Credentials.none(), clock);
  }

  @AfterEach
  void stop() throws Exception {
    go.countDown();
    // Where a test has failed: none of them need wait any more.
    closing.forEach(Thread::interrupt);
    library.stop();
    gateways.reversed().forEach(GatewayFixture::close);
    catalog.close();
  }

  private GatewayFixture gateway(String name, DrainConfig drain) {
    List<String> members = gateways.stream().map(each -> each.gateway.gridAddress()).toList();
    GatewayFixture gateway =
        catalog.beside(name, config -> with(config, members, drain)).readyForPeers();
    gateways.add(gateway);
    gateway.app("chat", APP);
    Eventually.eventually(
        "the app is known", () -> gateway.catalog.view().apps("default").size() == 1);
    var handlers = gateway.coordinator.handlers;
    handlers.put(
        "hello",
        request -> {
          hellos.incrementAndGet();
          return "{\"statusCode\":200}";
        });
    handlers.put(
        "goodbye",
        request -> {
          goodbyes.incrementAndGet();
          return "null";
        });
    handlers.put(
        "slow",
        request -> {
          entered.countDown();
          go.await(60, TimeUnit.SECONDS);
          return "{\"body\":\"slow\"}";
        });
    return gateway;
  }

  private GatewayConfig with(GatewayConfig config, List<String> members, DrainConfig drain) {
    var grid = new SharedGrid(directory.resolve("sessions.yaml"), Duration.ofSeconds(10), false);
    return GatewaySettings.of(grid.settings(config, members))
        .drain(drain)
        // What is in work when a gateway stops is waited for, however slow the machine is.
        .stopTimeout(Duration.ofSeconds(60))
        .config();
  }

  private Thread closing(GatewayFixture gateway) {
    closing.add(Thread.ofPlatform().start(gateway::close));
    return closing.getLast();
  }

  private void tell(GatewayFixture at, String text) throws Exception {
    for (Guest each : guests) {
      HttpResponse<String> told = at.send("POST", "/@connections/" + each.id(), text);
      assertEquals(200, told.statusCode(), told.body());
    }
    assertEquals(200, at.send("POST", "/v1/channels/" + ROOM, text).statusCode());
  }

  private static boolean ready(GatewayFixture at) throws Exception {
    return at.send("GET", "/readyz", "").statusCode() == 200;
  }

  @Test
  void aRollingRestartLosesNothingThatWasResumable() throws Exception {
    var slowly = new DrainConfig(Duration.ZERO, 50, Duration.ofSeconds(3));
    GatewayFixture one = gateway("g1", slowly);
    GatewayFixture two = gateway("g2", slowly);
    for (int i = 0; i < CLIENTS; i++) {
      guests.add(new Guest(i % 2 == 0 ? one : two));
      guests.getLast().listen();
    }
    int told = 0;
    tell(two, "m" + ++told);
    GatewayFixture stays = two;
    List<GatewayFixture> leaving = List.of(one, two);
    for (GatewayFixture leaves : leaving) {
      if (leaves == two) {
        // In the place of the first one, which is gone.
        stays = gateway("g3", slowly);
        tell(stays, "m" + ++told);
      }
      List<Guest> moving =
          guests.stream().filter(guest -> at(guest) == leaves.gateway.httpPort()).toList();
      Thread stopping = closing(leaves);
      // While it sends its clients away one after another, they are spoken to.
      tell(stays, "m" + ++told);
      for (Guest each : moving) {
        each.comeBack(stays);
      }
      tell(stays, "m" + ++told);
      stopping.join();
      gateways.remove(leaves);
      tell(stays, "m" + ++told);
      int all = told;
      for (Guest each : guests) {
        Eventually.eventually("all frames have come", () -> each.has(all, all));
      }
    }
    for (Guest each : guests) {
      assertEquals(told, each.got.size());
      assertEquals("m1", each.got.getFirst());
      assertEquals(each.got, each.heard);
    }
    assertEquals(CLIENTS, hellos.get(), "nobody connected anew");
    assertEquals(0, goodbyes.get(), "nobody was taken for gone");
  }

  private static int at(Guest guest) {
    return guest.socket.session.getUpgradeRequest().getRequestURI().getPort();
  }

  @Test
  void whileItSendsClientsAwayItIsNotReadyLetsNobodyInAndServesTheRest() throws Exception {
    // Who sends clients here has time to see it.
    GatewayFixture one =
        gateway("g1", new DrainConfig(Duration.ofMinutes(10), 1_000, Duration.ofSeconds(1)));
    var guest = new Guest(one);
    assertTrue(ready(one));
    Thread stopping = closing(one);
    Eventually.eventually("it says so", () -> !ready(one));
    var refused = assertThrows(UpgradeException.class, () -> new Guest(one));
    assertEquals(503, refused.getResponseStatusCode());
    assertEquals(503, one.send("GET", "/poll/chat", "").statusCode());
    assertEquals(200, one.send("GET", "/v1/sessions", "").statusCode(), "the rest is served");
    guest.socket.close();
    assertEquals(CloseCodes.NORMAL, guest.socket.code, "nobody has said goodbye to it");
    Eventually.eventually("nobody is here any more", () -> one.gateway.connections() == 0);
    assertEquals(200, one.send("GET", "/v1/sessions", "").statusCode(), "the rest still is");
    stopping.interrupt();
    stopping.join();
  }

  @Test
  void streamsAreToldToGoAndComeBackElsewhere() throws Exception {
    GatewayFixture one = gateway("g1", DrainConfig.defaults());
    GatewayFixture two = gateway("g2", DrainConfig.defaults());
    try (var stream = EventReader.open(one, "/sse/chat", "", Map.of())) {
      String id = stream.next("heddle").id();
      Thread stopping = closing(one);
      JsonNode goodbye = Json.parse(stream.next("heddle").data());
      assertEquals(1001, goodbye.path("code").intValue(), goodbye.toString());
      try (var back = EventReader.open(two, "/sse/chat", "", Map.of("Last-Event-ID", id))) {
        JsonNode welcome = Json.parse(back.next("heddle").data());
        assertTrue(welcome.path("recovered").booleanValue(), welcome.toString());
      }
      stopping.join();
    }
    assertEquals(1, hellos.get(), "nobody connected anew");
  }

  @Test
  void aPollIsToldToGoAndComesBackElsewhere() throws Exception {
    GatewayFixture one = gateway("g1", DrainConfig.defaults());
    GatewayFixture two = gateway("g2", DrainConfig.defaults());
    String path = "/poll/chat?offset=0&resume=";
    String resume = resume(one.send("GET", "/poll/chat", ""));
    Eventually.eventually("it has been answered", () -> one.gateway.connections() == 0);
    var poll = new FutureTask<>(() -> one.send("GET", path + resume, ""));
    Thread.ofVirtual().start(poll);
    Eventually.eventually("it waits", () -> one.gateway.connections() == 1);
    Thread stopping = closing(one);
    HttpResponse<String> answer = poll.get(60, TimeUnit.SECONDS);
    assertEquals(1001, Json.parse(answer.body()).at("/closed/code").intValue(), answer.body());
    HttpResponse<String> told =
        two.send("POST", "/@connections/" + connection(answer), "while it is away");
    assertEquals(200, told.statusCode(), told.body());
    HttpResponse<String> back = two.send("GET", path + resume(answer), "");
    assertEquals(
        "while it is away", Json.parse(back.body()).at("/messages/0/body").asString(), back.body());
    stopping.join();
    assertEquals(1, hellos.get(), "nobody connected anew");
  }

  private static String resume(HttpResponse<String> answer) {
    return Json.parse(answer.body()).path("resume").asString();
  }

  private static String connection(HttpResponse<String> answer) {
    return Json.parse(answer.body()).path("connection").asString();
  }

  @Test
  void theAnswerToAFrameThatIsInWorkReachesItsClientAtTheOtherGateway() throws Exception {
    GatewayFixture one = gateway("g1", DrainConfig.defaults());
    GatewayFixture two = gateway("g2", DrainConfig.defaults());
    var guest = new Guest(one);
    guest.socket.send("{\"action\":\"slow\"}");
    assertTrue(entered.await(60, TimeUnit.SECONDS));
    Thread stopping = closing(one);
    guest.comeBack(two);
    go.countDown();
    Eventually.eventually("the answer has come", () -> guest.has(1, 0));
    assertEquals(List.of("slow"), guest.got);
    stopping.join();
    assertEquals(0, goodbyes.get());
  }
}
