package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.session.ConnectionEntry.Origin;
import dev.heddle.gateway.session.ConnectionTable.Carrier;
import dev.heddle.gateway.session.ConnectionTable.End;
import dev.heddle.gateway.session.ConnectionTable.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** The state machine by itself; the grid runs the same steps. */
class ConnectionEntryTest {
  private static final Carrier ONE = new Carrier("m1", "127.0.0.1:1");
  private static final Carrier TWO = new Carrier("m2", "127.0.0.1:2");
  private static final int HISTORY = 100;
  private static final End NORMAL = new End(1_000, "over");

  /** Ids of frames; those of calls are beyond. */
  private long frames;

  private static ConnectionEntry fresh() {
    var origin = new Origin("chat", "s", true, 0, new byte[0], 1_000, HISTORY);
    return new ConnectionEntry(origin, ONE, 0, new byte[0]);
  }

  private static byte[] frame(int bytes) {
    return new byte[bytes];
  }

  /** Over the socket of an epoch, as a call of this id. */
  private static Outcome begin(ConnectionEntry entry, long epoch, long number, long call) {
    return entry.begin(0, epoch, number, false, ONE, call);
  }

  private Outcome append(ConnectionEntry entry, long by, int bytes) {
    return entry.append(by, ++frames, frame(bytes));
  }

  @Test
  void aTokenIsGoodUntilANewerOneWasUsed() {
    ConnectionEntry entry = fresh();
    assertEquals(Outcome.REPLAYED, entry.attach(2, 0, TWO, 10), "not yet given");
    assertEquals(Outcome.REPLAYED, entry.attach(0, 0, TWO, 10));
    // The answers with newer tokens are lost: the client comes with the first one again and again.
    for (int i = 0; i < 3; i++) {
      assertEquals(Outcome.DONE, entry.attach(1, 0, TWO, 11));
    }
    assertEquals(4, entry.generation());
    assertEquals(Outcome.DONE, entry.attach(4, 0, TWO, 12));
    assertEquals(Outcome.REPLAYED, entry.attach(1, 0, TWO, 13));
    assertEquals(Outcome.REPLAYED, entry.attach(3, 0, TWO, 13));
    assertEquals(Outcome.DONE, entry.acknowledge(entry.epoch(), 0));
    assertEquals(Outcome.REPLAYED, entry.attach(4, 0, TWO, 14), "the newest has been used");
    assertEquals(Outcome.REPLAYED, entry.begin(4, 0, 0, false, ONE, 1_001));
    assertEquals(Outcome.DONE, entry.begin(5, 0, 0, false, ONE, 1_001));
  }

  @Test
  void whoWasReplacedIsFenced() {
    ConnectionEntry entry = fresh();
    assertEquals(Outcome.DONE, entry.attach(1, 0, TWO, 10));
    assertEquals(Outcome.FENCED, begin(entry, 1, 0, 1_001));
    assertEquals(Outcome.FENCED, entry.acknowledge(1, 0));
    assertEquals(Outcome.FENCED, entry.detach(1, 0, 20));
    assertTrue(entry.attached());
  }

  @Test
  void aCallOutlivesTheSocketThatItCameOver() {
    ConnectionEntry entry = fresh();
    assertEquals(Outcome.DONE, begin(entry, 1, 1, 1_001));
    assertEquals(Outcome.DONE, entry.attach(1, 0, TWO, 10));
    assertEquals(1_001, entry.call());
    assertEquals(Outcome.BUSY, begin(entry, 2, 2, 1_002), "one at a time");
    assertEquals(Outcome.DONE, append(entry, 1_001, 1), "its answer counts");
    assertEquals(Outcome.DONE, entry.finish(1_001, null, null));
    assertEquals(Outcome.FENCED, append(entry, 1_001, 1), "but nothing after its end");
    assertEquals(Outcome.DONE, begin(entry, 2, 2, 1_002));
    assertEquals(1_002, entry.call());
  }

  @Test
  void callsOfOneEpochAreToldApart() {
    ConnectionEntry entry = fresh();
    assertEquals(Outcome.DONE, begin(entry, 1, 1, 1_001));
    assertEquals(Outcome.DONE, entry.finish(1_001, null, frame(1)));
    assertEquals(Outcome.DONE, begin(entry, 1, 2, 1_002));
    assertEquals(Outcome.FENCED, entry.abandon(1_001, frame(1)), "a late word of the first one");
    assertEquals(Outcome.FENCED, append(entry, 1_001, 1));
    assertEquals(Outcome.DUPLICATE, entry.finish(1_001, null, frame(1)));
    assertEquals(1_002, entry.call());
    assertEquals(1, entry.last());
  }

  @Test
  void aStepThatRunsTwiceIsDoneOnce() {
    ConnectionEntry entry = fresh();
    for (int i = 0; i < 2; i++) {
      assertEquals(Outcome.DONE, begin(entry, 1, 1, 1_001), "not busy with itself");
    }
    assertEquals(1, entry.received());
    assertEquals(Outcome.DONE, entry.append(1_001, 7, frame(1)));
    assertEquals(Outcome.DUPLICATE, entry.append(1_001, 7, frame(1)));
    assertEquals(Outcome.DONE, entry.append(0, 8, frame(1)));
    assertEquals(Outcome.DUPLICATE, entry.append(1_001, 7, frame(1)), "others came between");
    assertEquals(2, entry.last());
    assertEquals(Outcome.DONE, entry.finish(1_001, frame(2), frame(1)));
    assertEquals(Outcome.DUPLICATE, entry.finish(1_001, frame(2), frame(1)));
    assertEquals(3, entry.last());
    assertEquals(Outcome.DONE, entry.append(0, 9, frame(1)));
    assertEquals(Outcome.DONE, entry.acknowledge(1, 4));
    assertEquals(Outcome.DUPLICATE, entry.append(0, 9, frame(1)), "the client has it");
  }

  /** Who kept a frame may ask again when its client has read that, and others after it. */
  @Test
  void aFrameIsKnownThatIsNotKeptAnyMore() {
    ConnectionEntry entry = fresh();
    for (int id = 1; id <= ConnectionEntry.MOST_REPEATED; id++) {
      assertEquals(Outcome.DONE, entry.append(0, id, frame(1)));
      assertEquals(Outcome.DONE, entry.acknowledge(1, id));
    }
    assertEquals(Outcome.DUPLICATE, entry.append(0, 1, frame(1)));
    assertEquals(ConnectionEntry.MOST_REPEATED, entry.last());
    assertEquals(Outcome.DONE, entry.append(0, 1_000, frame(1)));
    assertEquals(Outcome.DUPLICATE, entry.append(0, 2, frame(1)));
    assertEquals(Outcome.DONE, entry.append(0, 1, frame(1)), "only so many are remembered");
  }

  @Test
  void itsEndComesWithTheEndOfTheCallInFlight() {
    ConnectionEntry entry = fresh();
    assertEquals(Outcome.DONE, entry.remove(1, 0, NORMAL), "none is");
    assertEquals(Outcome.DONE, begin(entry, 1, 1, 1_001));
    assertEquals(Outcome.FENCED, entry.remove(2, 0, NORMAL));
    assertEquals(Outcome.ENDING, entry.remove(1, 0, NORMAL));
    assertEquals(Outcome.ENDING, entry.remove(0, 0, new End(1_001, "again")));
    assertFalse(entry.ended());
    assertEquals(Outcome.MISSING, entry.attach(1, 0, TWO, 10), "over for its client");
    assertEquals(Outcome.MISSING, begin(entry, 1, 2, 1_002));
    assertEquals(Outcome.DONE, append(entry, 1_001, 1));
    assertEquals(Outcome.DONE, entry.finish(1_001, frame(3), null));
    assertTrue(entry.ended());
    assertEquals(NORMAL, entry.head(true).end());
    assertEquals(3, entry.head(true).handed().length);
    ConnectionEntry lost = fresh();
    assertEquals(Outcome.DONE, begin(lost, 1, 1, 1_001));
    assertEquals(Outcome.ENDING, lost.remove(1, 0, NORMAL));
    assertEquals(Outcome.DONE, lost.abandon(1_001, frame(1)));
    assertTrue(lost.ended());
  }

  @Test
  void whatACallLeavesCountsWithItsEnd() {
    ConnectionEntry entry = fresh();
    assertEquals(Outcome.DONE, begin(entry, 1, 1, 1_001));
    assertEquals(Outcome.DONE, entry.finish(1_001, frame(3), null));
    assertEquals(3, entry.handed().length);
    assertEquals(Outcome.DUPLICATE, entry.finish(1_001, frame(4), null), "not after it");
    assertEquals(Outcome.DONE, entry.attach(1, 0, TWO, 10));
    assertEquals(Outcome.DONE, begin(entry, 2, 2, 1_002));
    assertEquals(Outcome.FENCED, entry.finish(1_003, frame(5), null), "not of another call");
    assertEquals(Outcome.DONE, entry.finish(1_002, null, null));
    assertEquals(3, entry.handed().length);
    assertEquals(0, entry.head(false).handed().length);
  }

  @Test
  void framesOfTheClientCountOnceAndWithoutGaps() {
    ConnectionEntry entry = fresh();
    for (int number = 1; number <= 3; number++) {
      assertEquals(Outcome.DONE, begin(entry, 1, number, 1_000 + number));
      assertEquals(Outcome.DONE, entry.finish(1_000 + number, null, null));
    }
    assertEquals(Outcome.DUPLICATE, begin(entry, 1, 2, 1_009));
    assertEquals(Outcome.GAP, begin(entry, 1, 5, 1_009));
    assertEquals(3, entry.received());
    assertEquals(0, entry.call());
  }

  @Test
  void aLostCallIsAskedForAgainOnlyWhereItMayBe() {
    ConnectionEntry entry = fresh();
    assertEquals(Outcome.DONE, entry.begin(0, 1, 1, true, ONE, 1_001));
    assertEquals(Outcome.DONE, entry.abandon(1_001, frame(7)));
    assertEquals(0, entry.received(), "the client sends it again");
    assertEquals(0, entry.last());
    assertEquals(Outcome.DONE, begin(entry, 1, 1, 1_002));
    assertEquals(Outcome.FENCED, entry.abandon(1_001, frame(7)));
    assertEquals(Outcome.DONE, entry.abandon(1_002, frame(7)));
    assertEquals(1, entry.received());
    assertEquals(1, entry.last(), "the client is told instead");
    assertEquals(Outcome.DONE, entry.begin(0, 1, 0, true, ONE, 1_003));
    assertEquals(Outcome.DONE, entry.abandon(1_003, frame(7)));
    assertEquals(2, entry.last(), "who does not count its frames is told, too");
  }

  @Test
  void aReaderWithoutSocketIsNotPushedOutOfItsHistory() {
    ConnectionEntry entry = fresh();
    assertEquals(Outcome.DONE, begin(entry, 1, 1, 1_001));
    assertEquals(Outcome.DONE, entry.detach(1, 0, 10));
    assertEquals(Outcome.DONE, append(entry, 0, 60));
    assertEquals(Outcome.FULL, append(entry, 0, 60));
    assertEquals(1, entry.last());
    assertEquals(0, entry.base());
    // The answer to a frame has nowhere else to go: what is older gives way, and a resume says so.
    assertEquals(Outcome.DONE, append(entry, 1_001, 60));
    assertEquals(1, entry.base());
    assertEquals(Outcome.DONE, entry.attach(1, 0, TWO, 20));
    assertFalse(entry.recovered());
    assertEquals(List.of(), entry.frames(), "none rather than a part");
  }

  @Test
  void theWindowBeginsWhenTheSocketIsGoneAndWaitsForACall() {
    ConnectionEntry entry = fresh();
    assertFalse(entry.over(1_000_000));
    assertEquals(Outcome.DONE, begin(entry, 1, 0, 1_001));
    assertEquals(Outcome.DONE, entry.detach(1, 0, 5_000));
    assertFalse(entry.over(5_999));
    assertFalse(entry.over(6_000), "a call is in flight");
    assertEquals(Outcome.DONE, entry.finish(1_001, null, null));
    assertTrue(entry.over(6_000));
    assertEquals(Outcome.DONE, entry.attach(1, 0, TWO, 5_500));
    assertFalse(entry.over(1_000_000));
    assertEquals(Outcome.FENCED, entry.adopt("m1", ONE, 7_000));
    assertEquals(Outcome.DONE, entry.adopt("m2", ONE, 7_000), "its gateway is gone");
    assertTrue(entry.over(8_000));
  }

  /** A stream cannot say what it has read: what it was given makes room. */
  @Test
  void onlyWhatWasNeverOnItsWayKeepsOthersOut() {
    for (boolean given : new boolean[] {false, true}) {
      ConnectionEntry entry = fresh();
      int kept = 0;
      byte[] frame = new byte[entry.origin().historyBytes() / 4];
      for (int i = 1; i <= 4; i++) {
        assertEquals(Outcome.DONE, entry.append(0, 100 + i, frame));
        kept++;
      }
      assertEquals(Outcome.DONE, entry.detach(1, given ? kept : 0, 1_000));
      for (int i = 1; i <= 4; i++) {
        assertEquals(given ? Outcome.DONE : Outcome.FULL, entry.append(0, 200 + i, frame));
      }
      assertEquals(Outcome.FULL, entry.append(0, 300, frame));
      assertEquals(Outcome.DONE, entry.attach(1, kept, TWO, 2_000));
      assertTrue(entry.recovered());
      assertEquals(given ? 4 : 0, entry.frames().size());
    }
  }

  /** Between two polls it is attached, and nobody is there to read. */
  @Test
  void whoPollsLosesNothingToWhatNobodyAskedFor() {
    for (boolean polls : new boolean[] {false, true}) {
      ConnectionEntry entry = fresh();
      assertEquals(Outcome.DONE, entry.attach(1, 0, TWO, 10));
      entry.polls(polls);
      byte[] frame = new byte[entry.origin().historyBytes() / 2];
      for (int i = 1; i <= 2; i++) {
        assertEquals(Outcome.DONE, entry.append(0, 100 + i, frame));
      }
      assertEquals(polls ? Outcome.FULL : Outcome.DONE, entry.append(0, 103, frame));
      assertEquals(polls ? 0 : 1, entry.base());
      assertEquals(Outcome.DONE, entry.acknowledge(entry.epoch(), 2));
      assertEquals(Outcome.DONE, entry.append(0, 104, frame), "there is room again");
      assertEquals(Outcome.DONE, entry.begin(0, entry.epoch(), 0, false, TWO, 7));
      for (int i = 1; i <= 3; i++) {
        assertEquals(Outcome.DONE, entry.append(7, 200 + i, frame), "an answer is asked for");
      }
      assertEquals(Outcome.DONE, entry.attach(2, entry.last(), ONE, 20), "a socket");
      for (int i = 1; i <= 3; i++) {
        assertEquals(Outcome.DONE, entry.append(0, 300 + i, frame));
      }
    }
  }

  /** A client that loses sockets at any moment reads every frame once and in order, or knows. */
  @Test
  void everyFrameComesOnceAndInOrderOrTheResumeSaysThatSomeAreLost() {
    for (long seed = 1; seed <= 300; seed++) {
      var random = new Random(seed);
      ConnectionEntry entry = fresh();
      long token = 1;
      long read = 0;
      int lost = 0;
      var seen = new ArrayList<Long>();
      for (int step = 0; step < 200; step++) {
        switch (random.nextInt(5)) {
          case 0, 1 -> {
            Outcome outcome = append(entry, 0, 1 + random.nextInt(40));
            assertTrue(outcome == Outcome.DONE || outcome == Outcome.FULL, "seed " + seed);
          }
          case 2 -> {
            if (entry.attached() && entry.base() <= read) {
              while (read < entry.last()) {
                seen.add(++read);
              }
            }
          }
          case 3 -> {
            if (entry.attached() && random.nextBoolean()) {
              assertEquals(Outcome.DONE, entry.acknowledge(entry.epoch(), read), "seed " + seed);
              token = entry.generation();
            }
          }
          default -> {
            var _ = entry.detach(entry.epoch(), 0, step);
            assertEquals(Outcome.DONE, entry.attach(token, read, ONE, step), "seed " + seed);
            if (!entry.recovered()) {
              lost++;
              read = entry.last();
              seen.clear();
            }
            // Every other answer is lost: the client has its old token still.
            if (random.nextBoolean()) {
              token = entry.generation();
            }
          }
        }
      }
      for (int i = 1; i < seen.size(); i++) {
        assertEquals(seen.get(i - 1) + 1, seen.get(i), "seed " + seed + " lost " + lost);
      }
    }
  }
}
