package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.node.Node;
import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.v1.Aggregation;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Hit;
import dev.heddle.v1.LeafTiming;
import dev.heddle.v1.Match;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The same queries to a coordinator that asks all leaves, and to one that hands parts on. */
@Timeout(240)
class QueryTreeTest {
  private static final long SEED = 20261122;
  private static final int DOCUMENTS = 1_000;
  private static final int SHARDS = 8;
  private static final int QUERIES = 60;

  /** So few that leaves are asked for all of them: bills are the same to the last unit. */
  private static final int FEW = 8;

  private static final int MANY = 200;

  @TempDir Path directory;

  @Test
  void aTreeAnswersAsAFlatPlanDoesAlsoWhenACoordinatorGoes() throws Exception {
    System.out.println("seed " + SEED);
    var books = new Books(SEED);
    try (var cluster = new TestCluster(directory, 4);
        var channels = new Channels(Credentials.none())) {
      // A leaf for each two shards: every query needs all four.
      Books.loadEverywhere(cluster, "books", SHARDS, 1, books.items(DOCUMENTS));
      var _ = cluster.startCoordinator("mid-1", "");
      var _ = cluster.startCoordinator("mid-2", "");
      // A late part would be worked on twice, and bills would differ.
      var tree =
          cluster.startCoordinator("tree", "coordinator: {scatter: {fan-in: 2, hedging: none}}\n");
      var whole =
          cluster.startCoordinator("whole", "coordinator: {scatter: {top-k-probability: 1}}\n");
      for (var other : List.of(tree, whole)) {
        eventually("figures of everything", () -> alike(cluster, channels, other, query(books, 0)));
      }
      int handed = 0;
      int trimmed = 0;
      for (int i = 0; i < QUERIES; i++) {
        var query = query(books, i).build();
        var flat = run(QueryGrpc.newBlockingStub(cluster.grpc()), query);
        var deep = run(stub(channels, tree), query);
        same(flat, deep, "query " + i + ": " + query);
        var many = query(books, i).setK(MANY).build();
        var untrimmed = run(stub(channels, whole), many);
        assertTrue(calls(untrimmed).stream().allMatch(call -> call.getK() == 0), "" + many);
        for (var other : List.of(QueryGrpc.newBlockingStub(cluster.grpc()), stub(channels, tree))) {
          var answer = run(other, many);
          sameAnswer(untrimmed, answer, "query " + i + ": " + many);
          trimmed += calls(answer).stream().anyMatch(call -> call.getK() > 0) ? 1 : 0;
          // Streamed queries are not trimmed.
          var streamed = streamed(other, many.toBuilder().setCountUpTo(1).build());
          assertEquals(ids(untrimmed), ids(streamed), "streamed " + i + ": " + many);
          assertEquals(scores(untrimmed), scores(streamed), "streamed " + i + ": " + many);
        }
        handed +=
            deep.getExplanation().getLeavesList().stream()
                    .anyMatch(leaf -> !leaf.getCoordinator().isEmpty())
                ? 1
                : 0;
        if (i == QUERIES / 2) {
          cluster.stop("mid-1");
          eventually("known", () -> tree.catalog().view().node("mid-1").isEmpty());
        }
      }
      assertEquals(QUERIES, handed);
      // Those without aggregations, flat and in the tree, unless all leaves were slow just then.
      assertTrue(trimmed > 0, "none of " + QUERIES);
    }
  }

  private static List<LeafTiming> calls(QueryResponse response) {
    return response.getExplanation().getLeavesList();
  }

  /** The last answer. */
  private static QueryResponse streamed(QueryGrpc.QueryBlockingStub stub, QueryRequest request) {
    var answers = stub.withDeadlineAfter(20, TimeUnit.SECONDS).stream(request);
    var last = answers.next();
    while (answers.hasNext()) {
      last = answers.next();
    }
    assertTrue(last.getFinal());
    return last;
  }

  private static void sameAnswer(QueryResponse one, QueryResponse other, String what) {
    assertEquals(ids(one), ids(other), what);
    assertEquals(scores(one), scores(other), what);
    assertEquals(one.getTotal(), other.getTotal(), what);
    assertEquals(one.getAggsMap(), other.getAggsMap(), what);
    assertEquals(one.getCoverage(), other.getCoverage(), what);
    assertEquals(DOCUMENTS, other.getCoverage().getSeen(), what);
    assertEquals(SHARDS, other.getCoverage().getShardsAnswered(), what);
  }

  private static void same(QueryResponse flat, QueryResponse deep, String what) {
    sameAnswer(flat, deep, what);
    assertTrue(deep.getBill().getComplete(), what);
    assertEquals(flat.getBill().getShardOperations(), deep.getBill().getShardOperations(), what);
    assertEquals(flat.getBill().getDocumentsScanned(), deep.getBill().getDocumentsScanned(), what);
  }

  private static boolean alike(
      TestCluster cluster, Channels channels, Node tree, QueryRequest.Builder query) {
    var flat = run(QueryGrpc.newBlockingStub(cluster.grpc()), query.build());
    var deep = run(stub(channels, tree), query.build());
    return flat.getCoverage().getSeen() == DOCUMENTS && scores(flat).equals(scores(deep));
  }

  private static QueryGrpc.QueryBlockingStub stub(Channels channels, Node node) {
    return QueryGrpc.newBlockingStub(channels.to(node.grpc().orElseThrow().toString()));
  }

  private static QueryRequest.Builder query(Books books, int i) {
    var query =
        QueryRequest.newBuilder()
            .setDataset("books")
            .setQuery(
                Clause.newBuilder().setMatch(Match.newBuilder().setText(books.text(1 + i % 3))))
            .setK(FEW)
            .setExplain(true)
            .setCountUpTo(1_000_000);
    if (i % 2 == 1) {
      query.putAggs(
          "genres",
          Aggregation.newBuilder()
              .setTerms(Aggregation.Terms.newBuilder().setField("genre").setSize(3))
              .build());
    }
    return query;
  }

  private static QueryResponse run(QueryGrpc.QueryBlockingStub stub, QueryRequest request) {
    return stub.withDeadlineAfter(20, TimeUnit.SECONDS).run(request);
  }

  private static List<String> ids(QueryResponse response) {
    return response.getHitsList().stream().map(Hit::getId).toList();
  }

  private static List<Float> scores(QueryResponse response) {
    return response.getHitsList().stream().map(Hit::getScore).toList();
  }
}
