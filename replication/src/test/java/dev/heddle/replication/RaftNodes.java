package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.Ports;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.io.TempDir;

/** Nodes of one group in one process, each with a directory of its own. */
abstract class RaftNodes {
  static final RaftConfig CONFIG = RaftConfig.defaults().withRetained(0);

  @TempDir Path directory;
  final UUID id = UUID.randomUUID();
  final Map<String, HostPort> addresses = new TreeMap<>();
  final Map<String, RaftNode> nodes = new TreeMap<>();
  final Map<String, ReplicatedGroup> groups = new TreeMap<>();
  final Map<String, Sums> replicas = new TreeMap<>();
  final UUID client = UUID.randomUUID();
  long calls;
  List<String> secrets = List.of();

  @AfterEach
  void closeAll() {
    nodes.values().forEach(RaftNode::close);
  }

  void startThree() {
    for (String node : List.of("a", "b", "c")) {
      start(node);
    }
    for (String node : List.of("a", "b", "c")) {
      open(node, "a", "b", "c");
    }
  }

  void start(String name) {
    HostPort address = addresses.computeIfAbsent(name, any -> Ports.free());
    RaftNode node = new RaftNode(name, address, CONFIG, secrets, Clock.systemUTC());
    node.start();
    nodes.put(name, node);
  }

  void open(String name, String... first) {
    Sums replica = new Sums(directory.resolve(name + ".state"), this::replica);
    List<Member> members = List.of(first).stream().map(node -> node(node).member()).toList();
    groups.put(name, node(name).open(id, directory.resolve(name), members, replica));
    replicas.put(name, replica);
  }

  void stop(String name) {
    node(name).close();
    nodes.remove(name);
    groups.remove(name);
    replicas.remove(name);
  }

  String leader() {
    Eventually.eventually(
        "a leader", () -> groups.values().stream().anyMatch(group -> group.status().leading()));
    return groups.entrySet().stream()
        .filter(group -> group.getValue().status().leading())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElseGet(this::leader);
  }

  Written write(String node, String line) throws Exception {
    Eventually.eventually("leads", () -> group(node).status().leading());
    return group(node)
        .propose(new Proposal(client, ++calls, bytes(line), null))
        .get(60, TimeUnit.SECONDS);
  }

  /** By whoever leads, however often that changes: a proposal is done once. */
  Written write(String line) throws Exception {
    var proposal = new Proposal(client, ++calls, bytes(line), null);
    return retried(() -> group(leader()).propose(proposal));
  }

  /** A node's barrier, however often the leader changes meanwhile. */
  long barrier(String node) throws Exception {
    return retried(() -> group(node).barrier());
  }

  private static <T> T retried(Callable<CompletableFuture<T>> call) throws Exception {
    long began = System.nanoTime();
    while (true) {
      try {
        return call.call().get(60, TimeUnit.SECONDS);
      } catch (ExecutionException e) {
        boolean noLeader =
            e.getCause() instanceof HeddleException known
                && (known.code() == ErrorCode.NO_MAJORITY || known.code() == ErrorCode.NOT_LEADER);
        if (!noLeader || System.nanoTime() - began > TimeUnit.MINUTES.toNanos(1)) {
          throw e;
        }
      }
    }
  }

  RaftNode node(String name) {
    return Objects.requireNonNull(nodes.get(name));
  }

  ReplicatedGroup group(String node) {
    return Objects.requireNonNull(groups.get(node));
  }

  Sums replica(String node) {
    return Objects.requireNonNull(replicas.get(node));
  }

  static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  static HeddleException failure(org.junit.jupiter.api.function.Executable call) {
    ExecutionException failure = assertThrows(ExecutionException.class, call);
    return assertInstanceOf(HeddleException.class, failure.getCause());
  }
}
