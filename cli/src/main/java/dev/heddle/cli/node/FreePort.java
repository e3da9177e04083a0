package dev.heddle.cli.node;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;

/**
 * A port for an address that leaves it open. It is chosen before anything listens, since roles that
 * are built first have to know it.
 */
final class FreePort {
  private FreePort() {}

  static HostPort ifAny(HostPort address) {
    if (address.port() != 0) {
      return address;
    }
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getByName(address.host()))) {
      return address.withPort(any.getLocalPort());
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, "address " + address + ": " + e.getMessage(), e);
    }
  }
}
