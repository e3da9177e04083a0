package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.TestIssuer;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.json.Json;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** heddle.js in a real browser, through a proxy that does its worst, at a gateway. */
@Timeout(300)
class HeddleJsTest {
  private static final Duration WINDOW = Duration.ofSeconds(60);
  private static final ManualClock CLOCK = new ManualClock(Instant.parse("2026-11-21T12:00:00Z"));
  private static final TestIssuer ISSUER = new TestIssuer();
  private static final Closer closer = new Closer();
  private static GatewayFixture fixture;
  private static WebSocketClient library;
  private static Browser browser;

  private final List<String> received = new CopyOnWriteArrayList<>();
  private final List<String> acknowledged = new CopyOnWriteArrayList<>();
  private HostileProxy proxy;
  private BrowserContext context;
  private Page page;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    Optional<Path> chromium = chromium();
    assumeTrue(
        chromium.isPresent(), "no Chromium on the PATH (expected: chromium or google-chrome)");
    Path issuers = ISSUER.file(directory, "default");
    fixture =
        closer.register(
            "gateway",
            new GatewayFixture(
                    directory,
                    config -> GatewaySettings.of(config).issuers(issuers).config(),
                    Credentials.none(),
                    CLOCK)
                .readyForPeers());
    library = SocketClient.library();
    fixture.app("echo", HeddleJsApp.YAML);
    fixture.app(
        "members",
        HeddleJsApp.YAML.replace("name: echo", "name: members\nauthentication: {jwt: sub}"));
    fixture.app(
        "closed",
        HeddleJsApp.YAML.replace("name: echo", "name: closed").replace("hello", "refuse"));
    fixture.coordinator.handlers.put("hello", request -> "{\"statusCode\":200}");
    fixture.coordinator.handlers.put("refuse", request -> "{\"statusCode\":403}");
    fixture.coordinator.handlers.put("goodbye", request -> "{}");
    fixture.coordinator.handlers.put("leave", request -> "{\"heddle\":{\"close\":true}}");
    fixture.coordinator.handlers.put(
        "echo",
        request -> {
          JsonNode event = Json.parse(request.getEventJson().toByteArray());
          return "{\"body\":%s,\"isBase64Encoded\":%s}"
              .formatted(event.get("body"), event.get("isBase64Encoded"));
        });
    fixture.coordinator.handlers.put(
        "say",
        request -> {
          JsonNode event = Json.parse(request.getEventJson().toByteArray());
          return "{\"body\":" + Json.parse(event.path("body").asString()).path("text") + "}";
        });
    var options =
        new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"));
    var playwright = closer.register("playwright", Playwright.create(options));
    var launch =
        new LaunchOptions()
            .setExecutablePath(chromium.get())
            .setArgs(
                List.of(
                    "--no-sandbox",
                    "--disable-gpu",
                    "--disable-quic",
                    "--disable-background-networking"));
    browser = closer.register("browser", playwright.chromium().launch(launch));
  }

  static Optional<Path> chromium() {
    var names = List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .flatMap(folder -> names.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  @AfterAll
  static void stop() throws Exception {
    if (library != null) {
      library.stop();
    }
    closer.close();
  }

  @BeforeEach
  void openThePage() throws Exception {
    fixture.coordinator.invocations.clear();
    proxy = new HostileProxy(fixture.gateway.httpPort());
    context = browser.newContext();
    context.setDefaultTimeout(60_000);
    page = context.newPage();
    page.onWebSocket(socket -> {
      socket.onFrameReceived(frame -> received.add(frame.text()));
      socket.onFrameSent(frame -> {
        if (frame.text().startsWith("{\"heddle\":\"ack\"")) {
          acknowledged.add(frame.text());
        }
      });
    });
    page.navigate("http://127.0.0.1:" + proxy.port() + "/healthz");
  }

  @AfterEach
  void closeThePage() throws Exception {
    context.close();
    proxy.close();
    Eventually.eventually("all sockets are gone", () -> fixture.gateway.connections() == 0);
  }

  private void connect(String app, Object options) {
    page.evaluate(HeddleJsApp.SCRIPT, List.of("/ws/" + app, options));
  }

  private void connect() {
    connect("echo", Map.of());
  }

  /** Returns once the condition, a script, holds. */
  private void until(String condition) {
    try {
      page.waitForFunction(condition);
    } catch (RuntimeException e) {
      throw new AssertionError(
          condition + " in " + page.evaluate("JSON.stringify([connection.state, log, sent])"), e);
    }
  }

  private void untilEvent(String type, String transport) {
    until("log.some((e) => e.type === '%s' && e.transport === '%s')".formatted(type, transport));
  }

  private List<JsonNode> log() {
    return values(Json.parse((String) page.evaluate("JSON.stringify(log)")));
  }

  private static List<JsonNode> values(JsonNode array) {
    return StreamSupport.stream(array.spliterator(), false).toList();
  }

  private List<String> log(String type) {
    return log().stream()
        .filter(event -> event.path("type").asString().equals(type))
        .map(event -> event.path("data").asString(""))
        .toList();
  }

  private static List<String> bodies(String function) {
    return fixture.coordinator.invocations.stream()
        .filter(request -> request.getFunction().equals(function))
        .map(request -> Json.parse(request.getEventJson().toByteArray()).path("body").asString(""))
        .toList();
  }

  private String id() {
    return (String) page.evaluate("connection.id");
  }

  /** How often the app heard that a connection is over. */
  private static long goodbyes(String id) {
    return fixture.coordinator.invocations.stream()
        .filter(request -> request.getFunction().equals("goodbye"))
        .map(request -> Json.parse(request.getEventJson().toByteArray()))
        .filter(event -> event.at("/requestContext/connectionId").asString().equals(id))
        .count();
  }

  /** So many messages went out and came back, each once and in order. */
  private void assertExchanged(int count) {
    until("sent.length === " + count);
    until("log.filter((e) => e.type === 'message').length >= " + count);
    List<String> texts = IntStream.range(0, count).mapToObj(i -> "m" + i).toList();
    assertEquals(texts, bodies("echo"));
    assertEquals(texts, log("message"));
    assertEquals(
        IntStream.range(0, count).boxed().toList(),
        page.evaluate("sent"),
        "every promise was kept, in order");
  }

  private static final String LISTEN =
      """
      ([channel]) => {
        window.heard = [];
        for (const type of ["subscribed", "unsubscribed", "publication", "refused"])
          connection.addEventListener(type, (event) =>
            heard.push(`${type} ${event.channel} ${event.data ?? event.code ?? event.recovered}`));
        connection.subscribe(channel);
        connection.subscribe("secret");
      }
      """;

  @ParameterizedTest
  @ValueSource(strings = {"websocket", "events", "poll"})
  void listensToChannelsOverEachTransportAndMissesNothing(String transport) throws Exception {
    String channel = "room." + transport;
    connect("echo", Map.of("transports", List.of(transport)));
    untilEvent("open", transport);
    page.evaluate(LISTEN, List.of(channel));
    until("heard.some((e) => e.startsWith('refused secret'))");
    Eventually.eventually(
        "it listens",
        () -> {
          assertEquals(200, fixture.send("POST", "/v1/channels/" + channel, "early").statusCode());
          return (boolean) page.evaluate("heard.some((e) => e.endsWith(' early'))");
        });
    page.evaluate("() => { heard.length = 0 }");
    for (int i = 0; i < 20; i++) {
      if (i % 5 == 3) {
        proxy.cut();
      }
      assertEquals(200, fixture.send("POST", "/v1/channels/" + channel, "m" + i).statusCode());
    }
    until("heard.some((e) => e.endsWith(' m19'))");
    var heard = new ArrayList<>((List<?>) page.evaluate("heard"));
    heard.removeIf(event -> event.equals("subscribed " + channel + " true"));
    heard.removeIf(event -> event.toString().endsWith(" early"));
    assertEquals(
        IntStream.range(0, 20).mapToObj(i -> "publication " + channel + " m" + i).toList(), heard);
    until("connection.state === 'open'");
    page.evaluate(
        "(channel) => connection.publish(channel, { n: 1 }).then((at) => { window.at = at })",
        channel);
    until("window.at?.offset > 20 && heard.some((e) => e.endsWith(' {\"n\":1}'))");
    page.evaluate(
        "(channel) => connection.presence(channel).then((who) => { window.who = who })", channel);
    until("window.who?.channel === '" + channel + "'");
    // The app's own messages have offsets of their own.
    page.evaluate("say(0, 5)");
    assertExchanged(5);
    page.evaluate("connection.close()");
  }

  private static String token(String user, Duration life) {
    return ISSUER.token(user, CLOCK.instant().plus(life));
  }

  @Test
  void asksForATokenAtEachTryAndShowsANewOneOnTheOpenSocket() {
    String first = token("ada", Duration.ofMinutes(1));
    page.evaluate("(token) => { window.asked = 0; window.token = token; }", first);
    page.evaluate(MEMBER);
    untilEvent("open", "websocket");
    page.evaluate("(token) => show(token)", token("eve", Duration.ofHours(1)));
    until("shown.length === 1");
    page.evaluate("(token) => show(token)", token("ada", Duration.ofMinutes(9)));
    until("shown.length === 2");
    assertEquals(List.of("HeddleError", "holds"), page.evaluate("shown"));
    page.evaluate("say(0, 3)");
    assertExchanged(3);
    assertEquals(1, page.evaluate("asked"), "nothing was cut off by the refusal");

    page.evaluate(
        "(token) => { window.token = token; }",
        ISSUER.token("ada", CLOCK.instant().plus(Duration.ofHours(9))));
    CLOCK.advance(Duration.ofMinutes(10));
    untilEvent("recovered", "websocket");
    assertEquals(
        List.of(1008),
        page.evaluate("log.filter((e) => e.type === 'reconnecting').map((e) => e.code)"));
    page.evaluate("connection.close()");
  }

  @Test
  void thatThereIsNoTokenIsNotHeldAgainstTheTransport() {
    page.evaluate(
        "(token) => { window.asked = 0; window.missing = 1; window.token = token; }",
        token("ada", Duration.ofHours(1)));
    page.evaluate(MEMBER);
    until("connection.state === 'open'");
    assertEquals("websocket", page.evaluate("connection.transport"));
    assertEquals(2, page.evaluate("asked"));
    assertEquals(0, page.evaluate("localStorage.length"), "no transport is left alone");
    page.evaluate("connection.close()");
  }

  /** Asks for its token as a page would that has to fetch it. */
  private static final String MEMBER =
      """
      async () => {
        window.shown = [];
        window.show = (token) =>
          connection.authenticate(token).then(() => shown.push("holds"), (e) => shown.push(e.name));
        const accessToken = async () => {
          asked++;
          await new Promise((resolve) => setTimeout(resolve));
          if (window.missing-- > 0) throw new Error("nobody answers");
          return token;
        };
        await (%s)(["/ws/members", { accessToken, timeout: 60000 }]);
      }
      """
          .formatted(HeddleJsApp.SCRIPT);

  @ParameterizedTest
  @ValueSource(strings = {"websocket", "events", "poll"})
  void whoIsMadeToLeaveAChannelIsToldAndAsksAgain(String transport) throws Exception {
    String channel = "room.out-" + transport;
    connect("echo", Map.of("transports", List.of(transport)));
    untilEvent("open", transport);
    page.evaluate(LISTEN, List.of(channel));
    until("heard.some((e) => e.startsWith('subscribed'))");
    until("heard.some((e) => e.startsWith('refused secret'))");
    page.evaluate("() => { heard.length = 0 }");
    String path = "/v1/channels/" + channel + "/connections/" + id();
    assertEquals(204, fixture.send("DELETE", path, "").statusCode());
    // Each answer of a poll says as well where its channels are.
    until("heard.some((e) => e.startsWith('unsubscribed %s'))".formatted(channel));
    String last = "heard.findLastIndex((e) => e.startsWith('%s " + channel + "'))";
    until(last.formatted("subscribed") + " > " + last.formatted("unsubscribed"));
    Eventually.eventually(
        "it listens",
        () -> {
          assertEquals(200, fixture.send("POST", "/v1/channels/" + channel, "hi").statusCode());
          return (boolean) page.evaluate("heard.some((e) => e.endsWith(' hi'))");
        });
    page.evaluate("(channel) => connection.unsubscribe(channel)", channel);
    page.evaluate("connection.close()");
  }

  /** Such as look like the client's own: they are the app's all the same. */
  @ParameterizedTest
  @ValueSource(strings = {"websocket", "events", "poll"})
  void framesThatLookLikeTheClientsOwnAreTheApps(String transport) {
    connect("echo", Map.of("transports", List.of(transport)));
    untilEvent("open", transport);
    page.evaluate("connection.send({ heddle: 'publish', channel: 'room.x', body: 'x' })");
    until("log.some((e) => e.data?.startsWith('{\"heddle\":\"publish\"'))");
    page.evaluate("connection.close()");
  }

  @ParameterizedTest
  @ValueSource(strings = {"websocket", "events", "poll"})
  void exchangesOverEachTransport(String transport) {
    connect("echo", Map.of("transports", List.of(transport)));
    untilEvent("open", transport);
    page.evaluate("say(0, 5)");
    assertExchanged(5);
    page.evaluate("connection.send({ text: 'Grüße 👋', lines: 'a\\nb' })");
    page.evaluate("connection.send(new Uint8Array([0, 255, 10, 13, 128]))");
    page.evaluate("connection.send(new Float32Array([1]).buffer)");
    until("log.filter((e) => e.type === 'message').length === 8");
    List<JsonNode> messages =
        log().stream().filter(event -> event.path("type").asString().equals("message")).toList();
    assertEquals(
        "{\"text\":\"Grüße 👋\",\"lines\":\"a\\nb\"}", messages.get(5).path("data").asString());
    assertEquals("[0,255,10,13,128]", messages.get(6).path("data").toString());
    assertEquals("[0,0,128,63]", messages.get(7).path("data").toString());
    assertEquals(8, messages.get(7).path("offset").longValue());
    String id = id();
    page.evaluate("connection.close()");
    assertEquals(List.of("closed", 1000), page.evaluate("[connection.state, log.at(-1).code]"));
    Eventually.eventually("the app hears of it", () -> goodbyes(id) == 1);
    assertEquals(1, bodies("hello").size());
  }

  @Test
  void acknowledgesWhatCameAndComesBackOverTheSameTransport() {
    connect();
    untilEvent("open", "websocket");
    page.evaluate("say(0, 20)");
    until("sent.length === 20");
    proxy.cut();
    page.evaluate("say(20, 40)");
    untilEvent("recovered", "websocket");
    assertExchanged(40);
    page.waitForCondition(() -> acknowledged.contains("{\"heddle\":\"ack\",\"offset\":40}"));
    assertTrue(acknowledged.size() < 5, acknowledged.toString());
    assertEquals(0, log("lost").size());
    assertEquals(1, bodies("hello").size());
    assertEquals(0, goodbyes(id()));
  }

  @Test
  void fallsBackWhereAProxyKillsWebSocketsAndKeepsEveryFrameOnceAndInOrder() {
    proxy.webSocketBytes = 3_000;
    connect();
    untilEvent("open", "websocket");
    page.evaluate("say(0, 100)");
    untilEvent("recovered", "events");
    assertTrue(proxy.killed.get() >= 2, () -> proxy.killed + " kills");
    page.evaluate("say(100, 150)");
    proxy.refused.add("GET /sse/");
    proxy.cut();
    page.evaluate("say(150, 200)");
    untilEvent("recovered", "poll");
    assertExchanged(200);
    proxy.cut();
    page.evaluate("say(200, 220)");
    assertExchanged(220);
    assertEquals(0, log("lost").size());
    assertEquals(1, bodies("hello").size());
    assertEquals(0, goodbyes(id()));
  }

  @Test
  void fallsBackAtOnceWhereUpgradesAreRefusedAndRemembersIt() {
    proxy.refused.add("GET /ws/");
    connect();
    untilEvent("open", "events");
    page.evaluate("say(0, 10)");
    assertExchanged(10);
    page.reload();
    var sockets = new ArrayList<String>();
    page.onWebSocket(socket -> sockets.add(socket.url()));
    connect();
    untilEvent("open", "events");
    assertEquals(List.of(), sockets);
    assertEquals(List.of("open"), types());
  }

  private List<String> types() {
    return log().stream().map(event -> event.path("type").asString()).toList();
  }

  @Test
  void pollsWhereAProxyHoldsStreamsBack() {
    proxy.refused.add("GET /ws/");
    proxy.heldBack.add("GET /sse/");
    connect("echo", Map.of("timeout", 500));
    untilEvent("open", "poll");
    page.evaluate("say(0, 10)");
    assertExchanged(10);
  }

  @Test
  void pastTheWindowItIsANewConnectionAndSaysSo() {
    connect("echo", Map.of("transports", List.of("websocket", "events")));
    untilEvent("open", "websocket");
    page.evaluate("say(0, 3)");
    assertExchanged(3);
    String before = id();
    proxy.refused.addAll(List.of("GET /", "POST /"));
    proxy.cut();
    until("connection.state === 'reconnecting'");
    page.evaluate("say(3, 5)");
    Eventually.eventually("it is detached", () -> fixture.gateway.connections() == 0);
    CLOCK.advance(WINDOW.plusSeconds(1));
    Eventually.eventually("it is over", () -> goodbyes(before) == 1);
    proxy.refused.clear();
    until(
        """
        log.some((e) => e.type === 'lost')
          || (connection.state === 'reconnecting' && !dispatchEvent(new Event('online')))
        """);
    assertNotEquals(before, id());
    // What was never handed over goes to the new one.
    assertExchanged(5);
    assertEquals(2, bodies("hello").size());
  }

  @Test
  void anEndIsAnEnd() {
    connect();
    untilEvent("open", "websocket");
    page.evaluate("void connection.send({ action: 'leave' })");
    until("connection.state === 'closed'");
    assertEquals(List.of("open", "close"), types());
    assertEquals(1000, log().getLast().path("code").intValue());
    assertEquals(1000, page.evaluate("connection.send('more').catch((error) => error.code)"));
    assertEquals(1, bodies("hello").size());
  }

  @Test
  void whoIsTakenElsewhereStaysAway() throws Exception {
    connect();
    untilEvent("open", "websocket");
    page.waitForCondition(() -> !received.isEmpty());
    String resume = Json.parse(received.getFirst()).path("resume").asString();
    String cookie =
        context.cookies().stream()
            .map(each -> each.name + "=" + each.value)
            .findFirst()
            .orElseThrow();
    try (var other =
        SocketClient.connect(
            library,
            fixture.gateway.httpPort(),
            "/ws/echo?offset=0&resume=" + resume,
            Envelopes.PROTOCOL,
            Map.of("Cookie", cookie))) {
      assertTrue(other.next().path("recovered").booleanValue());
      until("connection.state === 'closed'");
      assertEquals(CloseCodes.REPLACED, log().getLast().path("code").intValue());
      other.send("undisturbed");
      assertEquals("undisturbed", other.next().path("body").asString());
    }
  }

  @Test
  void whoIsRefusedIsToldAndDoesNotTryAgain() {
    connect("closed", Map.of());
    until("connection.state === 'closed'");
    assertEquals(403, log().getLast().path("code").intValue());
    // A browser does not tell why a WebSocket failed; a stream does.
    assertEquals(2, bodies("refuse").size());
  }

  @ParameterizedTest
  @ValueSource(strings = {"websocket", "events"})
  void aFrameThatIsTooLargeIsRefusedAndTheNextOnesArrive(String transport) {
    connect("echo", Map.of("transports", List.of(transport)));
    untilEvent("open", transport);
    page.evaluate("connection.send('x'.repeat(40_000)).catch((error) => sent.push(error.code))");
    page.evaluate("say(0, 3)");
    until("sent.length === 4");
    int code = transport.equals("websocket") ? 1009 : 413;
    assertEquals(List.of(code, 0, 1, 2), page.evaluate("sent"));
    until("log.filter((e) => e.type === 'message').length === 3");
    assertEquals(List.of("m0", "m1", "m2"), log("message"));
    assertEquals(
        429, page.evaluate("connection.send('x'.repeat(2 << 20)).catch((error) => error.code)"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"websocket", "events"})
  void aPageThatIsLeftEndsItsConnection(String transport) {
    connect("echo", Map.of("transports", List.of(transport)));
    untilEvent("open", transport);
    String id = id();
    page.navigate("about:blank");
    Eventually.eventually("the app hears of it", () -> goodbyes(id) == 1);
  }

  @Test
  void theExampleOfTheDocumentationRuns() throws Exception {
    String text = Files.readString(Path.of("../docs/connections.md"));
    var yaml = Pattern.compile("(?s)```yaml\n(.*?)```").matcher(text);
    var script = Pattern.compile("(?s)```js\n(.*?)```").matcher(text);
    assertTrue(yaml.find() && script.find());
    fixture.app("chat", yaml.group(1));
    page.evaluate("window.shown = []; window.show = (text) => shown.push(text); 0");
    page.addScriptTag(new Page.AddScriptTagOptions().setType("module").setContent(script.group(1)));
    page.waitForFunction("shown.length === 2");
    assertEquals(List.of("hello", "over: 1000"), page.evaluate("shown"));
  }
}
