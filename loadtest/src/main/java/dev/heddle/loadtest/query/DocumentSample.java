package dev.heddle.loadtest.query;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Draws documents from a dataset by asking it: first some of the highest rank (or the first ids),
 * then again and again for a random word of a document drawn before. The same seed and data give
 * the same documents; frequent words lead to more of them than rare ones do.
 */
final class DocumentSample {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** Documents to start from, and among how many of the first they are drawn. */
  private static final int STARTERS = 20;

  private static final int FIRST = 100;
  private static final int HITS = 50;

  /** Of one answer at most so many are taken, or the sample would tell of few words only. */
  private static final int TAKEN = 3;

  private final Random random;
  private final DatasetShape shape;
  private final Function<JsonNode, JsonNode> ask;
  private final List<SampledDocument> drawn = new ArrayList<>();
  private final Set<String> ids = new HashSet<>();

  /**
   * @param ask sends a query's JSON and returns the answer's
   */
  DocumentSample(Random random, DatasetShape shape, Function<JsonNode, JsonNode> ask) {
    this.random = random;
    this.shape = shape;
    this.ask = ask;
  }

  /** Up to {@code wanted} different documents; fewer where the dataset shows no more. */
  List<SampledDocument> draw(int wanted) {
    var first = request(FIRST);
    first.putObject("query").putObject("all");
    shape.rank().ifPresent(field -> first.putArray("sort").add("-" + field));
    take(first, Math.min(STARTERS, wanted));
    for (int attempt = 0; attempt < wanted && drawn.size() < wanted; attempt++) {
      var words = drawn.isEmpty() ? List.<String>of() : pick(drawn).words(shape.texts());
      if (!words.isEmpty()) {
        take(request(HITS).put("query", pick(words)), Math.min(TAKEN, wanted - drawn.size()));
      }
    }
    return List.copyOf(drawn);
  }

  private ObjectNode request(int k) {
    var request = JSON.createObjectNode();
    var fields = request.put("k", k).put("highlight", false).putArray("fields");
    shape.texts().forEach(fields::add);
    shape.keywords().forEach(fields::add);
    return request;
  }

  private void take(ObjectNode request, int most) {
    var hits = new ArrayList<JsonNode>();
    ask.apply(request).path("hits").forEach(hits::add);
    Collections.shuffle(hits, random);
    int taken = 0;
    for (var hit : hits) {
      var id = hit.path("id").asString("");
      if (taken < most && ids.add(id)) {
        drawn.add(new SampledDocument(id, hit.path("fields")));
        taken++;
      }
    }
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
