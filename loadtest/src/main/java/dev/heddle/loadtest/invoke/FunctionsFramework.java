package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Google's functions framework for Java with one function, in a process of its own with the same
 * Java: what others need for the same.
 */
final class FunctionsFramework {
  private FunctionsFramework() {}

  /**
   * Starts it, and waits until it listens.
   *
   * @param directory takes its log
   * @throws dev.heddle.process.HeddleException UNAVAILABLE if it does not listen in time
   */
  static ServerProcess start(FrameworkJar jar, Path directory, FreePorts ports, Ticker ticker) {
    var address = ports.next("127.0.0.1");
    var command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx512m",
            "-XX:+UseSerialGC",
            "-jar",
            jar.jar().toString(),
            "--classpath",
            jar.classes().toString(),
            "--target",
            jar.target(),
            "--port",
            Integer.toString(address.port()));
    var log = directory.resolve("peer.log");
    return ServerProcess.start(
        new ServerProcess.Plan("functions framework", command, Map.of(), log, address), ticker);
  }
}
