package dev.heddle.loadtest.measure;

import java.util.regex.Pattern;

/**
 * What coordinators have billed, by their own meters ({@code heddle_coordinator_billed_…}): of
 * queries, and of handlers that were called from outside.
 *
 * @param activeSeconds in which code ran for requests
 * @param cpuSeconds of the threads that ran it
 * @param memoryMibSeconds active time by memory caps
 * @param cost by the rate card
 */
public record Billing(
    double activeSeconds, double cpuSeconds, double memoryMibSeconds, double cost) {
  public static final Billing NONE = new Billing(0, 0, 0, 0);

  private static final Pattern LINE =
      Pattern.compile("(?m)^heddle_coordinator_billed_([a-z_]+?)_total\\{[^}]*} ([0-9.eE+-]+)$");

  /** Reads what {@code /metrics} says; nothing where no coordinator is. */
  public static Billing parse(String metrics) {
    var sum = NONE;
    var lines = LINE.matcher(metrics);
    while (lines.find()) {
      double value = Double.parseDouble(lines.group(2));
      sum =
          sum.plus(
              switch (lines.group(1)) {
                case "active_seconds" -> new Billing(value, 0, 0, 0);
                case "cpu_seconds" -> new Billing(0, value, 0, 0);
                case "memory_mib_seconds" -> new Billing(0, 0, value, 0);
                case "cost" -> new Billing(0, 0, 0, value);
                default -> NONE;
              });
    }
    return sum;
  }

  public Billing plus(Billing other) {
    return new Billing(
        activeSeconds + other.activeSeconds,
        cpuSeconds + other.cpuSeconds,
        memoryMibSeconds + other.memoryMibSeconds,
        cost + other.cost);
  }

  public Billing minus(Billing other) {
    return new Billing(
        activeSeconds - other.activeSeconds,
        cpuSeconds - other.cpuSeconds,
        memoryMibSeconds - other.memoryMibSeconds,
        cost - other.cost);
  }

  /** Whether anything was billed. */
  public boolean any() {
    return activeSeconds > 0;
  }
}
