package dev.heddle.loadtest.testing;

import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Peers;
import dev.heddle.loadtest.testing.ScriptedServer.Reply;
import dev.heddle.loadtest.testing.ScriptedServer.Request;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A dataset of random documents behind the edge of a cluster, searched by looking at each of them.
 * What it answers to the queries under measurement can be changed by a script.
 */
public final class ScriptedDataset {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String SCHEMA =
      """
      {"name": "books", "schema": {"fields": [
        {"name": "title", "type": "text", "weight": 3.0, "multi": false},
        {"name": "body", "type": "text", "weight": 1.0, "multi": true},
        {"name": "hidden", "type": "text", "weight": 0.0, "multi": false},
        {"name": "topic", "type": "keyword", "weight": 0.0, "multi": true},
        {"name": "shelf", "type": "keyword", "weight": 0.0, "multi": false},
        {"name": "isbn", "type": "keyword", "weight": 0.0, "multi": false},
        {"name": "rank", "type": "double", "weight": 0.0, "multi": false}],
        "rank": {"field": "rank", "weight": 1.0}}}\
      """;

  private final List<ObjectNode> documents = new ArrayList<>();
  private final AtomicInteger measured = new AtomicInteger();
  private final List<Request> sampling = Collections.synchronizedList(new ArrayList<>());
  private final List<List<String>> words = new ArrayList<>();
  private final BiFunction<Integer, ObjectNode, Reply> script;

  /**
   * @param script takes the number of a query under measurement, from 0, and the right answer
   */
  public ScriptedDataset(int count, BiFunction<Integer, ObjectNode, Reply> script) {
    this.script = script;
    var random = new Random(7);
    for (int i = 0; i < count; i++) {
      documents.add(document(i, random));
      words.add(List.of(text(documents.getLast()).split("[^a-z0-9]+")));
    }
  }

  private static ObjectNode document(int number, Random random) {
    var document = JSON.createObjectNode().put("title", text(random, 3));
    document.putArray("body").add(text(random, 12) + ", " + text(random, 6)).add(text(random, 5));
    document.put("hidden", "secret" + number);
    document.putArray("topic").add("topic" + random.nextInt(5)).add("topic" + random.nextInt(5));
    document.put("shelf", "shelf" + random.nextInt(12)).put("isbn", "isbn" + number);
    return document;
  }

  private static String text(Random random, int words) {
    var text = new ArrayList<String>();
    for (int i = 0; i < words; i++) {
      text.add("word" + (int) Math.abs(random.nextGaussian() * 60));
    }
    return String.join(" ", text);
  }

  /** Queries under measurement that came up to now. */
  public int measured() {
    return measured.get();
  }

  /** What was asked before, in order. */
  public List<Request> sampling() {
    return sampling;
  }

  /** Options for a short run against the server that this dataset answers for. */
  public static BenchOptions options(ScriptedServer server) {
    return new BenchOptions(
        List.of("query"),
        target(server, "books"),
        new BenchOptions.Workload(Optional.empty(), 40, "{}"),
        new BenchOptions.Load(40, 3, 400, 1),
        11,
        BenchOptions.Output.NONE,
        false,
        Peers.UNSAID);
  }

  /** A dataset of the server. */
  public static BenchOptions.Target target(ScriptedServer server, String dataset) {
    return new BenchOptions.Target(
        URI.create("http://127.0.0.1:" + server.port()),
        dataset,
        Optional.empty(),
        Duration.ofSeconds(60));
  }

  /** The script of a server. */
  public Reply answer(Request request) {
    if (!request.path().startsWith("/v1/datasets/books")) {
      return new Reply.Json(
          404,
          "{\"error\":{\"code\":1003,\"name\":\"UNKNOWN_DATASET\",\"kind\":\"USER\","
              + "\"message\":\"dataset: none (expected: one that exists)\"}}");
    }
    if (request.method().equals("GET")) {
      sampling.add(request);
      return new Reply.Json(200, SCHEMA);
    }
    var query = JSON.readTree(request.body());
    // Only the sample asks for certain fields.
    if (query.has("fields")) {
      sampling.add(request);
      return new Reply.Json(200, found(query).toString());
    }
    return script.apply(measured.getAndIncrement(), found(query));
  }

  private ObjectNode found(JsonNode query) {
    record Match(int number, long score) {}
    var matches = new ArrayList<Match>();
    for (int i = 0; i < documents.size(); i++) {
      long score = score(i, query);
      if (score > 0) {
        matches.add(new Match(i, score));
      }
    }
    matches.sort(Comparator.comparingLong(Match::score).reversed());
    var answer = JSON.createObjectNode();
    var hits = answer.putArray("hits");
    for (var match : matches.subList(0, Math.min(query.path("k").asInt(10), matches.size()))) {
      var hit = hits.addObject().put("id", "doc" + match.number()).put("score", match.score());
      hit.set("fields", documents.get(match.number()));
    }
    answer.putObject("total").put("value", matches.size()).put("relation", "eq");
    coverage(answer, documents.size(), 4);
    answer.putObject("bill").put("complete", true).putArray("open");
    return answer.put("tookMicros", 17).put("traceId", "0af7651916cd43dd8448eb211c80319c");
  }

  /** Sets how much of the data was seen, by documents and by shards of 4. */
  public static void coverage(ObjectNode answer, int seen, int answered) {
    int target = answer.path("coverage").path("target").asInt(seen);
    var coverage = answer.putObject("coverage");
    coverage.put("seen", seen).put("active", target).put("target", target);
    coverage.putObject("shards").put("answered", answered).put("skipped", 0).put("total", 4);
    coverage.putArray("missing");
  }

  private static String text(ObjectNode document) {
    return document.path("title") + " " + document.path("body");
  }

  private long score(int number, JsonNode query) {
    var document = documents.get(number);
    for (var filter : query.path("filter").path("term").properties()) {
      var value = document.path(filter.getKey());
      if (!value.toString().contains("\"" + filter.getValue().asString() + "\"")) {
        return 0;
      }
    }
    var clause = query.path("query");
    if (clause.isString()) {
      return Arrays.stream(clause.stringValue().split(" "))
          .filter(words.get(number)::contains)
          .count();
    }
    if (clause.has("phrase")) {
      return text(document).contains(clause.path("phrase").path("text").asString()) ? 1 : 0;
    }
    return 1;
  }
}
