package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.UnsynchronizedAppenderBase;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.slf4j.LoggerFactory;

/** Whoever proposes is told what came of it, whatever happens in between. */
@Timeout(300)
final class OutcomeTest extends RaftNodes {
  /** Ratis notes here who waits for an entry, and says what it does. */
  private static final String WAITING = "org.apache.ratis.server.impl.PendingRequests";

  /**
   * Holds Ratis up where it has taken the one that waits off its list, until the list is closed.
   */
  private static final class BetweenListAndAnswer
      extends UnsynchronizedAppenderBase<ILoggingEvent> {
    private final String proposal;
    final CountDownLatch taken = new CountDownLatch(1);
    final CountDownLatch closed = new CountDownLatch(1);

    BetweenListAndAnswer(String proposal) {
      this.proposal = proposal;
    }

    @Override
    protected void append(ILoggingEvent event) {
      if (event.getMessage().contains("PendingRequests.remove")
          && event.getFormattedMessage().contains(proposal)) {
        taken.countDown();
        OutcomeTest.await(closed);
      } else if (event.getMessage().contains("setNotLeaderException")) {
        closed.countDown();
      }
    }
  }

  @Test
  void whatWasAppliedAsItsLeaderStoppedLeadingIsAcknowledged() throws Exception {
    start("a");
    open("a", "a");
    write("a", "first");
    BetweenListAndAnswer between = new BetweenListAndAnswer(client + "/" + (calls + 1));
    between.start();
    Logger waiting = (Logger) LoggerFactory.getLogger(WAITING);
    Level before = waiting.getLevel();
    waiting.setLevel(Level.DEBUG);
    waiting.setAdditive(false);
    waiting.addAppender(between);
    try {
      CompletableFuture<Written> written =
          group("a").propose(new Proposal(client, ++calls, bytes("second"), "context"));
      await(between.taken);
      group("a").close();
      assertEquals("context", written.get(60, TimeUnit.SECONDS).result());
    } finally {
      waiting.detachAppender(between);
      waiting.setAdditive(true);
      waiting.setLevel(before);
    }
    open("a");
    write("a", "third");
    assertEquals(List.of("first", "second", "third"), replica("a").lines);
  }

  private static void await(CountDownLatch latch) {
    try {
      assertTrue(latch.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
