package dev.heddle.gateway.channel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ChannelTable.Message;
import dev.heddle.process.Threads;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FanOutTest {
  private static final Publication MESSAGE =
      new Publication(
          new ChannelKey("default", "room"),
          new Message(new ChannelPosition("e", 1), Instant.EPOCH, false, new byte[] {'m'}));

  private static final int MANY = 10 * FanOut.PART + 1;

  private final AtomicInteger started = new AtomicInteger();
  private final ThreadFactory threads =
      work -> {
        started.incrementAndGet();
        return Threads.virtual("fan-out").newThread(work);
      };

  /** Counts its messages. */
  private static final class Listener implements Subscriber {
    final AtomicInteger messages = new AtomicInteger();
    final List<ChannelPosition> gaps = new ArrayList<>();
    final BooleanSupplier wants;

    Listener(BooleanSupplier wants) {
      this.wants = wants;
    }

    @Override
    public String connection() {
      return "c";
    }

    @Override
    public String user() {
      return "";
    }

    @Override
    public void subscribed(ChannelKey channel, ChannelPosition at, boolean recovered) {
      assertFalse(recovered);
      gaps.add(at);
    }

    @Override
    public boolean takes(long bytes, boolean waited) {
      return true;
    }

    @Override
    public void given(long bytes, boolean waited) {}

    @Override
    public boolean publication(Publication message, boolean missed) {
      messages.incrementAndGet();
      return wants.getAsBoolean();
    }
  }

  private static List<Subscriber> listeners(int count, BooleanSupplier wants) {
    return new ArrayList<>(
        IntStream.range(0, count).<Subscriber>mapToObj(_ -> new Listener(wants)).toList());
  }

  private static List<Integer> counts(List<Subscriber> all) {
    return all.stream().map(each -> ((Listener) each).messages.get()).distinct().toList();
  }

  @Test
  void eachIsHandedTheMessageOnceByTheTimeItReturns() {
    for (int count : new int[] {1, FanOut.PART, FanOut.PART + 1, MANY}) {
      List<Subscriber> all = listeners(count, () -> true);
      assertTrue(FanOut.hand(MESSAGE, all, threads, 4).isEmpty());
      assertEquals(List.of(1), counts(all), "of " + count);
    }
  }

  @Test
  void nobodyIsThereToBeHandedAnything() {
    assertTrue(FanOut.hand(MESSAGE, List.of(), threads, 4).isEmpty());
    assertEquals(0, started.get());
  }

  @Test
  void fewAreHandedItByOneThread() {
    var _ = FanOut.hand(MESSAGE, listeners(FanOut.PART, () -> true), threads, 4);
    assertEquals(0, started.get());
  }

  @Test
  void manyAreHandedItByNoMoreThreadsThanThereMayBe() {
    var _ = FanOut.hand(MESSAGE, listeners(MANY, () -> true), threads, 4);
    assertEquals(3, started.get());
  }

  @Test
  void partsAreHandedOnAtTheSameTime() {
    var both = new CountDownLatch(2);
    BooleanSupplier meets =
        () -> {
          both.countDown();
          try {
            return both.await(60, TimeUnit.SECONDS);
          } catch (InterruptedException e) {
            throw new IllegalStateException(e);
          }
        };
    List<Subscriber> all = listeners(2 * FanOut.PART, () -> true);
    all.set(FanOut.FIRST, new Listener(meets));
    all.set(FanOut.FIRST + FanOut.PART, new Listener(meets));
    assertTrue(FanOut.hand(MESSAGE, all, threads, 2).isEmpty());
  }

  @Test
  void thoseThatWantNoMoreAreNamed() {
    List<Subscriber> all = listeners(MANY, () -> true);
    var first = new Listener(() -> false);
    var last = new Listener(() -> false);
    all.set(0, first);
    all.set(MANY - 1, last);
    assertEquals(Set.of(first, last), Set.copyOf(FanOut.hand(MESSAGE, all, threads, 4)));
  }

  @Test
  void oneThatFailsKeepsNobodyElseFromItAndIsToldThatItMissedIt() {
    List<Subscriber> all = listeners(MANY, () -> true);
    var failing =
        List.of(
            new Listener(() -> {
              throw new IllegalStateException("thrown by a test");
            }),
            new Listener(() -> {
              throw new OutOfMemoryError("thrown by a test");
            }));
    all.set(0, failing.getFirst());
    all.set(MANY - 2, failing.getLast());
    assertTrue(FanOut.hand(MESSAGE, all, threads, 2).isEmpty());
    assertEquals(List.of(1), counts(all));
    failing.forEach(each -> assertEquals(List.of(MESSAGE.at()), each.gaps));
    assertEquals(2, all.stream().filter(each -> !((Listener) each).gaps.isEmpty()).count());
  }

  @Test
  void whereThereIsNoThreadToHelpOneHandsItToAll() {
    List<Subscriber> all = listeners(MANY, () -> true);
    ThreadFactory none =
        _ -> {
          throw new OutOfMemoryError("thrown by a test");
        };
    assertTrue(FanOut.hand(MESSAGE, all, none, 4).isEmpty());
    assertEquals(List.of(1), counts(all));
  }
}
