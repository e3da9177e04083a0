package dev.heddle.gateway.session;

import dev.heddle.process.HostPort;
import java.time.Duration;
import java.util.List;

/**
 * This node's member of the grid that holds sessions.
 *
 * @param address where the member listens; port 0 takes any free one, which only suits a grid of
 *     one
 * @param members addresses of all gateway nodes' members, this one's may be among them; empty: a
 *     grid of one
 * @param joinTimeout how long a starting member looks for the others, 1s..5m
 */
public record GridConfig(HostPort address, List<String> members, Duration joinTimeout) {
  public GridConfig {
    members = List.copyOf(members);
    members.forEach(HostPort::parse);
    if (joinTimeout.compareTo(Duration.ofSeconds(1)) < 0
        || joinTimeout.compareTo(Duration.ofMinutes(5)) > 0) {
      throw new IllegalArgumentException(
          "join-timeout: " + joinTimeout + " (expected: 1s..5m, as in 10s)");
    }
  }

  /** The members besides this one. */
  List<String> others() {
    return members.stream().filter(member -> !member.equals(address.toString())).toList();
  }

  /** The documented defaults. */
  public static GridConfig defaults() {
    return new GridConfig(new HostPort("127.0.0.1", 0), List.of(), Duration.ofSeconds(10));
  }
}
