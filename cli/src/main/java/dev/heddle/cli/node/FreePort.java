package dev.heddle.cli.node;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A port for an address that leaves it open. It is chosen before anything listens, since roles that
 * are built first have to know it.
 *
 * <p>Chosen below the ports that systems give to clients: while a node is down, others try to
 * connect to it again and again, and such an attempt from the very port that it aims at would
 * connect to itself and keep the node out.
 */
public final class FreePort {
  private static final int FIRST = 10_000;
  private static final int LAST = 32_000;
  private static final int ATTEMPTS = 1_000;

  private FreePort() {}

  /** The address itself, or with a port that is free now in place of 0. */
  public static HostPort ifAny(HostPort address) {
    return address.port() != 0 ? address : any(address.host());
  }

  /**
   * A port of the host that is free now.
   *
   * @throws HeddleException UNAVAILABLE if there is none, or the host is not this machine
   */
  public static HostPort any(String host) {
    IOException last = new IOException("no free port");
    for (int i = 0; i < ATTEMPTS; i++) {
      HostPort address = new HostPort(host, ThreadLocalRandom.current().nextInt(FIRST, LAST));
      try {
        listen(address);
        return address;
      } catch (IOException e) {
        last = e;
      }
    }
    throw new HeddleException(
        ErrorCode.UNAVAILABLE, "address " + host + ": " + last.getMessage(), last);
  }

  /** Whether a server could listen there now. */
  public static boolean isFree(HostPort address) {
    try {
      listen(address);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void listen(HostPort address) throws IOException {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getByName(address.host()), address.port()), 1);
    }
  }
}
