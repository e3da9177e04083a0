package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.HostPort;
import java.util.List;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * A server of WebSockets.
 *
 * @param pids of its processes
 * @param echo where the client of a number has its frames sent back
 * @param subscribe where frames are published to
 */
record SocketServer(
    String name,
    HostPort address,
    Supplier<List<Long>> pids,
    IntFunction<Door> echo,
    Door subscribe) {
  static SocketServer of(String name, ServerProcess process, String echo, String subscribe) {
    var at = process.address();
    return new SocketServer(
        name,
        at,
        process::pids,
        number -> Door.plain(at, echo.replace("%i", Integer.toString(number))),
        Door.plain(at, subscribe));
  }
}
