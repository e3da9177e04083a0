package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.v1.Aggregation;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Hit;
import dev.heddle.v1.Match;
import dev.heddle.v1.Phrase;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.Term;
import dev.heddle.v1.Value;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class RankingEquivalenceTest {
  private static final long SEED = 20161104;
  private static final int DOCUMENTS = 3_000;
  private static final int QUERIES = 300;

  @TempDir Path directory;

  @Test
  void eightShardsWithThreeReplicasEachRankExactlyAsOneShardDoes() throws Exception {
    System.out.println("seed " + SEED);
    var books = new Books(SEED);
    var items = books.items(DOCUMENTS);
    try (var cluster = new TestCluster(directory, 3)) {
      for (var dataset : List.of("one", "eight")) {
        boolean one = dataset.equals("one");
        Books.loadEverywhere(cluster, dataset, one ? 1 : 8, one ? 1 : 3, items);
      }
      // Scores rest on figures that follow what was loaded within a second or so.
      var first = query(books, 0);
      eventually(
          "figures of everything",
          () ->
              scores(run(cluster, first.setDataset("one").build()))
                  .equals(scores(run(cluster, first.setDataset("eight").build()))));
      int found = 0;
      for (int i = 0; i < QUERIES; i++) {
        var query = query(books, i);
        var one = run(cluster, query.setDataset("one").build());
        var eight = run(cluster, query.setDataset("eight").build());
        String what =
            "query %d, statistics %s and %s: %s"
                .formatted(
                    i, one.getStatisticsEpoch(), eight.getStatisticsEpoch(), query.getQuery());
        assertEquals(1.0, one.getCoverage().getSeen() / (double) DOCUMENTS, what);
        assertEquals(one.getCoverage().getSeen(), eight.getCoverage().getSeen(), what);
        assertEquals(ids(one), ids(eight), what);
        assertEquals(scores(one), scores(eight), what);
        assertEquals(one.getTotal(), eight.getTotal(), what);
        assertEquals(one.getAggsMap(), eight.getAggsMap(), what);
        found += one.getHitsCount();
      }
      assertTrue(found > QUERIES, "hits " + found);
    }
  }

  private static QueryRequest.Builder query(Books books, int i) {
    var clause =
        switch (i % 4) {
          case 0 -> match(books.word());
          case 1 -> match(books.text(2 + i % 4));
          case 2 ->
              Clause.newBuilder()
                  .setPhrase(Phrase.newBuilder().setField("body").setText(books.text(2)))
                  .build();
          default -> match(books.text(2));
        };
    var request = QueryRequest.newBuilder().setQuery(clause).setK(20).setCountUpTo(1_000_000);
    if (i % 4 == 3) {
      request
          .setFilter(
              Clause.newBuilder()
                  .setTerm(
                      Term.newBuilder()
                          .setField("genre")
                          .setValue(Value.newBuilder().setStringValue(books.genre()))))
          .putAggs(
              "genres",
              Aggregation.newBuilder()
                  .setTerms(Aggregation.Terms.newBuilder().setField("genre").setSize(3))
                  .build());
    }
    return request;
  }

  private static Clause match(String text) {
    return Clause.newBuilder().setMatch(Match.newBuilder().setText(text)).build();
  }

  private static QueryResponse run(TestCluster cluster, QueryRequest request) {
    return Books.ask(cluster.grpc(), request);
  }

  private static List<String> ids(QueryResponse response) {
    return response.getHitsList().stream().map(Hit::getId).toList();
  }

  private static List<Float> scores(QueryResponse response) {
    return response.getHitsList().stream().map(Hit::getScore).toList();
  }
}
