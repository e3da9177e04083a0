package dev.heddle.process.testing;

import dev.heddle.process.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Loopback ports for tests that have to know one before anything listens there, or that listen
 * there again after a while.
 *
 * <p>They lie below the ports that systems give to clients: while a node is down, one of those
 * could be given to a connection of another test, or to an attempt to connect to that very port.
 * Each test process begins elsewhere, and hands out none twice, so that two that run at the same
 * time do not get the same.
 */
public final class Ports {
  private static final int FIRST = 10_000;
  private static final int COUNT = 22_000;

  /** More than any test process takes, so that neighbouring process ids do not meet. */
  private static final long STRIDE = 397;

  private static final AtomicInteger NEXT =
      new AtomicInteger((int) (ProcessHandle.current().pid() * STRIDE % COUNT));

  private Ports() {}

  /** One that is free now. */
  public static HostPort free() {
    for (int i = 0; i < COUNT; i++) {
      int port = FIRST + Math.floorMod(NEXT.getAndIncrement(), COUNT);
      if (isFree(port)) {
        return new HostPort("127.0.0.1", port);
      }
    }
    throw new AssertionError("free ports: none (expected: one of " + FIRST + " and up)");
  }

  /** Whether a server could listen there now. */
  public static boolean isFree(int port) {
    try (var socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port), 1);
      return true;
    } catch (IOException e) {
      return false;
    }
  }
}
