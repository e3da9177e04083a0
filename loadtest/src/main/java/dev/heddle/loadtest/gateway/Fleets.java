package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.chaos.AtExit;
import dev.heddle.loadtest.measure.ProcessCpu;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Sockets held by processes beside this one, as few as may have so many open files. Owned by one
 * thread; they end when it is closed, and with this process.
 */
final class Fleets implements AutoCloseable {
  private final List<Member> members = new ArrayList<>();
  private final int each;

  /**
   * @param sockets that are going to be opened
   */
  Fleets(Door door, int sockets, Path log) {
    long most = ProcessCpu.maxDescriptors();
    this.each =
        most == 0 ? sockets : Math.toIntExact(Math.max(1, most - SocketFleet.OTHER_DESCRIPTORS));
    int processes = Math.ceilDiv(sockets, each);
    for (int i = 0; i < processes; i++) {
      members.add(Member.start(door, log));
    }
  }

  int processes() {
    return members.size();
  }

  /**
   * Opens more, as many in each process as it may have, one process after the other.
   *
   * @throws HeddleException UNAVAILABLE if the server does not take them all
   */
  void open(int more) {
    int left = more;
    for (var member : members) {
      int some = Math.min(left, each - member.sockets);
      if (some > 0) {
        member.open(some);
        left -= some;
      }
    }
  }

  /** Those that answer a ping within a minute. */
  int alive() {
    return members.stream().mapToInt(member -> member.ask("alive")).sum();
  }

  @Override
  public void close() {
    members.forEach(Member::end);
  }

  private static final class Member {
    private final Process process;
    private final Writer out;
    private final BufferedReader in;
    private final AtExit atExit;
    private int sockets;

    private Member(Process process) {
      this.process = process;
      this.out = process.outputWriter(UTF_8);
      this.in = new BufferedReader(new InputStreamReader(process.getInputStream(), UTF_8));
      this.atExit = AtExit.run("fleet-at-exit", process::destroyForcibly);
    }

    static Member start(Door door, Path log) {
      var command = new ArrayList<String>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(List.of("-Xmx512m", "-XX:+UseSerialGC", FleetMain.class.getName()));
      command.addAll(List.of(door.address().toString(), door.path()));
      door.protocol().ifPresent(command::add);
      var builder = new ProcessBuilder(command).redirectError(Redirect.appendTo(log.toFile()));
      builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
      try {
        return new Member(builder.start());
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "generator: " + e, e);
      }
    }

    void open(int some) {
      sockets = ask("open " + some);
    }

    int ask(String command) {
      try {
        out.write(command + "\n");
        out.flush();
        for (var line = in.readLine(); line != null; line = in.readLine()) {
          if (line.startsWith(FleetMain.ANSWER)) {
            return number(command, line.substring(FleetMain.ANSWER.length()));
          }
        }
        throw new HeddleException(ErrorCode.UNAVAILABLE, "generator: " + command + ": it ended");
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "generator: " + command + ": " + e, e);
      }
    }

    private static int number(String command, String answer) {
      if (answer.matches("\\d+")) {
        return Integer.parseInt(answer);
      }
      throw new HeddleException(ErrorCode.UNAVAILABLE, "generator: " + command + ": " + answer);
    }

    void end() {
      atExit.cancel();
      var _ = process.destroyForcibly().onExit().join();
    }
  }
}
