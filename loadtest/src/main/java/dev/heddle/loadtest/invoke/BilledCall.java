package dev.heddle.loadtest.invoke;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashMap;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a computing handler measured of itself beside what it was billed.
 *
 * @param own by the handler's own clock
 * @param ownCpu by the clock of the handler's thread
 * @param active billed
 * @param cpu billed
 * @param charge billed: active time by the memory cap in MiB
 */
record BilledCall(long own, long ownCpu, long active, long cpu, long charge) {
  static final BilledCall NONE = new BilledCall(0, 0, 0, 0, 0);

  /**
   * Reads a reply.
   *
   * @param bill the value of its header {@code Heddle-Bill}
   */
  static BilledCall of(byte[] body, String bill) {
    var reply = JsonMapper.shared().readTree(body);
    var billed = figures(bill);
    return new BilledCall(
        reply.path("nanos").asLong(),
        reply.path("cpuNanos").asLong(),
        figure(billed, "active", bill),
        figure(billed, "cpu", bill),
        figure(billed, "memory", bill));
  }

  /**
   * Reads a bill alone.
   *
   * @param bill the value of the header {@code Heddle-Bill}
   */
  static BilledCall of(String bill) {
    var billed = figures(bill);
    return new BilledCall(
        0,
        0,
        figure(billed, "active", bill),
        figure(billed, "cpu", bill),
        figure(billed, "memory", bill));
  }

  private static Map<String, Long> figures(String bill) {
    var figures = new HashMap<String, Long>();
    for (var part : bill.split(";", -1)) {
      var pair = part.split("=", 2);
      if (pair.length == 2 && pair[1].matches("[0-9]{1,18}")) {
        figures.put(pair[0], Long.parseLong(pair[1]));
      }
    }
    return figures;
  }

  private static long figure(Map<String, Long> figures, String name, String bill) {
    var value = figures.get(name);
    if (value == null) {
      throw new HeddleException(ErrorCode.INTERNAL, "bill: " + bill + " (expected: " + name + ")");
    }
    return value;
  }

  BilledCall plus(BilledCall other) {
    return new BilledCall(
        own + other.own,
        ownCpu + other.ownCpu,
        active + other.active,
        cpu + other.cpu,
        charge + other.charge);
  }
}
