package dev.heddle.loadtest.chaos;

import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A system call, as strace saw it.
 *
 * @param thread that called
 * @param target what the descriptor stands for: a path, or {@code TCP:[local->remote]}
 * @param data bytes that were handed over, in whole unless {@code truncated}; not changed
 * @param truncated whether strace did not show all of the data
 * @param result what the call returned; empty: it failed, or the trace ends before
 * @param begun number of the trace's line at which it was called, from 1
 * @param ended number of the line at which it returned; greater than any if it did not
 * @param begunMicros when it was called, by the machine's clock; 0: not told
 * @param endedMicros when it returned; greater than any if it did not, or that is not told
 */
record SystemCall(
    long thread,
    String name,
    String target,
    byte[] data,
    boolean truncated,
    OptionalInt result,
    int begun,
    int ended,
    long begunMicros,
    long endedMicros) {
  private static final Set<String> WRITES =
      Set.of("write", "writev", "pwrite64", "pwritev", "pwritev2", "sendto", "sendmsg");

  private static final Pattern TCP = Pattern.compile("TCP(?:v6)?:\\[.*:(\\d+)->.*:(\\d+)]");

  /** The two ends of a connection. */
  record Ports(int local, int remote) {}

  boolean succeeded() {
    return result.isPresent();
  }

  /** Whether it hands bytes over. */
  boolean writes() {
    return WRITES.contains(name);
  }

  /** Whether it makes a file durable. */
  boolean syncs() {
    return name.equals("fsync") || name.equals("fdatasync");
  }

  /** Of a connection; empty for anything else. */
  Optional<Ports> ports() {
    Matcher tcp = TCP.matcher(target);
    return tcp.matches()
        ? Optional.of(new Ports(Integer.parseInt(tcp.group(1)), Integer.parseInt(tcp.group(2))))
        : Optional.empty();
  }
}
