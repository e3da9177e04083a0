package dev.heddle.loadtest.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Processor time of the whole machine since it started, as {@code /proc/stat} of Linux tells it.
 *
 * @param processors that are on line
 * @param busySeconds of all together, whoever used them
 * @param stolenSeconds that a hypervisor gave to others
 */
record SystemCpu(int processors, double busySeconds, double stolenSeconds) {
  private static final Path FILE = Path.of("/proc/stat");

  /** USER_HZ, which is 100 on every architecture that a JDK 25 runs on (proc_stat(5)). */
  private static final double TICKS_PER_SECOND = 100;

  private static final int IDLE = 3;
  private static final int IO_WAIT = 4;
  private static final int STEAL = 7;

  /** Empty where the system has no such file. */
  static Optional<SystemCpu> now() {
    try {
      return parse(Files.readAllLines(FILE));
    } catch (IOException e) {
      // Linux alone has this file; without it the load of the machine is not known.
      return Optional.empty();
    }
  }

  /** user nice system idle iowait irq softirq steal guest guest_nice; guests count as users. */
  static Optional<SystemCpu> parse(List<String> lines) {
    int processors = (int) lines.stream().filter(line -> line.matches("cpu\\d+ .*")).count();
    var sum = lines.stream().filter(line -> line.startsWith("cpu ")).findFirst();
    if (sum.isEmpty() || processors == 0) {
      return Optional.empty();
    }
    var ticks =
        Arrays.stream(sum.get().substring("cpu ".length()).strip().split(" +"))
            .mapToLong(Long::parseLong)
            .limit(STEAL + 1L)
            .toArray();
    if (ticks.length <= STEAL) {
      return Optional.empty();
    }
    long busy = Arrays.stream(ticks).sum() - ticks[IDLE] - ticks[IO_WAIT] - ticks[STEAL];
    return Optional.of(
        new SystemCpu(processors, busy / TICKS_PER_SECOND, ticks[STEAL] / TICKS_PER_SECOND));
  }
}
