package dev.heddle.loadtest.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class QueryFileTest {
  private static final JsonMapper JSON = JsonMapper.shared();

  @TempDir private Path folder = Path.of("");

  private List<WorkloadQuery> read(String text) throws IOException {
    var file = Files.writeString(folder.resolve("queries.txt"), text);
    return QueryFile.read(file, JSON.createObjectNode().put("k", 5));
  }

  @Test
  void takesJsonAndPlainTextLineByLine() throws IOException {
    assertEquals(
        List.of(
            new WorkloadQuery(QueryKind.GIVEN, "{\"query\":\"old bridge\",\"k\":5}"),
            new WorkloadQuery(QueryKind.GIVEN, "{\"query\":{\"all\":{}},\"k\":5}"),
            new WorkloadQuery(QueryKind.GIVEN, "{\"query\":\"a \\\"quote\\\"\",\"k\":5}")),
        read("old bridge\n\n{\"query\":{\"all\":{}},\"k\":1}\r\n  a \"quote\"  \n"));
  }

  @Test
  void namesTheLineThatIsNoQuery() {
    var refusal = assertThrows(HeddleException.class, () -> read("one\n{\"query\": }\n"));
    var message = String.valueOf(refusal.getMessage());
    assertTrue(message.contains("queries.txt line 2: "), message);
    assertTrue(message.endsWith(" (expected: a JSON object or plain text)"), message);
  }

  @Test
  void refusesAFileWithoutQueriesAndOneThatIsNotThere() {
    assertThrows(HeddleException.class, () -> read("\n \n"));
    var nowhere = folder.resolve("nowhere");
    var refusal =
        assertThrows(HeddleException.class, () -> QueryFile.read(nowhere, JSON.createObjectNode()));
    assertEquals(
        "queries: " + nowhere + " (expected: a readable UTF-8 file)", refusal.getMessage());
  }
}
