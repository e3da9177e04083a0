package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.Ports;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.raftlog.segmented.SegmentedRaftLog;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.util.AutoCloseableLock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
final class RaftNodeTest {
  private static final RaftConfig CONFIG = RaftConfig.defaults().withRetained(0);

  @TempDir private Path directory;
  private final UUID id = UUID.randomUUID();
  private final Map<String, HostPort> addresses = new TreeMap<>();
  private final Map<String, RaftNode> nodes = new TreeMap<>();
  private final Map<String, ReplicatedGroup> groups = new TreeMap<>();
  private final Map<String, Sums> replicas = new TreeMap<>();
  private final UUID client = UUID.randomUUID();
  private long calls;
  private List<String> secrets = List.of();

  @AfterEach
  void closeAll() {
    nodes.values().forEach(RaftNode::close);
  }

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
    String leader = leader();
    for (int i = 0; i < 20; i++) {
      long index = write(leader, "line " + i).index();
      for (String node : groups.keySet()) {
        assertTrue(group(node).barrier().get(60, TimeUnit.SECONDS) >= index);
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
  void anotherLeaderTakesOverWithEverything() throws Exception {
    startThree();
    List<String> all = new ArrayList<>();
    for (int round = 0; round < 3; round++) {
      String leader = leader();
      for (int i = 0; i < 10; i++) {
        write(leader, round + "/" + i);
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
    String leader = leader();
    write(leader, "last");
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
    write(leader(), "kept");
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
      write(leader, "line " + i);
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
    write(leader, "last");
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

  @Test
  void aReplicaThatFailsClosesItsGroupOnlyAndIsOpenedAgain() throws Exception {
    startThree();
    String leader = leader();
    write(leader, "one");
    String follower = groups.keySet().stream().filter(n -> !n.equals(leader)).findFirst().get();
    replica(follower).failing.set(true);
    write(leader, "two");
    Eventually.eventually("closed", () -> group(follower).status().role() == Role.CLOSED);
    assertTrue(group(follower).status().failure().contains("told to fail"));
    write(leader, "three");
    group(follower).close();
    replica(follower).failing.set(false);
    open(follower);
    Eventually.eventually(
        "caught up", () -> replica(follower).lines.equals(List.of("one", "two", "three")));
  }

  @Test
  void aTornLastEntryIsCutOffAndOthersAreNot() throws Exception {
    start("a");
    open("a", "a");
    write("a", "one");
    write("a", "two");
    stop("a");
    Path log = openLog("a");
    byte[] sound = Files.readAllBytes(log);
    int end = endOfEntries(sound);
    // An entry of 100 bytes of which only a few came to the disk.
    byte[] torn = java.util.Arrays.copyOf(sound, end + 40);
    torn[end] = 100;
    torn[end + 1] = 17;
    Files.write(log, torn, StandardOpenOption.TRUNCATE_EXISTING);
    start("a");
    open("a");
    Eventually.eventually("reads the rest", () -> replica("a").lines.equals(List.of("one", "two")));
    write("a", "three");
    stop("a");

    byte[] whole = Files.readAllBytes(openLog("a"));
    start("a");
    // In its length, in its middle: sound entries stand behind either.
    for (int at : List.of(8, 12)) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x41;
      Files.write(openLog("a"), damaged, StandardOpenOption.TRUNCATE_EXISTING);
      HeddleException refused = assertThrows(HeddleException.class, () -> open("a"));
      assertEquals(ErrorCode.STORAGE_FAILED, refused.code());
      assertArrayEquals(damaged, Files.readAllBytes(openLog("a")));
    }
    Files.write(openLog("a"), whole, StandardOpenOption.TRUNCATE_EXISTING);
    open("a");
    Eventually.eventually(
        "reads all", () -> replica("a").lines.equals(List.of("one", "two", "three")));
  }

  /** Behind the header and all entries: each a varint length, so many bytes, four of a checksum. */
  private static int endOfEntries(byte[] file) {
    int at = 8;
    while (at < file.length && file[at] != 0) {
      int length = 0;
      int shift = 0;
      do {
        length |= (file[at] & 0x7f) << shift;
        shift += 7;
      } while (file[at++] < 0);
      at += length + 4;
    }
    return at;
  }

  @Test
  void aLogThatFailsClosesItsGroupOnlyAndIsOpenedAgain() throws Exception {
    start("a");
    open("a", "a");
    write("a", "one");
    Path current = Objects.requireNonNull(openLog("a").getParent());
    Path away = current.resolveSibling("away");
    Files.move(current, away);
    // Until a new file is begun, which there is no folder for.
    byte[] large = new byte[400 << 10];
    List<CompletableFuture<Written>> sent = new ArrayList<>();
    Eventually.eventually(
        "closed",
        () -> {
          if (group("a").status().leading()) {
            sent.add(group("a").propose(new Proposal(client, ++calls, large, null)));
          }
          return group("a").status().role() == Role.CLOSED;
        });
    assertFalse(group("a").status().failure().isEmpty());
    group("a").close();
    Files.move(away, current);
    open("a");
    Eventually.eventually("leads again", () -> group("a").status().leading());
    Eventually.eventually(
        "all have an outcome", () -> sent.stream().allMatch(CompletableFuture::isDone));
    long kept = sent.stream().filter(written -> !written.isCompletedExceptionally()).count();
    Eventually.eventually("kept", () -> replica("a").lines.size() >= kept + 1);
    write("a", "two");
  }

  @Test
  void aGroupThatFailedToBeginIsOpenedAgain() throws Exception {
    start("a");
    open("a", "a");
    write("a", "one");
    group("a").close();
    Sums broken = new Sums(directory.resolve("a.state"), this::replica);
    broken.asked =
        () -> {
          throw new IllegalStateException("told to fail");
        };
    HeddleException refusal =
        assertThrows(
            HeddleException.class,
            () -> node("a").open(id, directory.resolve("a"), List.of(), broken));
    assertEquals(ErrorCode.STORAGE_FAILED, refusal.code());
    open("a");
    Eventually.eventually("leads again", () -> group("a").status().leading());
    write("a", "two");
    assertEquals(List.of("one", "two"), replica("a").lines);
  }

  @Test
  void aGroupThatIsBeingOpenedHearsOfNoStates() throws Exception {
    start("a");
    CountDownLatch beginning = new CountDownLatch(1);
    CountDownLatch told = new CountDownLatch(1);
    Sums slow = new Sums(directory.resolve("a.state"), this::replica);
    slow.asked =
        () -> {
          beginning.countDown();
          try {
            told.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        };
    List<Member> alone = List.of(node("a").member());
    CompletableFuture<ReplicatedGroup> opened =
        CompletableFuture.supplyAsync(
            () -> node("a").open(id, directory.resolve("a"), alone, slow));
    beginning.await();
    try {
      assertEquals(
          Status.Code.UNAVAILABLE, Probes.installSnapshot(node("a").member(), id).getCode());
    } finally {
      told.countDown();
    }
    ReplicatedGroup group = opened.get(60, TimeUnit.SECONDS);
    Eventually.eventually("leads", () -> group.status().leading());
    // Now the member itself answers, whatever it thinks of such a leader.
    assertNotEquals(
        Status.Code.UNAVAILABLE, Probes.installSnapshot(node("a").member(), id).getCode());
  }

  @Test
  void aGroupIsClosedWhileItsLogDropsEntries() throws Exception {
    start("a");
    open("a", "a");
    Eventually.eventually("leads", () -> group("a").status().leading());
    RaftGroupId group = RaftGroupId.valueOf(id);
    GroupMachine machine = Objects.requireNonNull(node("a").machine(group));
    SegmentedRaftLog log =
        assertInstanceOf(SegmentedRaftLog.class, machine.division().getRaftLog());
    String dropping = machine.division().getMemberId() + "-cacheEviction-AwaitToRun";
    String closing = "closing-" + id;
    // Some files, so that there is something to drop.
    for (int i = 0; i < 20; i++) {
      byte[] large = new byte[400 << 10];
      group("a").propose(new Proposal(client, ++calls, large, null)).get(60, TimeUnit.SECONDS);
    }
    FutureTask<Void> closed = new FutureTask<>(() -> group("a").close(), null);
    AutoCloseableLock lock = log.readLock();
    try {
      Thread.ofPlatform().daemon().name(closing).start(closed);
      Eventually.eventually(
          "waits for the lock", () -> Probes.waits(closing, "SegmentedRaftLog.close"));
      LogEviction.of(log).signal();
      Eventually.eventually(
          "is behind it, or gone",
          () -> Probes.thread(dropping).isEmpty() || Probes.waits(dropping, "checkAndEvictCache"));
    } finally {
      lock.close();
    }
    closed.get(60, TimeUnit.SECONDS);
  }

  private Path openLog(String node) throws IOException {
    try (var files =
        Files.list(directory.resolve(node).resolve(id.toString()).resolve("current"))) {
      return files
          .filter(file -> file.getFileName().toString().startsWith("log_inprogress"))
          .max(java.util.Comparator.comparing(Path::toString))
          .orElseThrow();
    }
  }

  private void startThree() {
    for (String node : List.of("a", "b", "c")) {
      start(node);
    }
    for (String node : List.of("a", "b", "c")) {
      open(node, "a", "b", "c");
    }
  }

  private void start(String name) {
    HostPort address = addresses.computeIfAbsent(name, any -> Ports.free());
    RaftNode node = new RaftNode(name, address, CONFIG, secrets);
    node.start();
    nodes.put(name, node);
  }

  private void open(String name, String... first) {
    Sums replica = new Sums(directory.resolve(name + ".state"), this::replica);
    List<Member> members = List.of(first).stream().map(node -> node(node).member()).toList();
    groups.put(name, node(name).open(id, directory.resolve(name), members, replica));
    replicas.put(name, replica);
  }

  private void stop(String name) {
    node(name).close();
    nodes.remove(name);
    groups.remove(name);
    replicas.remove(name);
  }

  private String leader() {
    Eventually.eventually(
        "a leader", () -> groups.values().stream().anyMatch(group -> group.status().leading()));
    return groups.entrySet().stream()
        .filter(group -> group.getValue().status().leading())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(this::leader);
  }

  private Written write(String node, String line) throws Exception {
    Eventually.eventually("leads", () -> group(node).status().leading());
    return group(node)
        .propose(new Proposal(client, ++calls, bytes(line), null))
        .get(60, TimeUnit.SECONDS);
  }

  private RaftNode node(String name) {
    return Objects.requireNonNull(nodes.get(name));
  }

  private ReplicatedGroup group(String node) {
    return Objects.requireNonNull(groups.get(node));
  }

  private Sums replica(String node) {
    return Objects.requireNonNull(replicas.get(node));
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static HeddleException failure(org.junit.jupiter.api.function.Executable call) {
    ExecutionException failure = assertThrows(ExecutionException.class, call);
    return assertInstanceOf(HeddleException.class, failure.getCause());
  }
}
