package dev.heddle.loadtest.chaos;

import dev.heddle.process.Channels;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/**
 * Runs a node under {@code strace}, writes documents to it one after the other, and looks in the
 * trace of its system calls whether each was on the disk before it was acknowledged.
 */
public final class SyncTrial {
  private static final Pattern LOG = Pattern.compile(".*/current/log_(?:inprogress_)?\\d+\\S*");
  private static final String CALLS =
      "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync";
  private static final int REPLICAS = 3;
  private static final Duration START = Duration.ofMinutes(5);
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofMinutes(3);

  private SyncTrial() {}

  /** Why it cannot run here; empty: it can. */
  public static Optional<String> missing() {
    return SystemTool.failure("strace", "-f", "-e", "trace=fsync", "-o", "/dev/null", "true");
  }

  /**
   * @param directory for the node's files and the trace; they stay
   * @param writes how many
   */
  public static SyncProof run(JavaCommand java, Path directory, int writes, Ticker ticker)
      throws InterruptedException {
    var traced = trace(java, directory, 1, writes, ticker);
    return SyncProof.of(traced.nodes.getFirst(), LOG, traced.port, traced.markers);
  }

  /**
   * The same with three replicas on as many nodes, each of them under {@code strace}.
   *
   * @param directory for the nodes' files and the traces; they stay
   * @param writes how many
   */
  public static MajoritySyncProof runReplicated(
      JavaCommand java, Path directory, int writes, Ticker ticker) throws InterruptedException {
    var traced = trace(java, directory, REPLICAS, writes, ticker);
    return MajoritySyncProof.of(traced.nodes, LOG, traced.port, traced.markers);
  }

  /**
   * What the nodes did.
   *
   * @param nodes calls of each
   * @param port of the first, to which the client wrote
   * @param markers that it wrote, in order
   */
  private record Traced(List<List<SystemCall>> nodes, int port, List<String> markers) {}

  private static Traced trace(
      JavaCommand java, Path directory, int replicas, int writes, Ticker ticker)
      throws InterruptedException {
    var layout =
        new ClusterLayout(
            ClusterLayout.of(ClusterLayout.Plan.loopback(directory, replicas, 0)).nodes().stream()
                .map(node -> node.withWrapper(strace(file(directory, node))))
                .toList());
    List<String> markers;
    Map<Path, Long> traces = new LinkedHashMap<>();
    try (var cluster = new ProcessCluster(layout, java, ticker)) {
      cluster.start(START);
      layout.nodes().forEach(node -> traces.put(file(directory, node), cluster.pid(node.node())));
      try (var channels = new Channels(Credentials.none())) {
        client(channels, layout).create(1, replicas);
      }
      var tries = new AtomicInteger();
      markers = Pacing.retried(END, ticker, () -> write(layout, writes, tries.getAndIncrement()));
      for (var node : layout.nodes()) {
        cluster.stop(node.node(), END);
      }
    }
    List<List<SystemCall>> calls = new ArrayList<>();
    for (var trace : traces.entrySet()) {
      if (!Pacing.await(END, ticker, () -> ended(trace.getKey(), trace.getValue()))) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            trace.getKey() + ": does not end with the node (expected: a whole trace)");
      }
      calls.add(SystemCallTrace.read(lines(trace.getKey())));
    }
    int port = layout.nodes().getFirst().grpc().orElseThrow().port();
    return new Traced(calls, port, markers);
  }

  private static Path file(Path directory, NodeSpec node) {
    return directory.resolve(node.node() + ".trace");
  }

  /** As a process beside the node's, so that the node's is ours. */
  private static List<String> strace(Path trace) {
    return List.of(
        "strace",
        "-D",
        "-f",
        "-yy",
        "--seccomp-bpf",
        "-ttt",
        "-T",
        "-s",
        "1048576",
        "-e",
        CALLS,
        "-e",
        "signal=none",
        "-o",
        trace.toString());
  }

  private static DocumentsGrpcClient client(Channels channels, ClusterLayout layout) {
    return new DocumentsGrpcClient(
        channels, layout.coordinators(), Optional.empty(), "synced", CALL);
  }

  /** Over a connection that has seen nothing else, all of them: one that fails ends the try. */
  private static List<String> write(ClusterLayout layout, int writes, int tried) {
    try (var channels = new Channels(Credentials.none())) {
      var client = client(channels, layout);
      var markers = new ArrayList<String>();
      for (int i = 0; i < writes; i++) {
        var marker = "marker-%06d-marker".formatted(tried * writes + i);
        client.put("document-" + i, "{\"v\":\"" + marker + "\"}", OptionalLong.empty());
        markers.add(marker);
      }
      return markers;
    }
  }

  private static boolean ended(Path trace, long pid) {
    var lines = lines(trace);
    return lines.subList(Math.max(0, lines.size() - 20), lines.size()).stream()
        .anyMatch(line -> line.startsWith(pid + " ") && line.contains("+++ "));
  }

  /** What strace does not show as it is, it shows as ASCII. */
  private static List<String> lines(Path trace) {
    try {
      return Files.readAllLines(trace, StandardCharsets.ISO_8859_1);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, trace + ": " + e, e);
    }
  }
}
