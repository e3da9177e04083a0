package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftPeerId;
import org.junit.jupiter.api.Test;

/** A leader, and followers that answer when the test says so. */
final class ReadIndexTest {
  private final List<Scripted> followers =
      Stream.of("b", "c", "d", "e").map(Scripted::new).toList();
  private boolean leads = true;
  private boolean ready = true;
  private long committed = 7;

  private final ReadIndex reads =
      new ReadIndex(
          new ReadIndex.Leader() {
            @Override
            public boolean leads() {
              return leads;
            }

            @Override
            public boolean ready() {
              return ready;
            }

            @Override
            public long committed() {
              return committed;
            }

            @Override
            public boolean isMajority(Predicate<RaftPeerId> confirmed) {
              return followers.stream().map(Scripted::follower).filter(confirmed).count() >= 2;
            }
          });

  private static final class Scripted implements ReadIndex.Connection {
    private final RaftPeerId follower;
    private long next = Long.MAX_VALUE - 1;
    private int heartbeats;

    Scripted(String follower) {
      this.follower = RaftPeerId.valueOf(follower);
    }

    @Override
    public RaftPeerId follower() {
      return follower;
    }

    @Override
    public long nextCall() {
      return next;
    }

    @Override
    public void triggerHeartbeat() {
      heartbeats++;
    }

    /** The number of a request that is sent now. */
    long send() {
      return next++;
    }
  }

  ReadIndexTest() {
    followers.forEach(follower -> reads.connected("term 1", follower));
  }

  private void confirm(int... who) {
    for (int number : who) {
      var follower = followers.get(number);
      reads.confirmed(follower, follower.send());
    }
  }

  @Test
  void aMajorityConfirmsWithWhatWasSentAfterTheQuestion() {
    var early = followers.stream().mapToLong(Scripted::send).toArray();
    var read = reads.ask();
    assertTrue(followers.stream().allMatch(follower -> follower.heartbeats == 1));
    for (int i = 0; i < early.length; i++) {
      reads.confirmed(followers.get(i), early[i]);
    }
    assertFalse(read.isDone(), "by answers to what was sent before");
    confirm(0, 0);
    assertFalse(read.isDone(), "by one, twice");
    committed = 9;
    confirm(3);
    assertEquals(7, read.join());
  }

  @Test
  void whatWasConfirmedOnceIsNotConfirmedForEver() {
    var first = reads.ask();
    confirm(0, 1);
    assertTrue(first.isDone());
    var second = reads.ask();
    assertFalse(second.isDone());
    confirm(2, 3);
    assertEquals(7, second.join());
  }

  @Test
  void aReadThatComesDuringARoundHasTheNextOne() {
    var first = reads.ask();
    confirm(0);
    var second = reads.ask();
    var third = reads.ask();
    committed = 9;
    confirm(1);
    assertEquals(7, first.join());
    assertFalse(second.isDone(), "confirmed in part before it came");
    confirm(0, 1);
    assertEquals(9, second.join());
    assertEquals(9, third.join());
    assertEquals(2, followers.getFirst().heartbeats);
  }

  @Test
  void aNewLeaderAnswersOnceItKnowsWhatIsCommitted() {
    ready = false;
    var read = reads.ask();
    confirm(0, 1);
    assertFalse(read.isDone());
    ready = true;
    committed = 8;
    reads.advance();
    confirm(0, 1);
    assertEquals(8, read.join());
  }

  @Test
  void inAnotherTermItIsAskedAnew() {
    var read = reads.ask();
    confirm(0);
    var later = List.of(new Scripted("b"), new Scripted("c"));
    later.forEach(follower -> reads.connected("term 2", follower));
    committed = 12;
    confirm(1, 2);
    assertFalse(read.isDone(), "by those of the term before");
    reads.advance();
    later.forEach(follower -> reads.confirmed(follower, follower.send()));
    assertEquals(12, read.join());
  }

  @Test
  void aConnectionMadeAnewConfirmsWithWhatItSends() {
    var read = reads.ask();
    var again = new Scripted("b");
    again.next = 0;
    reads.connected("term 1", again);
    confirm(0);
    reads.confirmed(again, again.send());
    confirm(1);
    assertFalse(read.isDone(), "sent before it was known of the round");
    reads.confirmed(again, again.send());
    assertEquals(7, read.join());
  }

  @Test
  void whoLeadsNoLongerAnswersNobody() {
    var read = reads.ask();
    reads.lost();
    assertFails(read);
    leads = false;
    assertFails(reads.ask());
  }

  @Test
  void whoGivesUpIsForgotten() {
    ready = false;
    var read = reads.ask();
    read.cancel(false);
    ready = true;
    reads.advance();
    assertEquals(0, followers.getFirst().heartbeats);
  }

  private static void assertFails(CompletableFuture<Long> read) {
    assertTrue(read.isDone());
    assertThrows(CompletionException.class, read::join);
  }
}
