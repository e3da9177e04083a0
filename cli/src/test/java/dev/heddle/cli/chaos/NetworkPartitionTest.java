package dev.heddle.cli.chaos;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.DocumentsGrpcClient;
import dev.heddle.loadtest.chaos.Leaders;
import dev.heddle.loadtest.chaos.NetworkNamespaces;
import dev.heddle.loadtest.chaos.NodeSpec;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.chaos.ReadLevel;
import dev.heddle.loadtest.chaos.ReplicaComparison;
import dev.heddle.loadtest.chaos.ReplicasGrpcClient;
import dev.heddle.loadtest.chaos.StoredDocument;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Security;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Three nodes in network namespaces of their own, one of which is cut off from the others. */
@Tag("chaos")
@Timeout(1_200)
class NetworkPartitionTest {
  private static final int LEAVES = 3;
  private static final String KEY = "0123456789abcdef-chaos";
  private static final Duration SOON = Duration.ofMinutes(2);

  private static final Duration CALL = Duration.ofSeconds(8);
  private static final Duration START = Duration.ofMinutes(4);

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final List<DocumentsGrpcClient> clients = new ArrayList<>();

  /** Of the same coordinators, with time for a machine that stands still now and then. */
  private final List<DocumentsGrpcClient> patient = new ArrayList<>();

  /** Ids of writes that failed for certain. */
  private final Set<String> refused = new HashSet<>();

  private int attempts;
  private String lastFailure = "";
  private NetworkNamespaces network;
  private ProcessCluster cluster;
  private ReplicasGrpcClient scans;
  private Leaders leaders;
  private String datasetId = "";

  /** Where the first document stands in its shard's log. */
  private long before;

  @BeforeEach
  void start() throws Exception {
    var missing = NetworkNamespaces.missing();
    assumeTrue(missing.isEmpty(), () -> "skipped: " + missing);
    network = closer.register("network", new NetworkNamespaces(LEAVES));
    var secrets = secrets();
    var plan =
        ClusterLayout.Plan.loopback(directory, LEAVES, 0)
            .withHosts(network::host, network::openHost)
            .withMore(
                "security:\n  api-keys: %s\n  cluster-secret: %s\n"
                    .formatted(secrets.apiKeys().get(), secrets.clusterSecret().get()));
    var nodes = new ArrayList<NodeSpec>();
    for (var node : ClusterLayout.of(plan).nodes()) {
      nodes.add(node.withWrapper(network.wrapper(nodes.size())));
    }
    var layout = new ClusterLayout(nodes);
    cluster =
        closer.register("cluster", new ProcessCluster(layout, NodeJava.command(), Ticker.system()));
    cluster.start(START);
    var open = closer.register("channels", new Channels(Credentials.none()));
    for (var coordinator : layout.coordinators()) {
      clients.add(
          new DocumentsGrpcClient(open, List.of(coordinator), Optional.of(KEY), "parted", CALL));
      patient.add(
          new DocumentsGrpcClient(open, List.of(coordinator), Optional.of(KEY), "parted", SOON));
    }
    var inside = closer.register("inside", new Channels(Credentials.load(secrets)));
    var replicas = new ReplicasGrpcClient(inside, Duration.ofSeconds(2));
    scans = new ReplicasGrpcClient(inside, Duration.ofSeconds(30));
    var setUp =
        new DocumentsGrpcClient(open, layout.coordinators(), Optional.of(KEY), "parted", SOON);
    setUp.create(1, LEAVES);
    datasetId = setUp.datasetId();
    leaders = new Leaders(cluster, replicas, datasetId);
    for (var client : clients) {
      soon("first write", () -> outcome(client).isEmpty());
    }
    before = patient.getFirst().put("before", "{\"v\":\"before\"}", OptionalLong.empty()).index();
  }

  private Security secrets() throws IOException {
    var keys =
        privately("keys.yaml", "keys: [{id: test, key: %s, tenant: default}]".formatted(KEY));
    var secret = privately("secret", "test:0123456789abcdef-secret\n");
    return new Security(Optional.of(keys), Optional.of(secret));
  }

  private Path privately(String name, String text) throws IOException {
    var file = directory.resolve(name);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    return Files.writeString(file, text);
  }

  @AfterEach
  void close() {
    closer.close();
  }

  /** Why a write of a new document fails; empty: it does not. */
  private Optional<ErrorCode> outcome(DocumentsGrpcClient client) {
    lastFailure = "";
    var id = "attempt-" + ++attempts;
    try {
      client.put(id, "{\"v\":\"" + id + "\"}", OptionalLong.empty());
      return Optional.empty();
    } catch (HeddleException e) {
      lastFailure = e.code() + ": " + e.getMessage();
      if (e.code() == ErrorCode.NO_MAJORITY) {
        refused.add(id);
      }
      return Optional.of(e.code());
    }
  }

  /** Why a linearizable read fails; empty: it does not. */
  private Optional<ErrorCode> read(DocumentsGrpcClient client) {
    try {
      var _ = client.get("before", ReadLevel.LINEARIZABLE);
      return Optional.empty();
    } catch (HeddleException e) {
      lastFailure = e.code() + ": " + e.getMessage();
      return Optional.of(e.code());
    }
  }

  /** As {@link dev.heddle.process.testing.Eventually}, and tells how the last call failed. */
  private void soon(String what, Callable<Boolean> condition) {
    try {
      within(SOON, what, condition);
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "; last: " + lastFailure, e);
    }
  }

  private int leader() {
    soon("a leader", () -> leaders.leader(0).isPresent());
    return number(leaders.leader(0).orElseThrow());
  }

  private static int number(String leaf) {
    return Integer.parseInt(leaf.substring("leaf-".length())) - 1;
  }

  @Test
  void aLeaderThatIsCutOffRefusesAndTheOthersGoOn() throws Exception {
    int cut = leader();
    cutOff(cut);
  }

  @Test
  void aFollowerThatIsCutOffRefusesAndTheOthersGoOn() throws Exception {
    cutOff((leader() + 1) % LEAVES);
  }

  private void cutOff(int cut) throws Exception {
    var minority = clients.get(cut);
    var majority = clients.get((cut + 1) % LEAVES);
    soon(
        "all have what was written",
        () ->
            leaders.replicas().stream().filter(replica -> replica.visible() >= before).count()
                == LEAVES);
    network.cut(cut);

    soon(
        "the minority refuses writes, and says why",
        () -> outcome(minority).equals(Optional.of(ErrorCode.NO_MAJORITY)));
    soon(
        "the minority refuses linearizable reads, and says why",
        () -> read(minority).equals(Optional.of(ErrorCode.NO_MAJORITY)));
    soon("the majority takes writes", () -> outcome(majority).isEmpty());
    var others = patient.get((cut + 1) % LEAVES);
    var written = others.put("before", "{\"v\":\"after\"}", OptionalLong.empty());
    assertEquals(
        Optional.of(new StoredDocument("before", "{\"v\":\"after\"}", written.version())),
        others.get("before", ReadLevel.LINEARIZABLE));
    assertEquals(
        "{\"v\":\"before\"}",
        patient.get(cut).get("before", ReadLevel.ANY).map(StoredDocument::json).orElse(""),
        "the minority still shows what it had to whoever asks for no more");
    soon(
        "the minority still refuses",
        () -> {
          var outcome = outcome(minority);
          assertTrue(outcome.isPresent(), "taken by a minority");
          return outcome.equals(Optional.of(ErrorCode.NO_MAJORITY));
        });

    network.heal(cut);

    soon("all take writes again", () -> outcome(minority).isEmpty());
    assertEquals(
        Optional.of(new StoredDocument("before", "{\"v\":\"after\"}", written.version())),
        patient.get(cut).get("before", ReadLevel.LINEARIZABLE));
    var comparison =
        ReplicaComparison.of(cluster, leaders, scans, datasetId, 1, LEAVES, SOON, Ticker.system());
    assertEquals(List.of(), comparison.problems());
    assertEquals(LEAVES, comparison.replicas());
    var there = others.scan(ReadLevel.LINEARIZABLE).stream().map(StoredDocument::id).toList();
    assertTrue(there.stream().noneMatch(refused::contains), () -> "refused, and there: " + there);
  }
}
