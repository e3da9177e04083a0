package dev.heddle.coordinator.admission;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Priority;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.process.TraceContext;
import dev.heddle.process.testing.ManualTicker;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class FairAdmissionTest {
  private static final RequestContext REQUEST = new RequestContext("a", TraceContext.create());

  private static final List<Priority> PRIORITIES =
      List.of(Priority.HIGH, Priority.NORMAL, Priority.LOW);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ManualTicker ticker = new ManualTicker();

  private FairAdmission door(int places, Ticker time) {
    return FairAdmission.ofQueries(FairQueueTest.config(10, 1, Map.of()), places, time, registry);
  }

  private long deadline() {
    return ticker.nanoTime() + Duration.ofSeconds(10).toNanos();
  }

  private double waiting() {
    return registry.get("heddle_coordinator_admission_waiting").gauge().value();
  }

  /** A request on a thread of its own, which gives its place back at once. */
  private CompletableFuture<Long> request(FairAdmission door, AtomicBoolean gone, Thread[] thread) {
    var answer = new CompletableFuture<Long>();
    thread[0] =
        Thread.ofVirtual()
            .start(() -> {
              try (var place = door.admit(REQUEST, deadline(), gone::get)) {
                answer.complete(place.waitedNanos());
              } catch (InterruptedException | RuntimeException e) {
                answer.completeExceptionally(e);
              }
            });
    return answer;
  }

  private static Throwable failure(CompletableFuture<Long> answer) {
    var failure = assertThrows(ExecutionException.class, answer::get);
    return Objects.requireNonNull(failure.getCause());
  }

  @Test
  void aWaitingRequestGetsThePlaceThatComesFree() throws Exception {
    var door = door(1, ticker);
    var first = door.admit(REQUEST, deadline(), () -> false);
    var second = request(door, new AtomicBoolean(), new Thread[1]);
    eventually("waits", () -> waiting() == 1);
    ticker.advance(Duration.ofMillis(7));
    first.served(false);
    first.close();
    first.close();
    assertEquals(7_000_000, second.get());
    eventually("given back", () -> door.inFlight() == 0);
  }

  @Test
  void whoGoesAwayOrIsInterruptedWhileItWaitsLeavesNothingBehind() throws Exception {
    var door = door(1, ticker);
    var first = door.admit(REQUEST, deadline(), () -> false);
    var gone = new AtomicBoolean();
    var leaver = request(door, gone, new Thread[1]);
    var thread = new Thread[1];
    var interrupted = request(door, new AtomicBoolean(), thread);
    eventually("both wait", () -> waiting() == 2);
    gone.set(true);
    assertEquals(
        ErrorCode.CANCELLED, assertInstanceOf(HeddleException.class, failure(leaver)).code());
    thread[0].interrupt();
    assertInstanceOf(InterruptedException.class, failure(interrupted));
    assertEquals(0, waiting());
    first.close();
    assertEquals(0, door.inFlight());
    door.admit(REQUEST, deadline(), () -> false).close();
  }

  @Test
  void whoWaitsInVainIsRefusedWithAHint() throws Exception {
    var door = door(1, ticker);
    var first = door.admit(REQUEST, deadline(), () -> false);
    var second = request(door, new AtomicBoolean(), new Thread[1]);
    eventually("waits", () -> waiting() == 1);
    ticker.advance(Duration.ofMillis(101));
    var refusal = assertInstanceOf(HeddleException.class, failure(second));
    assertEquals(ErrorCode.OVERLOADED, refusal.code());
    assertTrue(refusal.retryAfter().compareTo(Duration.ofMillis(100)) >= 0);
    assertEquals(
        1,
        registry
            .get("heddle_coordinator_admission_refused")
            .tags("door", "queries", "tenant", "a", "priority", "normal")
            .counter()
            .count());
    first.close();
  }

  @Test
  void namesOfTenantsDoNotAddUpInMeters() {
    var door = door(1, ticker);
    int names = Tenants.MOST + 500;
    for (int i = 0; i < names; i++) {
      door.admitNow(new RequestContext("t" + i, TraceContext.create()), deadline()).close();
      ticker.advance(Duration.ofSeconds(1));
    }
    var admitted = registry.find("heddle_coordinator_admission_admitted").counters();
    assertEquals(Tenants.MOST + 1, admitted.size());
    assertEquals(names, admitted.stream().mapToDouble(Counter::count).sum());
  }

  @Test
  void manyThreadsThatComeAndGoLoseNoPlace() throws Exception {
    var door = door(4, Ticker.system());
    var most = new AtomicInteger();
    var inside = new AtomicInteger();
    var served = new AtomicInteger();
    List<Future<?>> ended = new ArrayList<>();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 2_000; i++) {
        Callable<Boolean> request =
            () -> {
              var random = ThreadLocalRandom.current();
              var asked = REQUEST.withPriority(PRIORITIES.get(random.nextInt(3)));
              long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
              boolean leaves = random.nextInt(4) == 0;
              try (var place = door.admit(asked, deadline, () -> leaves)) {
                most.accumulateAndGet(inside.incrementAndGet(), Math::max);
                Thread.onSpinWait();
                inside.decrementAndGet();
                place.served(false);
                served.incrementAndGet();
              } catch (HeddleException e) {
                assertFalse(e.code() == ErrorCode.INTERNAL);
              }
              return true;
            };
        ended.add(threads.submit(request));
      }
    }
    for (var each : ended) {
      each.get();
    }
    assertEquals(0, door.inFlight());
    assertEquals(0, waiting());
    assertTrue(most.get() <= 4, "inside " + most);
    assertTrue(served.get() > 0);
  }

  @Test
  void invocationsNeverWait() {
    var door = FairAdmission.ofInvocations(AdmissionConfig.defaults(), 1, ticker, registry);
    var first = door.admitNow(REQUEST, deadline());
    var refusal = assertThrows(HeddleException.class, () -> door.admitNow(REQUEST, deadline()));
    assertEquals(ErrorCode.OVERLOADED, refusal.code());
    first.close();
    door.admitNow(REQUEST, deadline()).close();
  }
}
