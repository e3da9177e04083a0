package dev.heddle.loadtest.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SessionWatchTest {
  private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

  private final AtomicLong clock = new AtomicLong();
  private final Thread writing = Thread.currentThread();

  /** The writer looks at the clock when it sends, and when it has its answer. */
  private final AtomicInteger looksOfWriter = new AtomicInteger();

  private volatile String value = "0";

  /** The writer's side: writes take 2 ms. */
  private final Attributes writer =
      new Attributes() {
        @Override
        public boolean change(String session, String name, Optional<String> had, String to) {
          throw new UnsupportedOperationException();
        }

        @Override
        public void put(String session, String name, String to) {
          clock.addAndGet(2 * MILLI);
          value = to;
        }

        @Override
        public Map<String, String> get(String session, String... names) {
          throw new UnsupportedOperationException();
        }
      };

  /** The reader's side, which has a value only some reads after its writer had the answer. */
  private final class Late implements Attributes {
    private final int reads;
    private int asked;
    private String shown = "0";

    /**
     * @param reads 0: it has each value at once
     */
    Late(int reads) {
      this.reads = reads;
    }

    @Override
    public boolean change(String session, String name, Optional<String> had, String to) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void put(String session, String name, String to) {
      throw new UnsupportedOperationException();
    }

    @Override
    public Map<String, String> get(String session, String... names) {
      var newest = value;
      boolean answered = looksOfWriter.get() >= 2 * Integer.parseInt(newest);
      if (reads == 0 || (answered && !newest.equals(shown) && ++asked > reads)) {
        asked = 0;
        shown = newest;
      }
      return Map.of(names[0], shown);
    }
  }

  private long now() {
    if (Thread.currentThread().equals(writing)) {
      looksOfWriter.incrementAndGet();
    }
    return clock.get();
  }

  @Test
  void aWriteCountsFromItsSending() throws Exception {
    var outcome = new SessionWatch(writer, new Late(0), this::now).watch("session", 10);

    assertEquals(10, outcome.visible().count());
    assertTrue(outcome.visible().percentiles().min() >= 1_990);
    assertEquals(10, outcome.acknowledged().count());
    assertEquals(0, outcome.stale());
  }

  @Test
  void aReadThatBeganAfterTheAnswerAndHasItNotIsStale() throws Exception {
    var outcome = new SessionWatch(writer, new Late(2), this::now).watch("session", 3);

    assertEquals(3, outcome.visible().count());
    assertTrue(outcome.stale() >= 3);
  }
}
