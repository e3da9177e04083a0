package dev.heddle.loadtest.invoke;

import dev.heddle.function.Context;
import dev.heddle.function.Event;
import dev.heddle.function.Handler;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Map;

/**
 * Does {@code steps} of fixed work, and replies with what its own clocks say that this took: {@code
 * nanos} and, of the thread, {@code cpuNanos}.
 */
public final class SpinHandler implements Handler {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  @Override
  public Object handle(Event event, Context context) {
    long began = System.nanoTime();
    long cpuBegan = THREADS.getCurrentThreadCpuTime();
    long steps = event.object().integer("steps", 0, 0, Long.MAX_VALUE);
    long result = FixedWork.run(steps);
    long cpu = THREADS.getCurrentThreadCpuTime() - cpuBegan;
    return Map.of("cpuNanos", cpu, "nanos", System.nanoTime() - began, "result", result);
  }
}
