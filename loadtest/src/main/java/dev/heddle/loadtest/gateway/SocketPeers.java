package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.measure.ProcessCpu;
import dev.heddle.loadtest.peer.Nchan;
import dev.heddle.loadtest.peer.NodeWebSockets;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Starts the servers that gateways are compared with.
 *
 * @param directory takes their logs
 * @param packages keeps what npm fetches, for later runs
 */
record SocketPeers(
    BenchOptions options,
    Path directory,
    Path packages,
    FreePorts ports,
    Ticker ticker,
    Findings findings) {
  static final List<Peer> ALL = List.of(Peer.NETTY, Peer.JETTY, Peer.WS, Peer.NCHAN);

  private static final long SOME_DESCRIPTORS = 1_024;

  /** A peer that runs. */
  record Running(ServerProcess process, SocketServer server) implements AutoCloseable {
    @Override
    public void close() {
      process.close();
    }
  }

  /**
   * Starts a peer, if it is wanted.
   *
   * @throws HeddleException UNAVAILABLE if it was asked for by name and cannot be had
   */
  Optional<Running> start(Peer peer) throws InterruptedException {
    return options.peers().start(peer, () -> running(peer), findings::note);
  }

  private Running running(Peer peer) throws InterruptedException {
    var folder = folder(peer.label());
    return switch (peer) {
      case NETTY ->
          running(peer, NettySocketFloor.start(folder, ports, ticker), "/ws/echo", "/ws/sub");
      case JETTY -> running(peer, JettySocketFloor.start(folder, ports, ticker), "/echo", "/sub");
      case WS ->
          running(peer, NodeWebSockets.start(packages, folder, ports, ticker), "/echo", "/sub");
      case NCHAN -> {
        long most = Math.max(SOME_DESCRIPTORS, ProcessCpu.maxDescriptors());
        yield running(peer, Nchan.start(folder, most, ports, ticker), "/echo/%i", "/sub");
      }
      default -> throw new IllegalArgumentException(peer + " (expected: one of " + ALL + ")");
    };
  }

  private static Running running(Peer peer, ServerProcess process, String echo, String subscribe) {
    return new Running(process, SocketServer.of(peer.label(), process, echo, subscribe));
  }

  private Path folder(String name) {
    try {
      return Files.createTempDirectory(Files.createDirectories(directory), name + "-");
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, directory + ": " + e, e);
    }
  }
}
