package dev.heddle.gateway.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;
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

  /** Takes all, while it is ready; says so of each look. */
  private static final class Taker implements QueryGrpcClient.Answers {
    final List<Integer> taken = new CopyOnWriteArrayList<>();
    final AtomicInteger looks = new AtomicInteger();
    private final IntPredicate readyAt;
    private final IntConsumer took;

    Taker(IntPredicate readyAt, IntConsumer took) {
      this.readyAt = readyAt;
      this.took = took;
    }

    @Override
    public boolean ready() {
      return readyAt.test(looks.incrementAndGet());
    }

    @Override
    public boolean answer(byte[] json, boolean last) {
      taken.add(hits(json));
      took.accept(taken.size());
      return true;
    }
  }

  @Test
  void ofWhoLagsNothingIsAskedAndOnceHeIsReadyHeGetsTheNewest() {
    var taker =
        new Taker(
            look -> {
              if (look == 1) {
                // It lags from the first on; meanwhile much is found.
                return false;
              }
              fixture.coordinator.grown.compareAndSet(1, 70);
              assertTrue(look > 3 || fixture.coordinator.demanded.get() == 0);
              return look > 3;
            },
            taken -> fixture.coordinator.grown.set(FakeCoordinator.GROWN));
    queries.stream(call, "grows", Json.object(), taker);
    assertEquals(List.of(70, 100, 100), taker.taken);
    assertEquals(2, fixture.coordinator.demanded.get());
  }

  @Test
  void whatComesWhenHeLagsWaitsUntilHeIsReady() {
    // Ready when it is asked for, not when it comes, nor for a while after.
    var taker =
        new Taker(
            look -> look == 1 || look > 5,
            taken -> fixture.coordinator.grown.set(FakeCoordinator.GROWN));
    queries.stream(call, "grows", Json.object(), taker);
    assertEquals(List.of(1, 100, 100), taker.taken);
    assertEquals(2, fixture.coordinator.demanded.get());
  }

  @Test
  void theFinalAnswerWaitsForNobody() {
    var taker = new Taker(look -> look == 1, taken -> {});
    fixture.coordinator.grown.set(FakeCoordinator.GROWN);
    queries.stream(call, "grows", Json.object(), taker);
    assertEquals(List.of(100), taker.taken);
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
