package dev.heddle.cli.cluster;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Playwright;
import dev.heddle.cli.client.FunctionPackage;
import dev.heddle.cli.node.Node;
import dev.heddle.process.Closer;
import dev.heddle.process.HostPort;
import java.io.PrintWriter;
import java.net.CookieManager;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The chat in a real browser: two windows, each at a gateway of its own. */
@Timeout(900)
class ChatIT {
  private static final String HOSTILE =
      "<img src=x onerror=\"document.title='taken'\"><b>bold</b> & all";

  /** Tests run in a module's folder or in the checkout's. */
  private static final Path SAMPLE =
      Stream.of("../sample-chat", "sample-chat")
          .map(Path::of)
          .filter(Files::isDirectory)
          .findFirst()
          .orElseThrow();

  @TempDir static Path directory;

  private static final Closer closer = new Closer();
  private static TestCluster cluster;
  private static Browser browser;
  private static String one;
  private static String two;
  private static HostPort behindCable;

  private Visitor ada;
  private Visitor bob;
  private String room;

  @BeforeAll
  static void startClusterAndBrowser() throws Exception {
    var chromium = Visitor.chromium();
    assumeTrue(
        chromium.isPresent(), "no Chromium on the PATH (expected: chromium or google-chrome)");
    cluster = closer.register("cluster", new TestCluster(directory.resolve("cluster"), 1));
    var grids =
        List.of(
            new HostPort("127.0.0.1", TestCluster.freePort()),
            new HostPort("127.0.0.1", TestCluster.freePort()));
    var first = startGateway("gateway-1", grids.getFirst(), grids);
    var second = startGateway("gateway-2", grids.getLast(), grids);
    one = "http://" + first.http().orElseThrow();
    behindCable = second.http().orElseThrow();
    two = "http://" + second.http().orElseThrow();
    assertNotEquals(one, two);
    try (var edge = new Edge(first, new CookieManager());
        var other = new Edge(second, new CookieManager())) {
      deploy(edge, other);
    }
    var options =
        new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"));
    var playwright = closer.register("playwright", Playwright.create(options));
    browser = closer.register("browser", Visitor.launch(playwright, chromium.get()));
  }

  private static Node startGateway(String name, HostPort grid, List<HostPort> grids) {
    var pages = SAMPLE.resolve("pages").toAbsolutePath().normalize();
    var members = grids.stream().map(HostPort::toString).toList();
    return cluster.startGateway(name, grid, members, Optional.of(pages));
  }

  private static void deploy(Edge edge, Edge other) throws Exception {
    String schema = Files.readString(SAMPLE.resolve("app/schema.json"));
    var created =
        edge.post("/v1/datasets", "{\"name\":\"chat\",\"shards\":1,\"schema\":" + schema + "}");
    assertEquals(201, created.statusCode(), created.body());
    for (var name : List.of("chat-enter", "chat-say", "chat-bot")) {
      var log = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
      Sources.deploy(
          cluster.grpc(), FunctionPackage.read(SAMPLE.resolve("functions").resolve(name), log));
    }
    String yaml = Files.readString(SAMPLE.resolve("app/app.yaml"));
    var app = edge.send("PUT", "/v1/apps/chat", "application/yaml", yaml);
    assertEquals(201, app.statusCode(), app.body());
    eventually(
        "the other gateway knows the app",
        () -> other.send("GET", "/v1/apps/chat", "text/plain", "").statusCode() == 200);
    eventually(
        "the history answers",
        () -> edge.post("/v1/datasets/chat/query", "{\"minCoverage\":1}").statusCode() == 200);
  }

  @AfterAll
  static void stopAll() {
    closer.close();
  }

  @BeforeEach
  void twoEnterARoomOfTheirOwn(TestInfo test) {
    room = "r" + Integer.toHexString(test.getDisplayName().hashCode());
    ada = enter("Ada", one);
    bob = enter("Bob", two);
  }

  private Visitor enter(String name, String base) {
    var visitor = new Visitor(browser, base);
    visitor.find("#name").fill(name);
    visitor.find("#name").press("Enter");
    visitor.find("#new").fill(room);
    visitor.find("#new").press("Enter");
    assertThat(visitor.find("#title")).hasText(room);
    assertThat(visitor.find("#link")).hasAttribute("data-state", "open");
    return visitor;
  }

  @AfterEach
  void nothingWentWrongAndNobodyElseWasAsked() {
    for (var visitor : List.of(ada, bob)) {
      try (var done = visitor) {
        assertThat(done.find("#link")).hasAttribute("data-state", "open");
        assertThat(done.find("#trouble")).hasText("");
        assertEquals(List.of(), done.trouble());
      }
    }
  }

  private static void say(Visitor visitor, String text) {
    visitor.find("#box").fill(text);
    visitor.find("#box").press("Enter");
  }

  private static Locator texts(Visitor visitor) {
    return visitor.find("#messages .text");
  }

  private static String[] lines(String... texts) {
    return texts;
  }

  @Test
  void whatOneSaysTheOtherReadsAtAnotherGateway() {
    say(ada, "hello from one");
    assertThat(texts(bob)).hasText(lines("hello from one"));
    say(bob, "hello from two");
    assertThat(texts(ada)).hasText(lines("hello from one", "hello from two"));
    assertThat(texts(bob)).hasText(lines("hello from one", "hello from two"));
    assertThat(ada.find("#messages .from")).hasText(lines("Ada", "Bob"));
    assertThat(ada.find("#box")).hasValue("");
    for (var visitor : List.of(ada, bob)) {
      assertEquals(1, visitor.sockets().size());
    }
    assertTrue(ada.sockets().getFirst().url().startsWith(one.replace("http", "ws")));
    assertTrue(bob.sockets().getFirst().url().startsWith(two.replace("http", "ws")));
  }

  @Test
  void eachSeesWhoIsThereAndWhoHasGone() {
    assertThat(ada.find("#people li")).hasText(lines("Ada (you)", "Bob"));
    assertThat(bob.find("#people li")).hasText(lines("Ada", "Bob (you)"));
    bob.find("#rooms a[href='#lobby']").click();
    assertThat(ada.find("#people li")).hasText(lines("Ada (you)"));
    assertThat(bob.find("#title")).hasText("lobby");
    say(ada, "only here");
    assertThat(texts(ada)).hasText(lines("only here"));
    assertThat(texts(bob).getByText("only here")).hasCount(0);
    bob.page().goBack();
    assertThat(texts(bob)).hasText(lines("only here"));
    assertThat(ada.find("#people li")).hasText(lines("Ada (you)", "Bob"));
  }

  @Test
  void theHistoryAndTheNameOutliveAReload() {
    say(ada, "first");
    assertThat(texts(bob)).hasText(lines("first"));
    say(bob, "second");
    assertThat(texts(ada)).hasText(lines("first", "second"));
    bob.page().reload();
    assertThat(bob.find("#leave")).hasText("Leave (Bob)");
    assertThat(texts(bob)).hasText(lines("first", "second"));
    say(bob, "third");
    assertThat(texts(ada)).hasText(lines("first", "second", "third"));
    // Who comes later reads what was said before.
    try (var eve = enter("Eve", one)) {
      assertThat(texts(eve)).hasText(lines("first", "second", "third"));
      assertThat(bob.find("#people li")).hasText(lines("Ada", "Bob (you)", "Eve"));
      assertEquals(List.of(), eve.trouble());
    }
  }

  @Test
  void theBotAnswersInTheRoom() {
    say(ada, "the shuttle passes through the shed");
    assertThat(texts(bob)).hasCount(1);
    say(bob, "@heddle find shuttles");
    var answer = "Ada said: “the shuttle passes through the shed”";
    for (var visitor : List.of(ada, bob)) {
      assertThat(texts(visitor))
          .hasText(lines("the shuttle passes through the shed", "@heddle find shuttles", answer));
      assertThat(visitor.find("#messages .answer .from")).hasText("heddle");
    }
  }

  @Test
  void aBotThatIsDeployedAnewAnswersOverTheSameSockets() throws Exception {
    say(ada, "@heddle sing");
    var answers = bob.find("#messages .answer .text");
    assertThat(answers).hasCount(1);
    assertThat(answers.first()).containsText("I do not understand that, Ada.");
    var log = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
    var bot = SAMPLE.resolve("functions/chat-bot");
    var source = "src/main/java/dev/heddle/sample/chat/bot/Bot.java";
    var singing =
        Sources.compile(
            Files.createDirectory(directory.resolve("singing")),
            Files.readString(bot.resolve("heddle.yaml")),
            "dev.heddle.sample.chat.bot.Bot",
            Files.readString(bot.resolve(source)).replace("I do not understand that", "La la la"));
    Sources.deploy(cluster.grpc(), singing);
    say(ada, "@heddle sing");
    assertThat(answers).hasCount(2);
    assertThat(answers.last()).containsText("La la la, Ada.");
    Sources.deploy(cluster.grpc(), FunctionPackage.read(bot, log));
    assertEquals(1, ada.sockets().size());
    assertEquals(1, bob.sockets().size());
  }

  @Test
  void hostileTextIsText() {
    say(ada, HOSTILE);
    assertThat(texts(bob)).hasText(lines(HOSTILE));
    assertThat(bob.find("#messages img, #messages b")).hasCount(0);
    assertThat(bob.page()).hasTitle(room + " – Heddle chat");
  }

  @Test
  void whoLeavesIsAskedForANameAgain() {
    bob.find("#leave").click();
    assertThat(bob.find("#door")).isVisible();
    assertThat(ada.find("#people li")).hasText(lines("Ada (you)"));
    bob.page().reload();
    assertThat(bob.find("#door")).isVisible();
    bob.find("#name").fill("Eve");
    bob.find("#name").press("Enter");
    assertThat(ada.find("#people li")).hasText(lines("Ada (you)", "Eve"));
  }

  @Test
  void whoWasCutOffHasEveryMessageOnceAndNeedsNoHistory() throws Exception {
    try (var cable = new Cable(behindCable);
        var eve = enter("Eve", cable.url())) {
      say(ada, "before");
      assertThat(texts(eve)).hasText(lines("before"));
      cable.cut();
      assertThat(eve.find("#link")).hasAttribute("data-state", "waiting");
      say(eve, "from the dark");
      assertThat(eve.find("#messages .waiting .text")).hasText("from the dark");
      say(ada, "meanwhile");
      assertThat(texts(bob)).hasText(lines("before", "meanwhile"));
      var sent = new ArrayList<String>();
      eve.page().onWebSocket(socket -> socket.onFrameSent(frame -> sent.add(frame.text())));
      cable.mend();
      for (var visitor : List.of(ada, bob, eve)) {
        assertThat(texts(visitor)).hasText(lines("before", "meanwhile", "from the dark"));
        assertThat(visitor.find("#messages .waiting")).hasCount(0);
      }
      assertThat(eve.find("#trouble")).hasText("");
      assertThat(eve.find("#people li")).hasText(lines("Ada", "Bob", "Eve (you)"));
      assertTrue(sent.stream().noneMatch(frame -> frame.contains("history")), sent::toString);
    }
  }

  @Test
  void whoWasAwayForTooLongSeesTheNewestAndThatThereWasMore() throws Exception {
    String yaml = Files.readString(SAMPLE.resolve("app/app.yaml"));
    String hasty = yaml.replace("message: 8KiB", "message: 8KiB, resume: 1s");
    assertNotEquals(yaml, hasty);
    try (var edge = new Edge(behindCable, new CookieManager());
        var cable = new Cable(behindCable)) {
      assertEquals(200, edge.send("PUT", "/v1/apps/chat", "application/yaml", hasty).statusCode());
      try (var eve = enter("Eve", cable.url())) {
        say(ada, "before");
        assertThat(texts(eve)).hasText(lines("before"));
        cable.cut();
        assertThat(eve.find("#link")).hasAttribute("data-state", "waiting");
        // Gone for good: more than a second is over.
        assertThat(ada.find("#people li")).hasText(lines("Ada (you)", "Bob"));
        var all = IntStream.range(0, 26).mapToObj(i -> "m" + i).toList();
        for (var text : all) {
          say(ada, text);
        }
        assertThat(texts(bob)).hasCount(27);
        cable.mend();
        assertThat(eve.find("#link")).hasAttribute("data-state", "open");
        assertThat(texts(eve)).hasText(all.subList(1, 26).toArray(String[]::new));
        assertThat(eve.find("#older")).isVisible();
        assertThat(ada.find("#older")).isHidden();
      } finally {
        assertEquals(200, edge.send("PUT", "/v1/apps/chat", "application/yaml", yaml).statusCode());
      }
    }
  }

  @Test
  void nothingThatIsWrittenIntoTheRoomStopsThePage() throws Exception {
    try (var edge = new Edge(behindCable, new CookieManager())) {
      var fields =
          "{\"room\":\"" + room + "\",\"from\":\"x\",\"kind\":\"talk\",\"text\":\"x\",\"at\":";
      var late =
          edge.send(
              "PUT",
              "/v1/datasets/chat/docs/late-" + room,
              "application/json",
              fields + Long.MAX_VALUE + "}");
      assertEquals(2, late.statusCode() / 100, late.body());
      for (var published : List.of("no json", "null", "{\"id\":\"y\",\"fields\":{\"at\":[]}}")) {
        var answer = edge.send("POST", "/v1/channels/room." + room, "text/plain", published);
        assertEquals(2, answer.statusCode() / 100, answer.body());
      }
    }
    say(ada, "still here");
    assertThat(texts(bob)).hasText(lines("still here"));
    bob.page().reload();
    assertThat(texts(bob)).hasText(lines("still here"));
    assertThat(bob.find("#log")).hasAttribute("aria-busy", "false");
  }

  @Test
  void enteringTwiceIsOneConnection() {
    bob.find("#leave").click();
    bob.find("#name").fill("Eve");
    var _ =
        bob.page()
            .evaluate(
                "() => { const form = document.querySelector('#enter');"
                    + " form.requestSubmit(); form.requestSubmit(); }");
    assertThat(ada.find("#people li")).hasText(lines("Ada (you)", "Eve"));
    bob.find("#leave").click();
    assertThat(ada.find("#people li")).hasText(lines("Ada (you)"));
    assertEquals(2, bob.sockets().size());
    bob.find("#name").fill("Bob");
    bob.find("#name").press("Enter");
    assertThat(bob.find("#link")).hasAttribute("data-state", "open");
  }

  @Test
  void aHiddenWindowKeepsItsSessionInUse() {
    var asked = new ArrayList<String>();
    bob.page()
        .onWebSocket(socket ->
            socket.onFrameSent(frame -> {
              if (frame.text().contains("\"heddle\":\"presence\"")) {
                asked.add(frame.text());
              }
            }));
    bob.page().clock().install();
    bob.page().reload();
    bob.page().waitForCondition(() -> !asked.isEmpty());
    var _ =
        bob.page().evaluate("() => Object.defineProperty(document, 'hidden', {get: () => true})");
    asked.clear();
    bob.page().clock().fastForward(61_000);
    bob.page().waitForCondition(() -> !asked.isEmpty());
  }
}
