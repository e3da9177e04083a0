package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.measure.ProcessCpu;
import dev.heddle.process.HeddleException;
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
      members.add(new Member(door, log));
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
    return members.stream().mapToInt(member -> member.generator.number("alive")).sum();
  }

  @Override
  public void close() {
    members.forEach(member -> member.generator.close());
  }

  private static final class Member {
    private final Generator generator;
    private int sockets;

    Member(Door door, Path log) {
      var arguments = new ArrayList<>(List.of(door.address().toString(), door.path()));
      door.protocol().ifPresent(arguments::add);
      this.generator = Generator.start(FleetMain.class, arguments, log);
    }

    void open(int some) {
      sockets = generator.number("open " + some);
    }
  }
}
