package dev.heddle.loadtest.query;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A user's queries: one a line, the JSON object of a query or its plain text. Empty lines are read
 * over.
 */
final class QueryFile {
  private static final int MAX_QUERIES = 100_000;
  private static final int MAX_LINE = 1_000_000;
  private static final JsonMapper JSON = JsonMapper.shared();

  private QueryFile() {}

  /**
   * The queries in the order of the file.
   *
   * @param with fields that each query gets on top
   * @throws HeddleException if the file cannot be read, or a line is no query
   */
  static List<WorkloadQuery> read(Path file, ObjectNode with) {
    var queries = new ArrayList<WorkloadQuery>();
    try (var lines = Files.newBufferedReader(file)) {
      int number = 0;
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        number++;
        if (line.isBlank()) {
          continue;
        }
        if (queries.size() == MAX_QUERIES || line.length() > MAX_LINE) {
          throw refusal(file, number, "too much", "at most 100,000 queries of 1 MB");
        }
        queries.add(query(file, number, line.strip(), with));
      }
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST, "queries: " + file + " (expected: a readable UTF-8 file)", e);
    }
    if (queries.isEmpty()) {
      throw refusal(file, 1, "no query", "one a line");
    }
    return queries;
  }

  private static WorkloadQuery query(Path file, int number, String line, ObjectNode with) {
    if (!line.startsWith("{")) {
      var query = JSON.createObjectNode().put("query", line);
      return new WorkloadQuery(QueryKind.GIVEN, query.setAll(with).toString());
    }
    try {
      if (JSON.readTree(line) instanceof ObjectNode query) {
        return new WorkloadQuery(QueryKind.GIVEN, query.setAll(with).toString());
      }
      throw refusal(file, number, line, "one JSON object");
    } catch (JacksonException e) {
      throw refusal(file, number, e.getOriginalMessage(), "a JSON object or plain text");
    }
  }

  private static HeddleException refusal(Path file, int line, String value, String expected) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "queries: " + file + " line " + line + ": " + value + " (expected: " + expected + ")");
  }
}
