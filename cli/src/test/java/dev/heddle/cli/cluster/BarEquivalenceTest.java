package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.node.Node;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Hit;
import dev.heddle.v1.LeafTiming;
import dev.heddle.v1.Match;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.Total.Relation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same queries to coordinators that tell leaves what others found, and to one that does not.
 */
@Timeout(240)
class BarEquivalenceTest {
  private static final long SEED = 20261123;
  private static final int DOCUMENTS = 3_000;
  private static final int SHARDS = 8;
  private static final int QUERIES = 60;
  private static final int COUNT_UP_TO = 20;
  private static final int MOST_ROUNDS = 60;

  /** At once: leaves wait for one another's, as there are more queries than threads. */
  private static final int AT_ONCE = 12;

  @TempDir Path directory;

  @Test
  void leavesThatAreToldWhatOthersFoundGiveTheSameAnswers() throws Exception {
    System.out.println("seed " + SEED);
    var books = new Books(SEED);
    try (var cluster = new TestCluster(directory, 4);
        var channels = new Channels(Credentials.none())) {
      Books.loadEverywhere(cluster, "books", SHARDS, 1, books.items(DOCUMENTS));
      var _ = cluster.startCoordinator("mid-1", often(""));
      var _ = cluster.startCoordinator("mid-2", often(""));
      var silent =
          cluster.startCoordinator("silent", "coordinator: {scatter: {bar-interval: 0s}}\n");
      var flat = cluster.startCoordinator("flat", often(""));
      var tree = cluster.startCoordinator("tree", often(", fan-in: 2"));
      List<QueryRequest> queries = new ArrayList<>();
      for (int i = 0; i < QUERIES; i++) {
        queries.add(query(books, i));
      }
      List<QueryResponse> expected = new ArrayList<>();
      for (var other : List.of(flat, tree)) {
        eventually(
            "figures of everything",
            () ->
                shown(run(channels, silent, queries.getFirst()))
                    .equals(shown(run(channels, other, queries.getFirst()))));
      }
      for (var query : queries) {
        var answer = run(channels, silent, query);
        assertEquals(DOCUMENTS, answer.getCoverage().getSeen());
        assertFalse(told(answer), "" + answer.getExplanation());
        expected.add(answer);
      }
      for (var other : List.of(flat, tree)) {
        int told = 0;
        for (int round = 0; round < MOST_ROUNDS && told == 0; round++) {
          told += same(channels, other, queries, expected);
        }
        assertTrue(told > 0, "no call was told anything");
      }
    }
  }

  private static String often(String more) {
    return "coordinator: {scatter: {bar-interval: 20us" + more + "}}\n";
  }

  /**
   * @return queries of which some call was told what others found
   */
  private static int same(
      Channels channels, Node node, List<QueryRequest> queries, List<QueryResponse> expected)
      throws Exception {
    int told = 0;
    try (var threads = Executors.newFixedThreadPool(AT_ONCE)) {
      var answers =
          threads.invokeAll(
              queries.stream()
                  .map(query -> (Callable<QueryResponse>) () -> run(channels, node, query))
                  .toList());
      for (int i = 0; i < queries.size(); i++) {
        var truth = expected.get(i);
        var answer = answers.get(i).get();
        String what = "query " + i + ": " + queries.get(i);
        assertEquals(shown(truth), shown(answer), what);
        assertEquals(truth.getCoverage(), answer.getCoverage(), what);
        if (truth.getTotal().getRelation() == Relation.RELATION_EQUAL
            && answer.getTotal().getRelation() == Relation.RELATION_EQUAL) {
          assertEquals(truth.getTotal(), answer.getTotal(), what);
        }
        // What both counted: all, or more than they had to.
        long least = Math.min(truth.getTotal().getValue(), COUNT_UP_TO);
        assertTrue(answer.getTotal().getValue() >= least, what + answer.getTotal());
        told += told(answer) ? 1 : 0;
      }
    }
    return told;
  }

  private static boolean told(QueryResponse answer) {
    return answer.getExplanation().getLeavesList().stream().anyMatch(LeafTiming::hasBar);
  }

  private static QueryRequest query(Books books, int i) {
    var text = Match.newBuilder().setText(books.text(2 + i % 4));
    return QueryRequest.newBuilder()
        .setDataset("books")
        .setQuery(Clause.newBuilder().setMatch(text))
        .setK(i % 3 == 0 ? 50 : 10)
        .setExplain(true)
        .setCountUpTo(COUNT_UP_TO)
        .build();
  }

  private static QueryResponse run(Channels channels, Node node, QueryRequest request) {
    return Books.ask(channels.to(node.grpc().orElseThrow().toString()), request);
  }

  private static List<String> shown(QueryResponse response) {
    return response.getHitsList().stream().map(BarEquivalenceTest::shown).toList();
  }

  private static String shown(Hit hit) {
    return hit.getId() + " " + hit.getScore();
  }
}
