package dev.heddle.loadtest.arrivals;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.arrivals.OpenLoop.End;
import dev.heddle.loadtest.arrivals.OpenLoop.Limits;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.function.LongUnaryOperator;
import org.junit.jupiter.api.Test;

/** A thousand requests a second for ten seconds, of 0.1 ms each, unless said otherwise. */
class OpenLoopTest {
  private static final long MILLI = 1_000_000;
  private static final long SECOND = 1_000 * MILLI;
  private static final long SERVICE = MILLI / 10;
  private static final long STALL_FROM = 4 * SECOND;
  private static final long STALL_TO = STALL_FROM + SECOND / 2;
  private static final int COUNT = 10_000;
  private static final long PATIENT = 60 * SECOND;

  /** A reply under way. */
  private record Reply(long at, int connection) {}

  private final ManualTicker ticker = new ManualTicker();
  private final List<RequestLog.Request> log = new ArrayList<>();
  private long now;

  private void advance(long nanos) {
    ticker.advance(Duration.ofNanos(nanos));
    now += nanos;
  }

  /** Stalled servers do what they got meanwhile right after the stall. */
  private static long stalled(long from) {
    return (from >= STALL_FROM && from < STALL_TO ? STALL_TO : from) + SERVICE;
  }

  /**
   * Runs a loop against a server on the manual clock.
   *
   * @param server gives the time of the reply, by the time at which a request comes
   */
  private OpenLoop.Outcome run(
      Arrivals arrivals, Limits limits, LongUnaryOperator server, End... ends) {
    var loop = new OpenLoop("x", arrivals, limits, ticker, log::add);
    var replies = new PriorityQueue<Reply>((a, b) -> Long.compare(a.at(), b.at()));
    int replied = 0;
    while (!loop.done()) {
      for (int at = loop.send(); at >= 0; at = loop.send()) {
        replies.add(new Reply(server.applyAsLong(now), at));
      }
      long wait = loop.waitNanos();
      var reply = replies.peek();
      if (reply != null && reply.at() - now <= wait) {
        advance(reply.at() - now);
        replies.remove();
        loop.ended(reply.connection(), ends.length == 0 ? End.OK : ends[replied++ % ends.length]);
      } else if (!loop.done()) {
        advance(wait);
      }
    }
    return loop.outcome();
  }

  private static void assertMillis(double expected, LatencyRecorder times, double quantile) {
    assertEquals(expected, times.quantileMicros(quantile) / 1_000, expected * 0.001);
  }

  @Test
  void aStallCountsForAllWhoCameMeanwhile() {
    var outcome =
        run(Arrivals.steady(1_000), new Limits(1_000, 10 * SECOND, PATIENT), OpenLoopTest::stalled);

    // The one that came i ms after the stall began took 500 - i ms, and its 0.1 ms.
    assertEquals(COUNT, outcome.times().count());
    assertMillis(0.1, outcome.times(), 0.5);
    assertMillis(0.1, outcome.times(), 0.95);
    assertMillis(1.1, outcome.times(), 0.9501);
    assertMillis(400.1, outcome.times(), 0.99);
    assertMillis(490.1, outcome.times(), 0.999);
    assertMillis(500.1, outcome.times(), 1);
    assertEquals(0, outcome.clientLate().percentiles().max());
    assertEquals(0, outcome.unsent());
  }

  @Test
  void whereAConnectionHoldsOthersBackOnlyTheCorrectedTimesTell() {
    var outcome =
        run(Arrivals.steady(1_000), new Limits(1, 10 * SECOND, PATIENT), OpenLoopTest::stalled);

    // After the stall they go out one by one, 0.1 ms each: the i-th took 500.1 - 0.9 i ms.
    assertMillis(0.1, outcome.times(), 0.94);
    assertMillis(500.1 - 0.9 * 100, outcome.times(), 0.99);
    assertMillis(500.1 - 0.9 * 10, outcome.times(), 0.999);
    assertMillis(500.1, outcome.times(), 1);
    // From sending on, a single request of ten thousand was slow.
    assertMillis(0.1, outcome.fromSending(), 0.9999);
    assertMillis(500.1, outcome.fromSending(), 1);
    assertEquals(0, outcome.clientLate().percentiles().max(), "the connection was not free");
  }

  /** Lindley's recursion: what waits in a queue of one server, by arrivals and service times. */
  @Test
  void anyScheduleAndAnyServerAgreeWithTheQueueThatTheyAre() {
    long seed = new Random().nextLong();
    for (int i = 0; i < 20; i++) {
      var arriving = new Random(seed + i);
      var same = Arrivals.poisson(900, new Random(seed + i));
      var services = new Random(seed - i);
      var served = new Random(seed - i);
      var outcome =
          run(
              Arrivals.poisson(900, arriving),
              new Limits(1, 2 * SECOND, PATIENT),
              from -> from + 1 + services.nextLong(2 * MILLI));
      var expected = new LatencyRecorder();
      long free = 0;
      for (long at = same.nextNanos(); at < 2 * SECOND; at = same.nextNanos()) {
        free = Math.max(free, at) + 1 + served.nextLong(2 * MILLI);
        expected.record(free - at);
      }
      assertEquals(expected, outcome.times(), "seed " + seed + ", " + i);
      assertEquals(expected.count(), outcome.arrived());
      advance(SECOND);
      now = 0;
    }
  }

  @Test
  void whatWaitsTooLongIsGivenUpAndCountsAsLongAsItWaited() {
    var outcome =
        run(Arrivals.steady(1_000), new Limits(1, 10 * SECOND, 100 * MILLI), OpenLoopTest::stalled);

    // Those that came in the first 400 of 500 ms were still waiting 100 ms later, but the one
    // that was sent; all of them are given up as soon as their time is over.
    assertEquals(400, outcome.unsent());
    assertEquals(COUNT, outcome.arrived());
    assertEquals(COUNT, outcome.times().count());
    assertEquals(COUNT - 400, outcome.fromSending().count());
    assertMillis(100, outcome.times(), 0.99);
    assertEquals(400, log.stream().filter(each -> each.outcome().equals("unsent")).count());
  }

  @Test
  void aClientThatSleepsTooLongIsFoundOut() {
    var loop =
        new OpenLoop(
            "x", Arrivals.steady(1_000), new Limits(10, SECOND, PATIENT), ticker, log::add);
    advance(5 * MILLI);

    assertEquals(0, loop.send());
    assertEquals(1, loop.send());
    loop.ended(0, End.OK);

    assertMillis(5, loop.outcome().clientLate(), 1);
    assertMillis(5, loop.outcome().times(), 1);
    assertEquals(new RequestLog.Request("x", 0, 5 * MILLI, "ok"), log.getFirst());
    assertThrows(IllegalStateException.class, () -> loop.ended(0, End.OK));
  }

  @Test
  void everyRequestHasOneEnd() {
    var outcome =
        run(
            Arrivals.steady(1_000),
            new Limits(100, SECOND, PATIENT),
            OpenLoopTest::stalled,
            End.OK,
            End.REFUSED,
            End.FAILED,
            End.OK);

    assertEquals(1_000, outcome.arrived());
    assertEquals(500, outcome.fromSending().count());
    assertEquals(250, outcome.refused().count());
    assertEquals(250, outcome.failed());
    assertEquals(500, outcome.goodput(), 1);
    assertEquals(1_000, log.size());
  }

  @Test
  void randomArrivalsHaveTheRateAndTheSpreadOfAPoissonProcess() {
    long seed = new Random().nextLong();
    var arrivals = Arrivals.poisson(1_000, new Random(seed));
    int count = 100_000;
    double sum = 0;
    double squares = 0;
    long last = 0;
    for (int i = 0; i < count; i++) {
      long at = arrivals.nextNanos();
      double step = (at - last) / (double) MILLI;
      assertTrue(step >= 0);
      sum += step;
      squares += step * step;
      last = at;
    }
    // Mean 1 ms and variance 1 ms²: six standard deviations of each.
    assertEquals(1, sum / count, 6 / Math.sqrt(count), "seed " + seed);
    assertEquals(2, squares / count, 6 * Math.sqrt(20.0 / count), "seed " + seed);
  }

  @Test
  void refusesWhatCannotBeMeant() {
    for (double rate : new double[] {0, -1, Double.NaN, 2e6}) {
      assertThrows(IllegalArgumentException.class, () -> Arrivals.steady(rate));
    }
    assertThrows(IllegalArgumentException.class, () -> new Limits(0, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> new Limits(1, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new Limits(1, 1, 0));
  }
}
