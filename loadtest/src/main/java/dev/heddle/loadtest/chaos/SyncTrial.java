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
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Runs a node under {@code strace}, writes documents to it one after the other, and looks in the
 * trace of its system calls whether each was on the disk before it was acknowledged.
 */
public final class SyncTrial {
  private static final Pattern LOG = Pattern.compile(".*/current/log_(?:inprogress_)?\\d+\\S*");
  private static final String CALLS =
      "trace=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,fsync,fdatasync";
  private static final Duration START = Duration.ofMinutes(5);
  private static final Duration CALL = Duration.ofSeconds(60);
  private static final Duration END = Duration.ofSeconds(60);

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
    var trace = directory.resolve("trace.txt");
    var plain = ClusterLayout.of(ClusterLayout.Plan.loopback(directory, 1, 0)).nodes().getFirst();
    var node = plain.withWrapper(strace(trace));
    int port = node.grpc().orElseThrow().port();
    var layout = new ClusterLayout(List.of(node));
    List<String> markers;
    long pid;
    try (var cluster = new ProcessCluster(layout, java, ticker)) {
      cluster.start(START);
      pid = cluster.pid(node.node());
      try (var channels = new Channels(Credentials.none())) {
        client(channels, layout).create(1, 1);
      }
      // Over a connection that has seen nothing else.
      try (var channels = new Channels(Credentials.none())) {
        markers = write(client(channels, layout), writes);
      }
      cluster.stop(node.node(), END);
    }
    boolean whole = Pacing.await(END, ticker, () -> ended(trace, pid));
    if (!whole) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, trace + ": does not end with the node (expected: a whole trace)");
    }
    return SyncProof.of(SystemCallTrace.read(lines(trace)), LOG, port, markers);
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

  private static List<String> write(DocumentsGrpcClient client, int writes) {
    var markers = new ArrayList<String>();
    for (int i = 0; i < writes; i++) {
      var marker = "marker-%06d-marker".formatted(i);
      client.put("document-" + i, "{\"v\":\"" + marker + "\"}", OptionalLong.empty());
      markers.add(marker);
    }
    return markers;
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
