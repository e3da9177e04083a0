package dev.heddle.loadtest.measure;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;

/** CPU time of this process: load generator, compiler and garbage collector together. */
public final class ProcessCpu {
  private static final OperatingSystemMXBean SYSTEM =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private ProcessCpu() {}

  /** Nanoseconds since the process began; 0 where the platform does not tell. */
  public static long nanos() {
    return Math.max(0, SYSTEM.getProcessCpuTime());
  }

  static long machineMemory() {
    return SYSTEM.getTotalMemorySize();
  }
}
