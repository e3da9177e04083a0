package dev.heddle.cli.demo;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.CookieManager;
import java.net.CookiePolicy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demo as people have it: real processes, real ports, real signals. */
@Timeout(900)
class DemoIT {
  private static final int DOCUMENTS = 400;
  private static final String ALL = "{\"query\":\"bridge\",\"k\":5}";

  /** The same, of a machine that may stand still for some seconds. */
  private static final String PATIENT = "{\"query\":\"bridge\",\"k\":5,\"deadline\":\"40s\"}";

  private static final Duration SOON = Duration.ofMinutes(3);
  private static final int SHARDS = 4;
  private static final int MOST_KILLS = 5;

  @TempDir private Path folder;

  private Path corpus() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < DOCUMENTS; i++) {
      lines.append(
          "{\"id\":\"d%d\",\"title\":\"Bridge %d\",\"body\":\"A bridge over river %d.\"}\n"
              .formatted(i, i, i % 7));
    }
    return Files.writeString(folder.resolve("corpus.jsonl"), lines);
  }

  private static void assertWhole(JsonNode answer) {
    JsonNode coverage = answer.path("coverage");
    assertEquals(DOCUMENTS, coverage.path("seen").asLong(), answer::toString);
    assertEquals(DOCUMENTS, coverage.path("target").asLong(), answer::toString);
    assertEquals(4, coverage.path("shards").path("answered").asInt(), answer::toString);
    assertEquals(DOCUMENTS, answer.path("total").path("value").asLong(), answer::toString);
    assertEquals(5, answer.path("hits").size(), answer::toString);
  }

  private static void assertFails(DemoProcess demo, String message) throws InterruptedException {
    assertEquals(1, demo.awaitExit(), demo::toString);
    assertTrue(demo.err.stream().anyMatch(line -> line.contains(message)), demo::toString);
    assertEquals(List.of(), demo.out);
    demo.awaitNobodyLeft();
  }

  @Test
  void servesQueriesStopsCleanlyAndFindsItsDataAgain() throws Exception {
    Path corpus = corpus();
    Path data = folder.resolve("data");
    String[] options = {"--leaves", "2", "--shards", "4", "--corpus", corpus.toString()};
    int port = DemoProcess.freePorts();

    try (DemoProcess demo = new DemoProcess(port, data, options).awaitReady()) {
      assertWhole(demo.query(PATIENT));
      assertEquals("heddle grpc localhost:" + (port + 1), demo.out.get(1), demo::toString);
      assertTrue(Files.exists(data.resolve("demo.json")));
      assertEquals(3, demo.family().size(), demo::toString);
      demo.family()
          .forEach(node ->
              assertTrue(
                  DemoProcess.commandLine(node).contains(" node --roles "),
                  DemoProcess.commandLine(node)));

      try (DemoProcess second = new DemoProcess(DemoProcess.freePorts(), data, options)) {
        assertFails(second, "in use by process " + demo.process.pid());
      }
      Path other = folder.resolve("other");
      try (DemoProcess third = new DemoProcess(port, other, options)) {
        assertFails(third, "port " + port + " is in use");
      }
      assertWhole(demo.query(PATIENT));

      demo.process.destroy();
      int exit = demo.awaitExit();
      assertEquals(143, exit, demo::toString);
      demo.awaitNobodyLeft();
      assertFalse(Files.exists(data.resolve("demo.json")));
    }

    try (DemoProcess again = new DemoProcess(port, data, options).awaitReady()) {
      assertWhole(again.query(PATIENT));
      assertTrue(again.err.contains("heddle: dataset dbpedia has 400 documents"), again::toString);
      assertTrue(again.err.stream().noneMatch(line -> line.contains("indexed")), again::toString);

      // Without a chance to say goodbye.
      again.process.destroyForcibly();
      int exit = again.awaitExit();
      assertNotEquals(0, exit);
      again.awaitNobodyLeft();
    }
  }

  @Test
  void answersInPartWhileTheOnlyCopyIsAwayAndWhollyOnceItIsBack() throws Exception {
    String[] options = {"--leaves", "2", "--shards", "4", "--corpus", corpus().toString()};
    try (DemoProcess demo =
        new DemoProcess(DemoProcess.freePorts(), folder.resolve("data"), options).awaitReady()) {
      assertWhole(demo.query(PATIENT));
      JsonNode partial = askWithout(demo, "leaf-2");
      JsonNode coverage = partial.path("coverage");
      assertEquals(2, coverage.path("shards").path("answered").asInt(), partial::toString);
      assertEquals(4, coverage.path("shards").path("total").asInt(), partial::toString);
      assertEquals(2, coverage.path("missing").size(), partial::toString);
      long seen = coverage.path("seen").asLong();
      assertTrue(seen > 0 && seen < DOCUMENTS, partial::toString);
      assertEquals(DOCUMENTS, coverage.path("target").asLong(), partial::toString);
      assertEquals(seen, partial.path("total").path("value").asLong(), partial::toString);

      awaitWhole(demo);
      assertWhole(demo.query(PATIENT));
      assertTrue(
          demo.err.stream().anyMatch(line -> line.startsWith("heddle: leaf-2 is up again")),
          demo::toString);
    }
  }

  @Test
  @Tag("chaos")
  void outlivesTheFirstLeafAndAllAtOnceWithThreeCopies() throws Exception {
    String[] options = {"--leaves", "3", "--shards", "4", "--corpus", corpus().toString()};
    Path data = folder.resolve("data");
    int port = DemoProcess.freePorts();
    try (DemoProcess demo = new DemoProcess(port, data, options).awaitReady()) {
      within(
          SOON,
          "three copies of " + demo,
          () -> demo.told("heddle: all 3 replicas of each shard of dbpedia are there"));
      within(
          SOON,
          "three voters of " + demo,
          () ->
              demo.tried("status", "--json")
                  .filter(status -> status.path("catalogVoters").size() == 3)
                  .isPresent());
      // The one that began it all.
      kill(demo, "leaf-1");
      awaitWhole(demo);
      assertWhole(demo.query(PATIENT));
      String document = "{\"title\":\"Bridge 0\"}";
      within(
          SOON,
          "a write to " + demo,
          () ->
              demo.tried("document", "put", "dbpedia", "d0", document, "--json")
                  .filter(put -> put.path("version").asLong() > 0)
                  .isPresent());
      within(SOON, "leaf-1 up again in " + demo, () -> demo.told("heddle: leaf-1 is up again"));
      // All at once, and without a chance to say goodbye.
      demo.process.destroyForcibly();
      int exit = demo.awaitExit();
      assertNotEquals(0, exit);
      demo.awaitNobodyLeft();
    }
    try (DemoProcess again = new DemoProcess(port, data, options).awaitReady()) {
      assertWhole(again.query(PATIENT));
      assertTrue(again.told("heddle: dataset dbpedia has 400 documents"), again::toString);
    }
  }

  @Test
  void oneProcessDoesItAll() throws Exception {
    String[] options = {"--leaves", "0", "--shards", "4", "--corpus", corpus().toString()};
    Path data = folder.resolve("data");
    int port = DemoProcess.freePorts();
    String token;
    try (DemoProcess demo = new DemoProcess(port, data, options).awaitReady()) {
      assertWhole(demo.query(PATIENT));
      assertEquals(1, demo.family().size(), demo::toString);
      JsonNode put =
          demo.json(
              "document",
              "put",
              "dbpedia",
              "new",
              "{\"title\":\"Viaduct\"}",
              "--if-version",
              "0",
              "--json");
      token = put.path("positionToken").asString();
      JsonNode answer = demo.json("query", "dbpedia", "viaduct", "--position", token, "--json");
      assertEquals("new", answer.path("hits").path(0).path("id").asString(), answer::toString);
      JsonNode status = demo.json("status", "--json");
      assertEquals("gateway-1", status.path("catalogLeader").asString(), status::toString);
      demo.process.destroy();
      assertEquals(143, demo.awaitExit(), demo::toString);
      demo.awaitNobodyLeft();
    }
    try (DemoProcess again = new DemoProcess(port, data, options).awaitReady()) {
      JsonNode found = again.json("document", "get", "dbpedia", "new", "--position", token);
      assertEquals("Viaduct", found.path("title").asString(), found::toString);
      JsonNode deleted = again.json("document", "delete", "dbpedia", "new", "--json");
      assertTrue(deleted.path("found").asBoolean(), deleted::toString);
    }
  }

  @Test
  void theChatRunsOnTwoGatewaysWithOneSession() throws Exception {
    int port = DemoProcess.freePorts(3);
    try (DemoProcess demo =
            new DemoProcess(port, folder.resolve("data"), "--sample", "chat").awaitReady();
        HttpClient browser =
            HttpClient.newBuilder()
                .cookieHandler(new CookieManager(null, CookiePolicy.ACCEPT_ALL))
                .build()) {
      within(
          SOON,
          "the second gateway's line of " + demo,
          () -> demo.out.contains("heddle also http://127.0.0.1:" + (port + 2)));
      assertEquals(3, demo.family().size(), demo::toString);
      for (int gateway : new int[] {port, port + 2}) {
        var page = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + gateway + "/")).build();
        String html = browser.send(page, BodyHandlers.ofString()).body();
        assertTrue(html.contains("<title>Heddle chat</title>"), html);
      }
      assertEquals("{\"name\":\"Ada\"}", enter(browser, port, "{\"name\":\"Ada\"}"));
      assertEquals("{\"name\":\"Ada\"}", enter(browser, port + 2, "{}"));
      outlivesItsGateway(demo, browser, port);
      demo.process.destroy();
      assertEquals(143, demo.awaitExit(), demo::toString);
      demo.awaitNobodyLeft();
    }
    String[] more = {"--sample", "chat", "--leaves", "3", "--shards", "2"};
    try (DemoProcess again = new DemoProcess(port, folder.resolve("data"), more).awaitReady()) {
      assertTrue(again.told("heddle: dataset chat keeps its 1 shard "), again::toString);
      assertTrue(again.told("heddle: dataset chat goes from 1 to 3 replicas"), again::toString);
      within(
          SOON,
          "three copies of " + again,
          () -> again.told("heddle: all 3 replicas of each shard of chat are there"));
    }
  }

  private static String enter(HttpClient browser, int port, String wish) throws Exception {
    var call =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/run/chat-enter"))
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(wish))
            .build();
    return browser.send(call, BodyHandlers.ofString()).body();
  }

  /** Who was at the gateway that was killed is told what was said meanwhile at the other one. */
  private static void outlivesItsGateway(DemoProcess demo, HttpClient browser, int port)
      throws Exception {
    JsonNode here = chat(browser, port, "", "");
    JsonNode away = chat(browser, port + 2, "", "");
    String listen = "{\"heddle\":\"subscribe\",\"channel\":\"room.lobby\"}";
    JsonNode at = chat(browser, port + 2, "?resume=" + away.path("resume").asString(), listen);
    String read =
        "?resume=%s&offset=0&channels=room.lobby:%s:%d"
            .formatted(
                away.path("resume").asString(),
                at.path("epoch").asString(),
                at.path("offset").asLong());
    kill(demo, "gateway-2");

    String said =
        "{\"action\":\"say\",\"id\":\"a1\",\"room\":\"lobby\",\"text\":\"are you there?\"}";
    JsonNode taken =
        chat(browser, port, "?number=1&resume=" + here.path("resume").asString(), said);
    assertEquals(1, taken.path("received").asInt(), taken::toString);
    within(SOON, "gateway-2 up again in " + demo, () -> demo.told("heddle: gateway-2 is up again"));

    JsonNode back = chat(browser, port + 2, read, "");
    assertTrue(back.path("recovered").asBoolean(), back::toString);
    assertEquals(away.path("connection"), back.path("connection"));
    assertTrue(back.path("publications").toString().contains("are you there?"), back::toString);
  }

  private static JsonNode chat(HttpClient browser, int port, String query, String frame)
      throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/poll/chat" + query))
            .timeout(Duration.ofSeconds(60));
    if (!frame.isEmpty()) {
      var _ = request.POST(BodyPublishers.ofString(frame));
    }
    var response = browser.send(request.build(), BodyHandlers.ofString());
    assertEquals(200, response.statusCode(), response::body);
    return JsonMapper.shared().readTree(response.body());
  }

  private static void kill(DemoProcess demo, String node) {
    ProcessHandle leaf = demo.node(node);
    assertTrue(leaf.destroyForcibly());
    within(Duration.ofSeconds(60), node + " dead", () -> !leaf.isAlive());
  }

  private static void awaitWhole(DemoProcess demo) {
    within(
        SOON,
        "full coverage again of " + demo,
        () -> {
          HttpResponse<String> answer = demo.asked(ALL);
          JsonNode coverage = JsonMapper.shared().readTree(answer.body()).path("coverage");
          return answer.statusCode() == 200
              && coverage.path("shards").path("answered").asInt() == SHARDS
              && coverage.path("seen").asInt() == DOCUMENTS;
        });
  }

  /** Kills a node and asks: before it is back, if only at a later time. */
  private static JsonNode askWithout(DemoProcess demo, String node) throws Exception {
    for (int kills = 1; ; kills++) {
      kill(demo, node);
      JsonNode answer = demo.query("{\"query\":\"bridge\",\"k\":5,\"deadline\":\"8s\"}");
      boolean whole = answer.path("coverage").path("shards").path("answered").asInt() == SHARDS;
      if (!whole || kills == MOST_KILLS) {
        return answer;
      }
      awaitWhole(demo);
    }
  }
}
