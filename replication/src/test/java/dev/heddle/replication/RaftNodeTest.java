package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.Eventually;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class RaftNodeTest extends RaftNodes {
  @Test
  void oneMemberWritesAndKeepsWhatItAcknowledged() throws Exception {
    start("a");
    open("a", "a");
    Written first = write("a", "one");
    Written second = write("a", "two");
    assertTrue(second.index() > first.index());
    stop("a");
    start("a");
    open("a");
    Eventually.eventually("leads", () -> group("a").status().leading());
    assertEquals(List.of("one", "two"), replica("a").lines);
    assertEquals(replica("a").applied.index(), group("a").barrier().get(60, TimeUnit.SECONDS));
  }

  @Test
  void theContextComesBackAsTheResult() throws Exception {
    start("a");
    open("a", "a");
    Eventually.eventually("leads", () -> group("a").status().leading());
    Object context = new Object();
    Written written =
        group("a").propose(new Proposal(client, 1, bytes("x"), context)).get(60, TimeUnit.SECONDS);
    assertEquals(context, written.result());
  }

  @Test
  void theSameCallAgainIsWrittenOnce() throws Exception {
    startThree();
    String leader = leader();
    Proposal proposal = new Proposal(client, 77, bytes("once"), null);
    Written first = group(leader).propose(proposal).get(60, TimeUnit.SECONDS);
    assertEquals(first.index(), group(leader).propose(proposal).get(60, TimeUnit.SECONDS).index());
    stop(leader);
    String next = leader();
    assertEquals(first.index(), group(next).propose(proposal).get(60, TimeUnit.SECONDS).index());
    write(next, "after");
    assertEquals(List.of("once", "after"), replica(next).lines);
  }

  @Test
  void aFollowerNamesTheLeader() throws Exception {
    startThree();
    String leader = leader();
    String follower = groups.keySet().stream().filter(n -> !n.equals(leader)).findFirst().get();
    Eventually.eventually(
        "knows it", () -> group(follower).status().leader().equals(Optional.of(leader)));
    HeddleException refusal =
        failure(() -> group(follower).propose(new Proposal(client, 5, bytes("x"), null)).get());
    assertEquals(ErrorCode.NOT_LEADER, refusal.code());
    assertTrue(String.valueOf(refusal.getMessage()).contains(leader));
    assertEquals(leader, refusal.leader());
  }

  @Test
  void aBarrierOnAFollowerSeesWhatTheLeaderAcknowledged() throws Exception {
    startThree();
    for (int i = 0; i < 20; i++) {
      long index = write("line " + i).index();
      for (String node : groups.keySet()) {
        assertTrue(barrier(node) >= index);
        assertTrue(replica(node).lines.contains("line " + i));
      }
    }
  }

  @Test
  void withoutAMajorityNothingIsAcknowledgedOrRead() throws Exception {
    startThree();
    String leader = leader();
    write(leader, "before");
    // What a majority confirmed once is not confirmed for ever.
    assertTrue(group(leader).barrier().get(60, TimeUnit.SECONDS) >= 0);
    for (String node : List.copyOf(groups.keySet())) {
      if (!node.equals(leader)) {
        stop(node);
      }
    }
    HeddleException read = failure(() -> group(leader).barrier().get());
    assertEquals(ErrorCode.NO_MAJORITY, read.code());
    Eventually.eventually("stepped down", () -> !group(leader).status().leading());
    HeddleException write =
        failure(() -> group(leader).propose(new Proposal(client, 9, bytes("x"), null)).get());
    assertEquals(ErrorCode.NO_MAJORITY, write.code());
  }

  @Test
  void aLeaderKnowsHowLongNobodyHasAnsweredIt() throws Exception {
    startThree();
    String leader = leader();
    write(leader, "before");
    for (String node : List.copyOf(groups.keySet())) {
      if (!node.equals(leader)) {
        stop(node);
      }
    }
    long stopped = System.nanoTime();
    // What they had answered may be on its way for a while.
    Duration underway = Duration.ofMillis(300);
    Eventually.eventually(
        "stepped down, and silent for long while it led",
        () -> {
          Duration since = Duration.ofNanos(System.nanoTime() - stopped).minus(underway);
          var status = group(leader).status();
          assertTrue(
              !status.leading() || status.silence().compareTo(since) >= 0,
              () -> since + " since they stopped, but " + status);
          return !status.leading();
        });
  }

  @Test
  void aLeaderAloneIsNeverSilent() throws Exception {
    start("a");
    open("a", "a");
    Eventually.eventually("leads", () -> group("a").status().leading());
    assertEquals(Duration.ZERO, group("a").status().silence());
  }

  @Test
  void anotherLeaderTakesOverWithEverything() throws Exception {
    startThree();
    List<String> all = new ArrayList<>();
    for (int round = 0; round < 3; round++) {
      String leader = leader();
      for (int i = 0; i < 10; i++) {
        write(round + "/" + i);
        all.add(round + "/" + i);
      }
      stop(leader);
      String next = leader();
      assertEquals(all, replica(next).lines);
      start(leader);
      open(leader);
    }
    for (String node : groups.keySet()) {
      Eventually.eventually(node + " has all", () -> replica(node).lines.equals(all));
    }
  }

  @Test
  void aLeaderThatResignsHasASuccessorBeforeAnyoneMissesIt() throws Exception {
    startThree();
    String leader = leader();
    write(leader, "one");
    long term = group(leader).status().term();
    group(leader).resign(Duration.ofSeconds(10));
    assertFalse(group(leader).status().leading());
    String next = leader();
    assertFalse(next.equals(leader));
    assertEquals(term + 1, group(next).status().term());
    write(next, "two");
    // Who does not lead has nothing to give away.
    group(leader).resign(Duration.ofSeconds(10));
    assertEquals(next, leader());
  }
}
