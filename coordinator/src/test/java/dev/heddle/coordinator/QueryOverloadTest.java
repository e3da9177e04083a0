package dev.heddle.coordinator;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.admission.AdmissionConfig;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Match;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What queries that fail tell admission, at a real coordinator whose leaves never answer. */
@Timeout(300)
class QueryOverloadTest {
  private static final int FIRST = 20;

  /** A query's words, which it holds, and each of its calls to a leaf, too. */
  private static final int WORDS_BYTES = 20_000;

  @TempDir private static Path directory;
  private static TestCoordinator coordinator;

  @BeforeAll
  static void start() {
    var defaults = AdmissionConfig.defaults();
    // It falls with each query that is said to be late, and with no other.
    var admission =
        new AdmissionConfig(
            "aimd",
            1,
            FIRST,
            defaults.tolerance(),
            Duration.ofMinutes(1),
            defaults.queue(),
            defaults.patience(),
            defaults.target(),
            defaults.tenantShare(),
            defaults.tenant(),
            defaults.tenants());
    var config = TestCoordinator.CONFIG;
    coordinator =
        new TestCoordinator(
            directory,
            2,
            TestCoordinator.with(
                config,
                config.bulkIdle(),
                config.queries(),
                admission,
                config.scheduling(),
                threeCallsAtATime(config.scatter())));
    coordinator.create("books", 2, 1);
  }

  /** Room for a query of three calls, and so not for one of two and another of one. */
  private static ScatterConfig threeCallsAtATime(ScatterConfig config) {
    long call = HeldBytes.CALL + WORDS_BYTES;
    var bytes = new DataSize(HeldBytes.QUERY + WORDS_BYTES + 3 * call);
    return new ScatterConfig(
        config.replicas(),
        config.hedging(),
        config.policies(),
        config.hedgeQuantile(),
        config.hedgeLeast(),
        config.hedgeBudget(),
        config.retryBudget(),
        config.extraBurst(),
        config.slowShare(),
        bytes,
        bytes,
        config.queryDocuments(),
        config.queryCpu(),
        config.slowQuery(),
        config.fanIn(),
        config.parts(),
        config.topKProbability(),
        config.repairBudget(),
        config.barInterval());
  }

  @AfterAll
  static void stop() {
    coordinator.close();
  }

  private static int places() {
    return (int)
        coordinator
            .telemetry
            .registry()
            .get("heddle_coordinator_admission_places")
            .tag("door", "queries")
            .gauge()
            .value();
  }

  private static QueryGrpc.QueryBlockingStub queries() {
    return QueryGrpc.newBlockingStub(coordinator.channel()).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private static QueryRequest.Builder query(String dataset, Duration deadline) {
    return QueryRequest.newBuilder()
        .setDataset(dataset)
        .setDeadlineMicros(deadline.toNanos() / 1_000)
        .setMinCoverage(1);
  }

  private static QueryRequest wordy(String dataset) {
    var words = Match.newBuilder().addFields("title").setText("w".repeat(WORDS_BYTES));
    return query(dataset, Duration.ofSeconds(50))
        .setQuery(Clause.newBuilder().setMatch(words))
        .build();
  }

  private static ErrorCode failure(QueryRequest request) {
    var failure = assertThrows(StatusRuntimeException.class, () -> queries().run(request));
    return GrpcErrors.fromStatus(failure).code();
  }

  @Test
  void whoWantsAllOfItAndIsCutOffLowersTheLimitAsOthersDo() {
    int before = places();
    var soon = Duration.ofMillis(800);
    assertEquals(ErrorCode.UNKNOWN_DATASET, failure(query("nothing", soon).build()));
    assertEquals(before, places());
    for (int i = 0; i < 7; i++) {
      assertEquals(ErrorCode.COVERAGE_TOO_LOW, failure(query("books", soon).build()));
    }
    eventually("places fell", () -> places() <= before / 2);
  }

  @Test
  void whoFindsNoRoomForWhatItHoldsLowersTheLimit() {
    var dataset = coordinator.create("one", 1, 1);
    int before = places();
    var context = io.grpc.Context.ROOT.withCancellation();
    try {
      int sent = coordinator.scattered();
      context.run(() -> {
        Iterator<QueryResponse> unread = queries().stream(wordy("one"));
        assertTrue(unread != null);
      });
      eventually("holds its words", () -> coordinator.scattered() > sent);
      // It is asked whether there is room when it hears of a leaf.
      coordinator.kill(dataset.getShards(0).getNodes(0).equals("leaf-0") ? 1 : 0);
      assertEquals(ErrorCode.OVERLOADED, failure(wordy("books")));
    } finally {
      context.cancel(null);
    }
    eventually("places fell", () -> places() < before);
  }

  @Test
  void failuresForWantOfTimeOrRoomTellOfOverloadAndOthersDoNot() {
    assertTrue(Queries.tellsOfOverload(ErrorCode.DEADLINE_EXCEEDED));
    assertTrue(Queries.tellsOfOverload(ErrorCode.OVERLOADED));
    assertTrue(Queries.tellsOfOverload(ErrorCode.QUEUE_FULL));
    // Of the query alone.
    assertFalse(Queries.tellsOfOverload(ErrorCode.LIMIT_REACHED));
    assertFalse(Queries.tellsOfOverload(ErrorCode.UNKNOWN_FIELD));
    assertFalse(Queries.tellsOfOverload(ErrorCode.UNAVAILABLE));
    assertFalse(Queries.tellsOfOverload(ErrorCode.CANCELLED));
  }
}
