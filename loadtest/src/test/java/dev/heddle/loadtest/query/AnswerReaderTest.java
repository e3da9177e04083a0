package dev.heddle.loadtest.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AnswerReaderTest {
  private static final String HITS =
      "{\"hits\":[{\"id\":\"b\",\"score\":2.5,\"fields\":{\"id\":\"inner\",\"x\":[{\"id\":\"deep\"}]}},"
          + "{\"score\":1.0,\"id\":\"a\",\"highlights\":{\"t\":[\"<em>x</em>\"]}}],"
          + "\"total\":{\"value\":2,\"relation\":\"eq\"},\"aggs\":{\"t\":{\"buckets\":[]}},";
  private static final String REST = "\"bill\":{\"open\":[]},\"tookMicros\":731,\"traceId\":\"t\"}";

  private static Optional<Answer> read(String json) {
    return AnswerReader.read(json.getBytes(StandardCharsets.UTF_8));
  }

  private static String coverage(int seen, int answered, int skipped, String missing) {
    return "\"coverage\":{\"seen\":%d,\"active\":10,\"target\":10,\"shards\":{\"answered\":%d,\"skipped\":%d,\"total\":4},\"missing\":[%s]},"
        .formatted(seen, answered, skipped, missing);
  }

  private static Answer answer(String coverage) {
    return read(HITS + coverage + REST).orElseThrow();
  }

  @Test
  void readsIdsInOrderAndWhatTheServerTook() {
    var answer = answer(coverage(10, 3, 1, ""));
    assertEquals(List.of("b", "a"), answer.ids());
    assertEquals(731, answer.tookMicros());
    assertFalse(answer.partial());
  }

  @Test
  void seesEveryWayInWhichAnAnswerIsPartial() {
    assertEquals("9 of 10 documents, 4 of 4 shards", answer(coverage(9, 4, 0, "")).coverage());
    assertEquals("10 of 10 documents, 3 of 4 shards", answer(coverage(10, 3, 0, "")).coverage());
    assertEquals(
        "10 of 10 documents, 4 of 4 shards",
        answer(coverage(10, 4, 0, "{\"shard\":1,\"reason\":\"deadline\"}")).coverage());
  }

  @Test
  void takesNothingElseForAnAnswer() {
    for (var body :
        List.of(
            "",
            "[]",
            "<html>",
            "{}",
            HITS + REST,
            HITS + coverage(10, 4, 0, "") + "\"tookMicros\":\"soon\"}",
            HITS + coverage(10, 4, 0, "") + REST.substring(0, 20),
            HITS + coverage(10, 4, 0, "") + REST + "{}",
            "{\"hits\":{}," + coverage(10, 4, 0, "") + REST)) {
      assertEquals(Optional.empty(), read(body), body);
    }
  }
}
