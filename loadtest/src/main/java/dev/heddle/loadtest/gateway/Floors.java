package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** How bare servers of this build run: with what clusters' processes have, but nothing else. */
final class Floors {
  private Floors() {}

  /** Starts the class's main method with a port, and waits until it listens there. */
  static ServerProcess start(
      String name, Class<?> main, Path directory, FreePorts ports, Ticker ticker) {
    var at = ports.next("127.0.0.1");
    return ServerProcess.start(
        ServerProcess.Plan.java(
            name,
            List.of(
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-XX:+UseCompactObjectHeaders",
                main.getName(),
                Integer.toString(at.port())),
            System.getProperty("java.class.path"),
            directory.resolve(name + ".log"),
            at),
        ticker);
  }

  /** In a bare server: returns when the one who started it has ended. */
  static void awaitEndOfInput() throws IOException {
    while (System.in.read() >= 0) {
      // Nothing is sent.
    }
  }
}
