package dev.heddle.cli.cluster;

import static dev.heddle.process.testing.Eventually.eventually;
import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.GrpcErrors;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Match;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.Term;
import dev.heddle.v1.Value;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class LeafLossTest {
  private static final long SEED = 7;
  private static final int DOCUMENTS = 600;

  @TempDir Path directory;

  @Test
  void aLeafThatIsDownShowsInTheCoverageOfWhatHasNoOtherCopyAndItsReturnRestoresIt()
      throws Exception {
    var books = new Books(SEED);
    try (var cluster = new TestCluster(directory, 3)) {
      Books.create(cluster.grpc(), "books", 6, 1);
      Books.load(cluster.grpc(), "books", books.items(DOCUMENTS));
      cluster.awaitVoters(3);
      var before = await(cluster, DOCUMENTS);
      assertEquals(6, before.getCoverage().getShardsAnswered());
      assertTrue(before.getBill().getComplete());

      cluster.stop("leaf-2");
      var without = run(cluster);
      var coverage = without.getCoverage();
      assertEquals(4, coverage.getShardsAnswered());
      assertEquals(2, coverage.getMissingCount());
      assertEquals("no_replica", coverage.getMissing(0).getReason());
      assertEquals(DOCUMENTS, coverage.getTarget());
      assertEquals(coverage.getSeen(), coverage.getActive());
      assertTrue(coverage.getSeen() > 0 && coverage.getSeen() < DOCUMENTS);

      cluster.startLeaf("leaf-2");
      var after = await(cluster, DOCUMENTS);
      assertEquals(0, after.getCoverage().getMissingCount());
      // Scores rest on figures that follow a change within a second or so.
      eventually("ranks as before", () -> run(cluster).getHitsList().equals(before.getHitsList()));
    }
  }

  @Test
  void whatIsWrongWithAQueryIsTheCallersError() throws Exception {
    try (var cluster = new TestCluster(directory, 2)) {
      Books.create(cluster.grpc(), "books", 4);
      Books.load(cluster.grpc(), "books", new Books(SEED).items(50));
      refused(cluster, Term.newBuilder().setField("colour").setValue(text("red")), "UNKNOWN_FIELD");
      refused(
          cluster, Term.newBuilder().setField("year").setValue(text("soon")), "INVALID_REQUEST");
    }
  }

  private static Value text(String value) {
    return Value.newBuilder().setStringValue(value).build();
  }

  private static void refused(TestCluster cluster, Term.Builder term, String name) {
    var request =
        QueryRequest.newBuilder()
            .setDataset("books")
            .setQuery(Clause.newBuilder().setTerm(term))
            .build();
    var failure =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                QueryGrpc.newBlockingStub(cluster.grpc())
                    .withDeadlineAfter(60, TimeUnit.SECONDS)
                    .run(request));
    assertEquals(name, GrpcErrors.fromStatus(failure).code().name());
  }

  private static QueryResponse await(TestCluster cluster, int seen) {
    within(
        Duration.ofSeconds(60),
        seen + " documents",
        () -> run(cluster).getCoverage().getSeen() == seen);
    return run(cluster);
  }

  private static QueryResponse run(TestCluster cluster) {
    var query =
        Clause.newBuilder().setMatch(Match.newBuilder().setText(new Books(SEED).word())).build();
    return QueryGrpc.newBlockingStub(cluster.grpc())
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .run(
            QueryRequest.newBuilder()
                .setDataset("books")
                .setQuery(query)
                // Else the first answers, and the figures that they leave behind, may lack
                // documents.
                .setRead(ReadLevel.READ_LEVEL_LINEARIZABLE)
                .build());
  }
}
