package dev.heddle.loadtest.peer;

import dev.heddle.loadtest.chaos.AtExit;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;

/**
 * A server that is not of this project, in a process of its own that ends when it is closed, and
 * with this process. Its input is a pipe from here.
 */
public final class ServerProcess implements AutoCloseable {
  private static final Duration START = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofMillis(100);
  private static final int CONNECT_MILLIS = 1_000;

  private final HostPort address;
  private final Process process;
  private final AtExit atExit;

  private ServerProcess(HostPort address, Process process) {
    this.address = address;
    this.process = process;
    this.atExit = AtExit.run("peer-at-exit", process::destroyForcibly);
  }

  /**
   * What is started.
   *
   * @param name for messages
   * @param command the program and its arguments
   * @param environment added to that of this process
   * @param log takes what it says
   * @param address where it listens when it is up
   */
  public record Plan(
      String name,
      List<String> command,
      Map<String, String> environment,
      Path log,
      HostPort address) {
    public Plan {
      command = List.copyOf(command);
      environment = Map.copyOf(environment);
    }

    /** A class on a class path, with the Java of this process. */
    public static Plan java(
        String name, List<String> flagsMainAndArguments, String classPath, Path log, HostPort at) {
      var command = new ArrayList<String>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(flagsMainAndArguments);
      return new Plan(name, command, Map.of("CLASSPATH", classPath), log, at);
    }
  }

  /**
   * Starts it, and waits until it listens.
   *
   * @throws HeddleException UNAVAILABLE if it does not in two minutes
   */
  public static ServerProcess start(Plan plan, Ticker ticker) {
    try {
      var builder =
          new ProcessBuilder(plan.command())
              .redirectInput(Redirect.PIPE)
              .redirectErrorStream(true)
              .redirectOutput(Redirect.to(plan.log().toFile()));
      builder.environment().putAll(plan.environment());
      var server = new ServerProcess(plan.address(), builder.start());
      if (!server.listens(ticker)) {
        server.close();
        throw new HeddleException(
            ErrorCode.UNAVAILABLE, plan.name() + ": does not listen, see " + plan.log());
      }
      return server;
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, plan.name() + ": " + e, e);
    }
  }

  private boolean listens(Ticker ticker) {
    long began = ticker.nanoTime();
    while (process.isAlive() && ticker.nanoTime() - began < START.toNanos()) {
      try (var socket = new Socket()) {
        socket.connect(new InetSocketAddress(address.host(), address.port()), CONNECT_MILLIS);
        return true;
      } catch (IOException e) {
        LockSupport.parkNanos(LOOK.toNanos());
      }
    }
    return false;
  }

  public HostPort address() {
    return address;
  }

  /** Of this process and those that it has started. */
  public List<Long> pids() {
    return Stream.concat(Stream.of(process.pid()), process.descendants().map(ProcessHandle::pid))
        .toList();
  }

  @Override
  public void close() {
    atExit.cancel();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    var _ = process.destroyForcibly().onExit().join();
  }
}
