package dev.heddle.cli.demo;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The demo as people have it: real processes, real ports, real signals. */
@Timeout(300)
class DemoIT {
  private static final int DOCUMENTS = 400;
  private static final String ALL = "{\"query\":\"bridge\",\"k\":5}";

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
      assertWhole(demo.query(ALL));
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
      assertWhole(demo.query(ALL));

      demo.process.destroy();
      int exit = demo.awaitExit();
      assertEquals(143, exit, demo::toString);
      demo.awaitNobodyLeft();
      assertFalse(Files.exists(data.resolve("demo.json")));
    }

    try (DemoProcess again = new DemoProcess(port, data, options).awaitReady()) {
      assertWhole(again.query(ALL));
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
  void answersInPartWhileALeafIsDeadAndWhollyOnceItIsBack() throws Exception {
    String[] options = {"--leaves", "2", "--shards", "4", "--corpus", corpus().toString()};
    try (DemoProcess demo =
        new DemoProcess(DemoProcess.freePorts(), folder.resolve("data"), options).awaitReady()) {
      assertWhole(demo.query(ALL));
      ProcessHandle leaf = demo.node("leaf-2");
      assertTrue(leaf.destroyForcibly());
      within(Duration.ofSeconds(5), "leaf-2 dead", () -> !leaf.isAlive());

      JsonNode partial = demo.query("{\"query\":\"bridge\",\"k\":5,\"deadline\":\"2s\"}");
      JsonNode coverage = partial.path("coverage");
      assertEquals(2, coverage.path("shards").path("answered").asInt(), partial::toString);
      assertEquals(4, coverage.path("shards").path("total").asInt(), partial::toString);
      assertEquals(2, coverage.path("missing").size(), partial::toString);
      long seen = coverage.path("seen").asLong();
      assertTrue(seen > 0 && seen < DOCUMENTS, partial::toString);
      assertEquals(DOCUMENTS, coverage.path("target").asLong(), partial::toString);
      assertEquals(seen, partial.path("total").path("value").asLong(), partial::toString);

      within(
          Duration.ofSeconds(60),
          "full coverage again of " + demo,
          () -> demo.query(ALL).path("coverage").path("shards").path("answered").asInt() == 4);
      assertWhole(demo.query(ALL));
      assertTrue(
          demo.err.stream().anyMatch(line -> line.startsWith("heddle: leaf-2 is up again")),
          demo::toString);
    }
  }
}
