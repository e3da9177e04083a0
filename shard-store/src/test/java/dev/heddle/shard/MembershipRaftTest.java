package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.replication.LogPosition;
import dev.heddle.replication.Member;
import dev.heddle.replication.Proposal;
import dev.heddle.replication.RaftConfig;
import dev.heddle.replication.RaftNode;
import dev.heddle.replication.Replica;
import dev.heddle.replication.ReplicatedGroup;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Moves of a real group, told by a real catalog. */
@Timeout(300)
class MembershipRaftTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Closer closer = new Closer();
  private final UUID id = UUID.randomUUID();
  private final Map<String, RaftNode> nodes = new TreeMap<>();
  private final Map<String, ReplicatedGroup> groups = new TreeMap<>();
  private final Map<String, Lines> replicas = new TreeMap<>();
  private final Map<String, Membership> memberships = new TreeMap<>();
  @TempDir Path directory;
  private LocalCatalog catalog;
  private CatalogClient client;
  private long calls;

  @BeforeEach
  void start() {
    catalog = closer.register("catalog", LocalCatalog.start(directory.resolve("catalog")));
    client = catalog.client();
  }

  @AfterEach
  void close() {
    closer.close();
  }

  @Test
  void theLeadersReplicaMovesToAnotherNode() throws Exception {
    nodes("a", "b", "c", "d");
    open(Set.of("a", "b", "c"));
    String leader = leader();
    write("one");
    move(Optional.of("d"), Optional.of(leader));
    Set<String> expected = new TreeSet<>(Set.of("a", "b", "c", "d"));
    expected.remove(leader);
    awaitRest(expected);
    write("two");
    for (String node : expected) {
      within(PATIENCE, node + " has all", () -> lines(node).equals(List.of("one", "two")));
    }
  }

  @Test
  void aSingleReplicaMovesWithoutLoss() throws Exception {
    nodes("a", "b");
    open(Set.of("a"));
    write("one");
    move(Optional.of("b"), Optional.of("a"));
    awaitRest(Set.of("b"));
    write("two");
    assertEquals("b", leader());
    assertEquals(List.of("one", "two"), lines("b"));
  }

  @Test
  void aLostNodesPlaceIsTakenWhileItIsAway() throws Exception {
    nodes("a", "b", "c", "d");
    open(Set.of("a", "b", "c"));
    String leader = leader();
    write("one");
    String lost = Set.of("a", "b", "c").stream().filter(n -> !n.equals(leader)).findAny().get();
    Objects.requireNonNull(nodes.remove(lost)).close();
    groups.remove(lost);
    move(Optional.of("d"), Optional.of(lost));
    Set<String> expected = new TreeSet<>(Set.of("a", "b", "c", "d"));
    expected.remove(lost);
    awaitRest(expected);
    write("two");
    within(PATIENCE, "d has all", () -> lines("d").equals(List.of("one", "two")));
  }

  private void nodes(String... names) {
    for (String name : names) {
      RaftNode node = new RaftNode(name, new HostPort("127.0.0.1", 0), RaftConfig.defaults());
      closer.register(name, node);
      node.start();
      nodes.put(name, node);
      memberships.put(name, new Membership(name, client, Duration.ofMinutes(1)));
      catalog
          .client()
          .register(
              new NodeRecord(
                  name, "1", Set.of("leaf"), "127.0.0.1:1", "", "", node.address().toString()),
              Duration.ofMinutes(1));
      within(PATIENCE, name + " lives", () -> client.view().node(name).isPresent());
    }
  }

  /** All nodes take part; only the first ones are members. */
  private void open(Set<String> first) {
    List<Member> members = first.stream().sorted().map(n -> node(n).member()).toList();
    for (String name : nodes.keySet()) {
      Lines replica = new Lines();
      replicas.put(name, replica);
      groups.put(
          name,
          node(name)
              .open(
                  id,
                  directory.resolve(name),
                  first.contains(name) ? members : List.of(),
                  replica));
    }
    store(
        new DatasetRecord(
            "default",
            "d",
            "d",
            Things.SCHEMA,
            1,
            3,
            List.of(new ShardPlacement(0, 1, id.toString(), List.copyOf(new TreeSet<>(first)))),
            Instant.EPOCH));
  }

  private void move(Optional<String> joining, Optional<String> leaving) {
    store(stored().with(placement().moving(joining, leaving)));
  }

  private void store(DatasetRecord dataset) {
    LocalCatalog.write(client, List.of(Change.put(dataset)));
  }

  private void awaitRest(Set<String> expected) {
    within(
        PATIENCE,
        "at rest on " + expected,
        () -> {
          groups.forEach((name, group) ->
              Objects.requireNonNull(memberships.get(name))
                  .look(client.view(), stored(), placement(), group));
          return placement().joining().isEmpty()
              && placement().leaving().isEmpty()
              && Set.copyOf(placement().nodes()).equals(expected);
        });
    assertEquals(
        expected,
        group(leader()).status().members().stream().map(Member::node).collect(Collectors.toSet()));
  }

  private DatasetRecord stored() {
    return client.view().dataset("default", "d").orElseThrow();
  }

  private ShardPlacement placement() {
    return stored().shards().getFirst();
  }

  private RaftNode node(String name) {
    return Objects.requireNonNull(nodes.get(name));
  }

  private ReplicatedGroup group(String name) {
    return Objects.requireNonNull(groups.get(name));
  }

  private List<String> lines(String name) {
    return Objects.requireNonNull(replicas.get(name)).lines;
  }

  private String leader() {
    within(
        PATIENCE,
        "a leader",
        () -> groups.values().stream().anyMatch(group -> group.status().leading()));
    return groups.entrySet().stream()
        .filter(group -> group.getValue().status().leading())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(this::leader);
  }

  private void write(String line) throws Exception {
    // The same call again is written once: whoever leads by then takes it.
    Proposal proposal = new Proposal(id, ++calls, line.getBytes(StandardCharsets.UTF_8), null);
    within(PATIENCE, "written", () -> written(proposal));
    replicas.values().forEach(Lines::keep);
  }

  private boolean written(Proposal proposal) throws Exception {
    try {
      var _ = group(leader()).propose(proposal).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      return true;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof HeddleException refused
          && (refused.code() == ErrorCode.NOT_LEADER || refused.code() == ErrorCode.NO_MAJORITY)) {
        return false;
      }
      throw e;
    }
  }

  /** Keeps the lines that it is given, in memory. A joining one is sent what is kept by then. */
  private final class Lines implements Replica {
    final List<String> lines = new CopyOnWriteArrayList<>();
    private volatile List<String> kept = List.of();
    private volatile LogPosition at = LogPosition.NONE;
    private volatile LogPosition keptAt = LogPosition.NONE;

    @Override
    public LogPosition open() {
      return LogPosition.NONE;
    }

    @Override
    public synchronized @Nullable Object apply(
        LogPosition position, byte[] data, @Nullable Object context) {
      lines.add(new String(data, StandardCharsets.UTF_8));
      at = position;
      return null;
    }

    synchronized void keep() {
      kept = List.copyOf(lines);
      keptAt = at;
    }

    @Override
    public LogPosition durable() {
      return keptAt;
    }

    @Override
    public CompletableFuture<LogPosition> fetch(String leader, LogPosition first) {
      Lines other = Objects.requireNonNull(replicas.get(leader));
      synchronized (other) {
        kept = other.kept;
        keptAt = other.keptAt;
      }
      return CompletableFuture.completedFuture(keptAt);
    }

    @Override
    public synchronized LogPosition installed() {
      lines.clear();
      lines.addAll(kept);
      at = keptAt;
      return at;
    }

    @Override
    public void close() {}
  }
}
