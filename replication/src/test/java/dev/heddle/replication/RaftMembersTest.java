package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.Eventually;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Members that come, come back, or are none. */
@Timeout(300)
final class RaftMembersTest extends RaftNodes {
  @Test
  void aMemberWhoseStateEndsWhereTheLeadersLogBeginsIsSentThatLog() throws Exception {
    startThree();
    String away = leader();
    for (int i = 0; i < 10; i++) {
      write(away, "line " + i);
    }
    for (String node : groups.keySet()) {
      Eventually.eventually("has all", () -> replica(node).lines.size() == 10);
      replica(node).store();
    }
    // With it ends a term, and with a term a segment of the log, which the others then cut.
    stop(away);
    write("last");
    for (String node : groups.keySet()) {
      Eventually.eventually("has the last", () -> replica(node).lines.size() == 11);
      replica(node).store();
      group(node).trim().get(60, TimeUnit.SECONDS);
    }
    start(away);
    open(away);
    Eventually.eventually("it is back", () -> replica(away).lines.size() == 11);
    assertEquals(0, replica(away).fetches.get());
  }

  @Test
  void ofTwoTheOneThatIsLeftLeadsAgainOnceTheOtherHasBegunAnew() throws Exception {
    start("a");
    start("b");
    open("a", "a", "b");
    open("b", "a", "b");
    write("kept");
    Eventually.eventually("both have it", () -> replica("a").lines.equals(replica("b").lines));
    stop("b");
    DurableFiles.deleteAll(directory.resolve("b"));
    Eventually.eventually("a stands for election", () -> !group("a").status().leading());
    start("b");
    open("b", "a", "b");
    assertEquals("a", leader());
    write("a", "after");
    Eventually.eventually("b, too", () -> replica("b").lines.equals(List.of("kept", "after")));
  }

  @Test
  void onlyWhoKnowsTheSecretIsAMember() throws Exception {
    secrets = List.of("one:0123456789abcdef");
    startThree();
    String leader = leader();
    write(leader, "one");
    String other = groups.keySet().stream().filter(n -> !n.equals(leader)).findFirst().get();
    for (List<String> wrong : List.of(List.<String>of(), List.of("two:0123456789abcdef"))) {
      stop(other);
      secrets = wrong;
      start(other);
      open(other);
      write(leader, "for members " + wrong);
      long end = System.nanoTime() + CONFIG.electionMax().multipliedBy(2).toNanos();
      Eventually.eventually("it stands for election", () -> System.nanoTime() - end > 0);
      assertTrue(group(other).status().leader().isEmpty());
      assertFalse(replica(other).lines.contains("for members " + wrong));
      assertTrue(group(leader).status().leading());
    }
    stop(other);
    // While a secret is being replaced.
    secrets = List.of("one:0123456789abcdef", "two:0123456789abcdef");
    start(other);
    open(other);
    Eventually.eventually("it follows", () -> replica(other).lines.size() == 3);
  }

  @Test
  void aNewMemberFetchesWhatTheLogHasNoMore() throws Exception {
    startThree();
    String leader = leader();
    for (int i = 0; i < 50; i++) {
      write("line " + i);
    }
    Eventually.eventually(
        "all applied",
        () -> replicas.values().stream().allMatch(replica -> replica.lines.size() == 50));
    for (String node : groups.keySet()) {
      replica(node).store();
      group(node).trim().get(60, TimeUnit.SECONDS);
    }
    start("d");
    open("d");
    assertEquals(Role.OUTSIDE, group("d").status().role());
    List<Member> before = group(leader).status().members();
    List<Member> after = new ArrayList<>(before);
    after.add(node("d").member());
    group(leader).change(before, after).get(60, TimeUnit.SECONDS);
    Eventually.eventually("d has all", () -> replica("d").lines.size() == 50);
    assertTrue(replica("d").fetches.get() > 0);
    HeddleException conflict =
        failure(() -> group(leader).change(before, after).get(60, TimeUnit.SECONDS));
    assertEquals(ErrorCode.REVISION_CONFLICT, conflict.code());
    String gone =
        before.stream().map(Member::node).filter(n -> !n.equals(leader)).findFirst().get();
    group(leader)
        .change(after, after.stream().filter(m -> !m.node().equals(gone)).toList())
        .get(60, TimeUnit.SECONDS);
    write("last");
    Eventually.eventually("d follows", () -> replica("d").lines.contains("last"));
  }

  @Test
  void aMemberWithoutMembersNeverLeads() throws Exception {
    start("a");
    open("a");
    long end = System.nanoTime() + CONFIG.electionMax().multipliedBy(2).toNanos();
    Eventually.eventually("time passes", () -> System.nanoTime() - end > 0);
    assertEquals(Role.OUTSIDE, group("a").status().role());
    assertEquals(0, group("a").status().term());
  }
}
