package dev.heddle.cli.demo;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What a person may choose about the demo.
 *
 * @param sample which application
 * @param port of HTTP
 * @param grpcPort of the public gRPC services
 * @param leaves leaf processes; 0: all roles in one process
 * @param data absolute
 * @param corpus instead of the default corpus
 */
record DemoOptions(
    DemoSample sample,
    int port,
    int grpcPort,
    int leaves,
    int shards,
    Path data,
    Optional<Path> corpus) {
  private static final int MAX_LEAVES = 64;
  private static final int MAX_SHARDS = 1_024;

  /** With two there is no majority without either: no gain over one. */
  private static final int REPLICAS = 3;

  DemoOptions {
    check("--port", port, 1, 65_535);
    check("--grpc-port", grpcPort, 1, 65_535);
    check("--leaves", leaves, 0, MAX_LEAVES);
    check("--shards", shards, 1, MAX_SHARDS);
    if (port == grpcPort) {
      throw new IllegalArgumentException(
          "--grpc-port: " + grpcPort + " (expected: another one than --port)");
    }
    if (sample.gateways() > 1) {
      check("port of the second gateway", Math.max(port, grpcPort) + 1, 1, 65_535);
    }
    if (sample != DemoSample.SEARCH && corpus.isPresent()) {
      throw new IllegalArgumentException(
          "--corpus: " + corpus.get() + " (expected: none, as this sample has no corpus)");
    }
  }

  /** HTTP of the second gateway, if the sample has one. */
  OptionalInt secondPort() {
    return sample.gateways() > 1
        ? OptionalInt.of(Math.max(port, grpcPort) + 1)
        : OptionalInt.empty();
  }

  /** Copies of each shard of the dataset. */
  int replicas() {
    return leaves >= REPLICAS ? REPLICAS : 1;
  }

  String url() {
    return "http://localhost:" + port;
  }

  /**
   * The second gateway's, if there is one. By another name of this machine, so that its cookies are
   * others: who opens both is two visitors.
   */
  Optional<String> secondUrl() {
    return secondPort().stream().mapToObj(second -> "http://127.0.0.1:" + second).findFirst();
  }

  private static void check(String name, int value, int from, int to) {
    if (value < from || value > to) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + from + ".." + to + ")");
    }
  }
}
