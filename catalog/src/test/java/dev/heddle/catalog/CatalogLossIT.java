package dev.heddle.catalog;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogMembersGrpcClient.Joined;
import dev.heddle.catalog.Cluster.Node;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.replication.RaftConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

/** Voters that are lost, their logs with them or not, and come back. */
@Timeout(300)
class CatalogLossIT {
  private final List<Cluster> clusters = new ArrayList<>();

  @TempDir Path directory;

  @AfterEach
  void close() {
    clusters.forEach(Cluster::close);
  }

  private Cluster cluster() {
    return kept(new Cluster(directory));
  }

  private Cluster kept(Cluster cluster) {
    clusters.add(cluster);
    return cluster;
  }

  private static void refused(ErrorCode code, String words, Executable what) {
    HeddleException failure = assertThrows(HeddleException.class, what);
    assertSame(code, failure.code(), failure.getMessage());
    assertTrue(failure.getMessage().contains(words), failure.getMessage());
  }

  private static String text(CatalogClient client, String app) {
    return client.view().app("default", app).map(AppRecord::yaml).orElse("");
  }

  @Test
  void aMinorityRefusesAndSaysWhy() {
    Cluster cluster = cluster().ofThree();
    Cluster.write(cluster.client("n0"), "a", "1");
    Node last = cluster.leader();
    for (String name : List.of("n0", "n1", "n2")) {
      if (!name.equals(last.name())) {
        cluster.kill(name);
      }
    }
    within(
        Cluster.PATIENCE,
        "it refuses",
        () -> {
          HeddleException failure =
              assertThrows(
                  HeddleException.class, () -> last.server().write(List.of(Cluster.put("a", "2"))));
          return failure.code() == ErrorCode.NO_MAJORITY;
        });
    refused(
        ErrorCode.NO_MAJORITY,
        "with voters [n0, n1, n2]",
        () -> last.server().write(List.of(Cluster.put("a", "2"))));
    within(Cluster.PATIENCE, "it ends its watches", () -> !last.server().ready());
    refused(
        ErrorCode.NO_MAJORITY,
        "out of touch with a leader",
        () -> last.server().watch(() -> {}, "", 0));
    assertEquals("1", text(last.client(), "a"), "the last view stays");
    String back = last.name().equals("n0") ? "n1" : "n0";
    cluster.start(back, false, List.of(), Cluster.TTL);
    within(Cluster.PATIENCE, "it serves again", () -> last.server().ready());
    Cluster.write(last.client(), "a", "3");
    assertEquals("3", text(last.client(), "a"));
  }

  @Test
  void aLostVoterIsReplacedAndComesBackAsASpare() {
    Cluster cluster = cluster().ofThree();
    cluster.join("n3", "n0");
    cluster.awaitKnown("n3");
    assertEquals(3, cluster.leader().voters().size());
    String lost = cluster.followers().getFirst();
    cluster.kill(lost);
    within(
        Cluster.PATIENCE,
        "n3 has taken its place",
        () ->
            cluster.leader().voters().contains("n3") && !cluster.leader().voters().contains(lost));
    cluster.awaitVoters(3);
    Cluster.write(cluster.client("n3"), "a", "1");
    cluster.start(lost, false, List.of("n3"), Cluster.TTL);
    cluster.awaitKnown(lost);
    Node spare = cluster.node(lost);
    within(
        Cluster.PATIENCE,
        "it has noticed: it waits, and shows nothing",
        () -> !spare.server().ready() && spare.voters().contains("n3"));
    assertTrue(Files.isDirectory(directory.resolve(lost).resolve("former")));
    String next = cluster.followers().getFirst();
    cluster.kill(next);
    within(
        Cluster.PATIENCE,
        "it is a voter again",
        () -> cluster.leader().voters().contains(lost) && spare.server().ready());
    cluster.awaitRevision(lost, Cluster.write(cluster.client(lost), "a", "2"));
  }

  @Test
  void aVoterWithoutItsLogIsLetInOnceTheOthersHaveEverything() throws Exception {
    Cluster cluster = cluster().ofThree();
    CatalogClient client = cluster.client("n0", "n1", "n2");
    Cluster.write(client, "a", "1");
    List<String> followers = cluster.followers();
    String wiped = followers.getFirst();
    String other = followers.getLast();
    cluster.kill(wiped);
    Cluster.write(client, "a", "2");
    // From now on two of three have it, and the third one has lost what it has acknowledged.
    delete(directory.resolve(wiped));
    cluster.start(wiped, true, List.of("n0", "n1", "n2"), Cluster.TTL);
    cluster.awaitRevision(wiped, cluster.leader().server().revision());
    cluster.awaitServing(wiped);
    assertEquals(cluster.leader().server().clusterId(), cluster.node(wiped).server().clusterId());
    assertEquals(3, cluster.leader().voters().size());
    String address = cluster.address(cluster.leader().name());
    CatalogMembersGrpcClient asking =
        new CatalogMembersGrpcClient(cluster.node(wiped).channels(), Duration.ofSeconds(5));
    within(
        Cluster.PATIENCE,
        "a voter, and nobody would miss its log",
        () -> told(asking.join(address, wiped, true)).equals(List.of(true, true)));
    within(
        Cluster.PATIENCE,
        "it has a log",
        () -> told(asking.join(address, wiped, false)).equals(List.of(true, false)));
    within(
        Cluster.PATIENCE,
        "anyone may join",
        () -> told(asking.join(address, "new", true)).equals(List.of(false, true)));
    cluster.kill(other);
    within(
        Cluster.PATIENCE,
        "with one away, the log of the third is needed",
        () -> told(asking.join(address, wiped, true)).equals(List.of(true, false)));
  }

  @Test
  void aNewMemberFetchesTheStateWhereTheLogWasCut() {
    CatalogConfig.Replication quick = Cluster.quick();
    CatalogConfig.Replication often =
        new CatalogConfig.Replication(
            quick.checkInterval(),
            quick.contactTimeout(),
            quick.writeTimeout(),
            quick.callTimeout(),
            5,
            DataSize.ofMiB(64),
            quick.stateIdle(),
            3,
            Duration.ofHours(1));
    RaftConfig standard = Cluster.elections();
    RaftConfig small =
        new RaftConfig(
            standard.electionMin(),
            standard.electionMax(),
            standard.firstElectionMin(),
            standard.firstElectionMax(),
            standard.callTimeout(),
            standard.readTimeout(),
            DataSize.ofMiB(1),
            0,
            standard.pendingEntries(),
            standard.pendingBytes());
    Cluster cluster =
        kept(new Cluster(directory, Ticker.system(), Cluster.config(often), small)).ofThree();
    CatalogClient client = cluster.client("n0", "n1", "n2");
    Cluster.write(client, "early", "seen");
    String behind = cluster.followers().getFirst();
    cluster.kill(behind);
    String text = "x".repeat(250_000);
    for (int i = 0; i < 15; i++) {
      Cluster.write(client, "a" + i % 3, text + i);
    }
    Path log = directory.resolve(cluster.leader().name()).resolve("log");
    within(Cluster.PATIENCE, "the log was cut", () -> !names(log).contains("log_0-"));
    cluster.start(behind, false, List.of(), Cluster.TTL);
    cluster.awaitRevision(behind, cluster.leader().server().revision());
    cluster.awaitServing(behind);
    CatalogView view = Cluster.view(cluster.node(behind).server());
    assertEquals("seen", view.app("default", "early").orElseThrow().yaml());
    assertEquals(text + 14, view.app("default", "a2").orElseThrow().yaml());
  }

  /** Whether it votes, and whether it would be let in without a log; empty: nobody is sure now. */
  private static List<Boolean> told(Joined answer) {
    return answer.voter().map(voter -> List.of(voter, answer.admitted())).orElse(List.of());
  }

  private static void delete(Path tree) throws Exception {
    try (Stream<Path> files = Files.walk(tree)) {
      for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }

  private static String names(Path directory) throws Exception {
    try (Stream<Path> files = Files.walk(directory)) {
      return files.map(Path::toString).toList().toString();
    }
  }
}
