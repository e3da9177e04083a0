package dev.heddle.gateway.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.catalog.Coordinators;
import dev.heddle.gateway.FakeCoordinator;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.json.Json;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Streamed queries of clients that take their time. */
@Timeout(120)
class ImprovingQueriesTest {
  private static final Duration LONG = Duration.ofSeconds(60);

  @TempDir Path directory;

  private GatewayFixture fixture;
  private QueryGrpcClient queries;
  private BackendCall call;

  @BeforeEach
  void start() throws IOException {
    fixture = new GatewayFixture(directory);
    fixture.ready();
    queries =
        new QueryGrpcClient(
            new Coordinators("gw", fixture.catalog, fixture.channels),
            new Deadlines(LONG, LONG, LONG, LONG, LONG, Duration.ofSeconds(1)));
    call = new BackendCall(RequestContext.current());
  }

  @AfterEach
  void close() {
    call.close();
    fixture.close();
  }

  private static int hits(byte[] json) {
    return Json.parse(json).path("hits").size();
  }

  /** While one is written, nothing is asked for: what has grown meanwhile comes in one. */
  @Test
  void whoTakesHisTimeGetsTheNewestAndNoQueue() {
    List<String> taken = new ArrayList<>();
    queries.stream(
        call,
        "grows",
        Json.object(),
        (json, last) -> {
          taken.add(hits(json) + (last ? " last" : ""));
          assertEquals(Math.min(2, taken.size()), fixture.coordinator.demanded.get());
          if (taken.size() == 1) {
            for (int size = 2; size <= FakeCoordinator.GROWN; size++) {
              fixture.coordinator.grown.set(size);
            }
          }
          return true;
        });
    assertEquals(List.of("1", "100", "100 last"), taken);
  }

  @Test
  void whoWantsNoMoreEndsTheQuery() {
    List<Integer> taken = new ArrayList<>();
    queries.stream(
        call,
        "grows",
        Json.object(),
        (json, last) -> {
          taken.add(hits(json));
          return false;
        });
    assertEquals(List.of(1), taken);
    assertEquals(1, fixture.coordinator.demanded.get());
    assertEquals(true, call.cancelled());
  }

  @Test
  void whatEndsTheQueryIsThrownAfterWhatCameBefore() {
    List<Integer> taken = new ArrayList<>();
    var failure =
        assertThrows(
            HeddleException.class,
            () ->
                queries.stream(
                    call,
                    "breaks",
                    Json.object(),
                    (json, last) -> {
                      taken.add(hits(json));
                      return true;
                    }));
    assertEquals(ErrorCode.COVERAGE_TOO_LOW, failure.code());
    assertEquals(List.of(1, 2), taken);
  }
}
