package dev.heddle.coordinator;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.admission.AdmissionConfig;
import dev.heddle.coordinator.admission.TenantQuota;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Admission of a real coordinator, whose leaves never answer: a query has its place until then. */
@Timeout(300)
class QueryAdmissionTest {
  private static final int PLACES = 2;

  /** When a query that nobody answers ends; long enough for it to begin on a busy machine. */
  private static final Duration SOON = Duration.ofMillis(800);

  @TempDir private static Path directory;
  private static TestCoordinator coordinator;

  @BeforeAll
  static void start() {
    var defaults = AdmissionConfig.defaults();
    var admission =
        new AdmissionConfig(
            "fixed",
            1,
            1,
            1.5,
            defaults.late(),
            1,
            Duration.ofMillis(300),
            defaults.target(),
            1,
            new TenantQuota(1, 0, 1_000, 0, 0),
            Map.of());
    var config = TestCoordinator.CONFIG;
    coordinator =
        new TestCoordinator(
            directory,
            1,
            TestCoordinator.with(
                config,
                config.bulkIdle(),
                PLACES,
                admission,
                config.scheduling(),
                config.scatter()));
    coordinator.create("books", 2, 1);
  }

  @AfterAll
  static void stop() {
    coordinator.close();
  }

  private static QueryGrpc.QueryBlockingStub queries() {
    return QueryGrpc.newBlockingStub(coordinator.channel()).withDeadlineAfter(60, TimeUnit.SECONDS);
  }

  private static QueryRequest query(String dataset, Duration deadline) {
    return QueryRequest.newBuilder()
        .setDataset(dataset)
        .setDeadlineMicros(deadline.toNanos() / 1_000)
        .setExplain(true)
        .build();
  }

  private static double inFlight() {
    return coordinator
        .telemetry
        .registry()
        .get("heddle_coordinator_queries_in_flight")
        .gauge()
        .value();
  }

  /** Takes a place until the context is cancelled. */
  private static io.grpc.Context.CancellableContext hold() {
    var context = io.grpc.Context.ROOT.withCancellation();
    context.run(() -> {
      Iterator<QueryResponse> unread = queries().stream(query("books", Duration.ofSeconds(50)));
      assertTrue(unread != null);
    });
    return context;
  }

  @Test
  void overloadIsRefusedEarlyWithAHintAndEveryPlaceComesBack() {
    var first = hold();
    var second = hold();
    eventually("both have places", () -> inFlight() == PLACES);
    var refused =
        assertThrows(
            StatusRuntimeException.class,
            () -> queries().run(query("books", Duration.ofSeconds(10))));
    assertEquals(Status.Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
    HeddleException known = GrpcErrors.fromStatus(refused);
    assertEquals(ErrorCode.OVERLOADED, known.code());
    assertTrue(known.retryAfter().compareTo(Duration.ofMillis(100)) >= 0, known::toString);
    assertTrue(String.valueOf(known.getMessage()).contains("2 in flight"), known::toString);
    first.cancel(null);
    second.cancel(null);
    eventually("clients that went away hold none", () -> inFlight() == 0);
    // Failures and deadlines give theirs back, too.
    for (int i = 0; i < 2 * PLACES; i++) {
      assertThrows(
          StatusRuntimeException.class,
          () -> queries().run(query("nothing", Duration.ofSeconds(1))));
      queries().run(query("books", SOON));
    }
    eventually("all are back", () -> inFlight() == 0);
  }

  @Test
  void explainsHowTheQueryGotItsPlace() {
    var headers = new Metadata();
    headers.put(GrpcMetadata.PRIORITY, "high");
    var answer =
        queries()
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
            .run(query("books", SOON));
    var admission = answer.getExplanation().getAdmission();
    assertEquals("high", admission.getPriority());
    assertEquals(PLACES, admission.getPlaces());
    assertTrue(admission.getInFlight() >= 1 && admission.getInFlight() <= PLACES);
    headers.discardAll(GrpcMetadata.PRIORITY);
    headers.put(GrpcMetadata.PRIORITY, "urgent");
    var refused =
        assertThrows(
            StatusRuntimeException.class,
            () ->
                queries()
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                    .run(query("books", SOON)));
    assertEquals(ErrorCode.INVALID_REQUEST, GrpcErrors.fromStatus(refused).code());
  }
}
