package dev.heddle.loadtest.invoke;

import dev.heddle.loadtest.chaos.AtExit;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Google's functions framework for Java with an echo function, in a process of its own with the
 * same Java: what others need for the same. Ends with this process, or when closed.
 */
final class FunctionsFramework implements AutoCloseable {
  private static final Duration START = Duration.ofSeconds(60);
  private static final Duration LOOK = Duration.ofMillis(100);

  private final HostPort address;
  private final Process process;
  private final AtExit atExit;

  private FunctionsFramework(HostPort address, Process process) {
    this.address = address;
    this.process = process;
    this.atExit = AtExit.run("peer-at-exit", process::destroyForcibly);
  }

  /**
   * Starts it, and waits until it listens.
   *
   * @param directory takes its log
   * @throws HeddleException UNAVAILABLE if it does not listen in time
   */
  static FunctionsFramework start(
      FrameworkJar jar, Path directory, FreePorts ports, Ticker ticker) {
    var address = ports.next("127.0.0.1");
    var log = directory.resolve("peer.log");
    try {
      var process =
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xmx512m",
                  "-XX:+UseSerialGC",
                  "-jar",
                  jar.jar().toString(),
                  "--classpath",
                  jar.classes().toString(),
                  "--target",
                  FrameworkJar.TARGET,
                  "--port",
                  Integer.toString(address.port()))
              .redirectErrorStream(true)
              .redirectOutput(Redirect.to(log.toFile()))
              .start();
      var framework = new FunctionsFramework(address, process);
      if (!framework.listens(ticker)) {
        framework.close();
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, "functions framework: does not listen, see " + log);
      }
      return framework;
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "functions framework: " + e, e);
    }
  }

  private boolean listens(Ticker ticker) {
    long began = ticker.nanoTime();
    while (process.isAlive() && ticker.nanoTime() - began < START.toNanos()) {
      try (var _ = LoopConnection.open(address)) {
        return true;
      } catch (IOException e) {
        LockSupport.parkNanos(LOOK.toNanos());
      }
    }
    return false;
  }

  HostPort address() {
    return address;
  }

  List<Long> pids() {
    return List.of(process.pid());
  }

  @Override
  public void close() {
    atExit.cancel();
    var _ = process.destroyForcibly().onExit().join();
  }
}
