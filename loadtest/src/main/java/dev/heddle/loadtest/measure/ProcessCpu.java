package dev.heddle.loadtest.measure;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.UnixOperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Collection;

/** CPU time of processes: load generator, compiler and garbage collector together. */
public final class ProcessCpu {
  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private ProcessCpu() {}

  /** Nanoseconds since this process began; 0 where the platform does not tell. */
  public static long nanos() {
    return Math.max(0, SYSTEM.getProcessCpuTime());
  }

  /**
   * Nanoseconds that other processes of this user have used since they began, to some 10 ms; those
   * that are gone or do not tell count as 0.
   */
  public static long nanos(Collection<Long> processes) {
    return processes.stream()
        .flatMap(id -> ProcessHandle.of(id).stream())
        .flatMap(process -> process.info().totalCpuDuration().stream())
        .mapToLong(Duration::toNanos)
        .sum();
  }

  /** Files that this process may have open; 0 where the platform does not tell. */
  public static long maxDescriptors() {
    return SYSTEM instanceof UnixOperatingSystemMXBean unix ? unix.getMaxFileDescriptorCount() : 0;
  }

  static long machineMemory() {
    return SYSTEM.getTotalMemorySize();
  }
}
