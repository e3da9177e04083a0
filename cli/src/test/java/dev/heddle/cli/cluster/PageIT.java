package dev.heddle.cli.cluster;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Playwright;
import dev.heddle.cli.client.FunctionPackage;
import dev.heddle.process.Closer;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.CookieManager;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The sample's page in a real browser, against a whole cluster. */
@Timeout(900)
class PageIT {
  private static final int SHARDS = 4;

  /** Tests run in a module's folder or in the checkout's. */
  private static final Path SAMPLE =
      Stream.of("../sample-search", "sample-search")
          .map(Path::of)
          .filter(Files::isDirectory)
          .findFirst()
          .orElseThrow();

  @TempDir static Path directory;

  private static final Closer closer = new Closer();
  private static TestCluster cluster;
  private static Browser browser;
  private static String base;

  private Visitor visitor;

  @BeforeAll
  static void startClusterAndBrowser() throws Exception {
    var chromium = Visitor.chromium();
    assumeTrue(
        chromium.isPresent(), "no Chromium on the PATH (expected: chromium or google-chrome)");
    cluster = closer.register("cluster", new TestCluster(directory.resolve("cluster"), 2));
    var gateway =
        cluster.startGateway("gateway", SAMPLE.resolve("pages").toAbsolutePath().normalize());
    base = "http://" + gateway.http().orElseThrow();
    try (var edge = new Edge(gateway, new CookieManager())) {
      load(edge);
    }
    var options =
        new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"));
    var playwright = closer.register("playwright", Playwright.create(options));
    browser = closer.register("browser", Visitor.launch(playwright, chromium.get()));
  }

  private static void load(Edge edge) throws Exception {
    String schema = Files.readString(SAMPLE.resolve("app/schema.json"));
    var created =
        edge.post(
            "/v1/datasets",
            "{\"name\":\"dbpedia\",\"shards\":" + SHARDS + ",\"schema\":" + schema + "}");
    assertEquals(201, created.statusCode(), created.body());
    var articles = Articles.items();
    Books.load(cluster.grpc(), "dbpedia", articles);
    for (var name : List.of("related-topics", "recent-searches")) {
      Sources.deploy(cluster.grpc(), read(SAMPLE.resolve("functions").resolve(name)));
    }
    var app =
        edge.send(
            "PUT",
            "/v1/apps/search",
            "application/yaml",
            Files.readString(SAMPLE.resolve("app/app.yaml")));
    assertEquals(201, app.statusCode(), app.body());
    eventually(
        "all articles are seen",
        () ->
            Edge.json(edge.post("/v1/datasets/dbpedia/query", "{\"k\":0}"))
                    .at("/coverage/seen")
                    .asLong()
                == articles.size());
  }

  private static FunctionPackage read(Path folder) {
    return FunctionPackage.read(folder, new PrintWriter(System.err, true, StandardCharsets.UTF_8));
  }

  @AfterAll
  static void stopAll() {
    closer.close();
  }

  @BeforeEach
  void openThePage() {
    visitor = new Visitor(browser, base);
  }

  @AfterEach
  void nothingWentWrongAndNobodyElseWasAsked() {
    try (var done = visitor) {
      assertThat(done.find("#link")).hasAttribute("data-state", "open");
      assertEquals(List.of(), done.trouble());
      assertTrue(done.requests().contains(base + "/style.css"), () -> "" + done.requests());
    }
  }

  @Test
  void suggestsWhileOneTypesInAnyLanguageAndSearchesForTheChoice() {
    var options = visitor.find("#suggestions [role=option]");
    visitor.type("möw");
    assertThat(options).hasCount(1);
    assertThat(options.locator(".label")).hasText("Möwenhafen");
    assertThat(options.locator("b")).hasText("Möw");
    assertThat(options.locator(".title")).hasText("Gullhaven");
    visitor.find("#box").press("ArrowDown");
    visitor.find("#box").press("Enter");
    assertThat(visitor.page()).hasURL(base + "/?q=Gullhaven");
    assertThat(headings().first()).hasText("Gullhaven");

    visitor.type("sker");
    options.getByText("Skerrow Lighthouse").click();
    assertThat(visitor.page()).hasURL(base + "/?q=Skerrow+Lighthouse");
    assertThat(visitor.find("#box")).hasValue("Skerrow Lighthouse");
    assertThat(headings().first()).hasText("Skerrow Lighthouse");
    assertThat(options.first()).not().isVisible();
  }

  @Test
  void showsResultsWithTheMatchesMarkedAndNothingTakenForHtml() {
    visitor.search("skerrow lighthouse");
    assertThat(visitor.find("#summary strong")).hasText("20 articles");
    assertThat(headings()).hasCount(10);
    var best = visitor.find("#results > li").first();
    assertThat(best.locator("h3 em")).hasText("Skerrow Lighthouse");
    assertThat(best.locator(".alias em").first()).hasText("Skerrow");
    assertThat(best.locator(".snippet em").first()).hasText("Skerrow Lighthouse");
    assertThat(best.locator(".snippet")).containsText("keepers <i>wind</i> the clockwork & trim");
    assertThat(best.locator("h3 a"))
        .hasAttribute("href", "https://example.org/wiki/Skerrow_Lighthouse");
    visitor.find("#more").click();
    assertThat(headings()).hasCount(20);
  }

  @Test
  void aFacetNarrowsTheAnswerAndTheBackButtonWidensItAgain() {
    visitor.search("lighthouse");
    var count = visitor.find("#summary strong");
    var person = visitor.find("#facets [data-key='type:Person']");
    assertThat(count).hasText("20 articles");
    assertThat(person.locator(".count")).hasText("3");
    person.click();
    assertThat(count).hasText("3 articles");
    assertThat(headings()).hasCount(3);
    assertThat(visitor.page()).hasURL(base + "/?q=lighthouse&type=Person");
    assertThat(person).hasAttribute("aria-pressed", "true");
    // What else could be chosen stays in sight.
    assertThat(visitor.find("#facets [data-key='type:Lighthouse'] .count")).hasText("16");

    visitor.page().goBack();
    assertThat(count).hasText("20 articles");
    assertThat(visitor.page()).hasURL(base + "/?q=lighthouse");
    assertThat(person).hasAttribute("aria-pressed", "false");
    visitor.page().goBack();
    assertThat(visitor.find("#home")).isVisible();
    assertThat(visitor.find("#box")).hasValue("");
    visitor.page().goForward();
    assertThat(count).hasText("20 articles");
  }

  @Test
  void theExplainPanelShowsLeavesShardsCoverageAndBill() {
    visitor.search("lighthouse");
    var panel = visitor.find("#explain");
    assertThat(visitor.find("#summary .whole")).hasText("4 of 4 shards");
    assertThat(panel).not().isVisible();
    visitor.find("#explain-toggle").click();
    var leaves = panel.locator(".waterfall li.leaf .name");
    assertThat(leaves).hasCount(2);
    assertThat(panel.locator(".leaf .name:text-is('leaf-1')")).hasCount(1);
    assertThat(panel.locator(".leaf .name:text-is('leaf-2')")).hasCount(1);
    assertThat(panel.locator(".waterfall li.shard")).hasCount(SHARDS);
    assertThat(panel.locator(".figures")).containsText("4 / 4shards40of 40 documents covered");
    assertThat(cell("Covered")).hasText("100 %");
    assertThat(cell("Documents in all")).hasText("40");
    assertThat(panel.locator("caption").first()).hasText("Bill (settled)");
    assertThat(cell("Documents scanned")).hasText(Pattern.compile("[1-9]\\d*"));
    assertThat(cell("CPU time")).hasText(Pattern.compile("[\\d.]+ (µs|ms|s)"));
    visitor.find("body").press("e");
    assertThat(panel).not().isVisible();
  }

  @Test
  void recentSearchesOutliveAReload() {
    var recent = visitor.find("#recent-list li");
    visitor.search("lighthouse");
    assertThat(recent).hasText(new String[] {"lighthouse"});
    visitor.search("herring");
    assertThat(recent).hasText(new String[] {"herring", "lighthouse"});
    visitor.page().reload();
    assertThat(visitor.find("#box")).hasValue("herring");
    assertThat(recent).hasText(new String[] {"herring", "lighthouse"});
    visitor.page().navigate(base + "/");
    recent.getByText("lighthouse").click();
    assertThat(visitor.page()).hasURL(base + "/?q=lighthouse");
    assertThat(visitor.find("#summary strong")).hasText("20 articles");
    try (var stranger = new Visitor(browser, base)) {
      assertThat(stranger.find("#inventory")).containsText("40 articles of DBpedia in 4 shards");
      assertThat(stranger.find("#recent-list li")).hasCount(0);
    }
  }

  @Test
  void aFunctionSwappedWhileThePageIsOpenChangesTheTopicsOverTheSameSocket() throws Exception {
    visitor.search("lighthouse");
    var topics = visitor.find("#topics li");
    assertThat(topics).hasText(new String[] {"Fresnel lens", "Ada Quill", "Fog signal"});
    Sources.deploy(cluster.grpc(), starredTopics());
    visitor.find("#box").press("Enter");
    assertThat(topics).hasText(new String[] {"★ Fresnel lens", "★ Ada Quill", "★ Fog signal"});
    assertEquals(1, visitor.sockets().size());
    assertFalse(visitor.sockets().getFirst().isClosed());

    Sources.deploy(cluster.grpc(), read(SAMPLE.resolve("functions/related-topics")));
    visitor.find("#box").press("Enter");
    assertThat(topics).hasText(new String[] {"Fresnel lens", "Ada Quill", "Fog signal"});
    assertEquals(1, visitor.sockets().size());
    topics.getByText("Ada Quill").click();
    assertThat(visitor.page()).hasURL(base + "/?q=Ada+Quill");
    assertThat(headings().first()).hasText("Ada Quill");
  }

  /** The sample's function, with a star before each topic. */
  private static FunctionPackage starredTopics() throws IOException {
    var original = SAMPLE.resolve("functions/related-topics");
    var copy = directory.resolve("starred");
    try (var files = Files.walk(original)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        var target = copy.resolve(original.relativize(file));
        Files.createDirectories(target.getParent());
        Files.writeString(
            target,
            Files.readString(file)
                .replace("Map.of(\"topic\", topic,", "Map.of(\"topic\", \"★ \" + topic,"));
      }
    }
    return read(copy);
  }

  private Locator headings() {
    return visitor.find("#results h3");
  }

  /** Beside {@code name} in one of the panel's tables. */
  private Locator cell(String name) {
    return visitor.find("#explain th:text-is('" + name + "') + td");
  }
}
