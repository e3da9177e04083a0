package dev.heddle.engine;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.function.DoubleSupplier;

/** How busy the processors are that this process may use. */
final class MachineLoad {
  private MachineLoad() {}

  /** 0..1 since it was last asked for; negative: unknown. */
  static DoubleSupplier ofThisOne() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
        ? system::getCpuLoad
        : () -> -1;
  }
}
