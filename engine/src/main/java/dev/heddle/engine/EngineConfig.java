package dev.heddle.engine;

import com.sun.management.OperatingSystemMXBean;
import dev.heddle.process.DataSize;
import dev.heddle.process.DurationFormat;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;

/**
 * What running functions may take on one node.
 *
 * @param javaEnabled whether the java runtime, which is for trusted code only, may run; a node with
 *     API keys has it off unless its config says otherwise
 * @param invocationThreads handlers that run at once, besides those that wait for others: of these
 *     as many again for each level of calls within calls; platform threads, started as needed
 * @param invocationQueue events that may wait for room; more are refused with QUEUE_FULL
 * @param functionQueue events of one function that may wait for room
 * @param maxStuckThreads threads that passed their deadline and do not stop, for which the pool
 *     makes up with others; further ones take from {@code invocationThreads}
 * @param maxStuckThreadsPerVersion a version with so many is refused until some end
 * @param sandboxMemory sum of what sandboxes may hold; idle ones go when others need it
 * @param pauseAfter idle time after which a sandbox is paused
 * @param destroyAfter idle time after which it ends
 * @param idleInstances idle sandboxes of one version
 * @param idleVersions versions kept loaded while nothing runs them
 * @param maxVersions versions loaded at once, running or idle
 * @param maxPartial encoded partial answer of a scatter function
 * @param maxResult JSON answer of a function
 * @param maxPlatformMessage what a function asks of the platform or gets from it, each as JSON
 * @param maxPlatformCalls that one invocation may make
 * @param maxLog log of one invocation; the rest is cut
 * @param logs what is kept of logs
 * @param archive limits of deployed code
 * @param closeGrace how long running handlers may take to end when the node stops
 * @param scatterThreads steps of deployed scatter functions that run at once for requests on
 *     virtual threads, as at a coordinator; further ones wait until their deadline
 * @param idleCode what the code of versions may hold that nothing runs, as far as that is known
 * @param javaTenants whose code the java runtime runs, where it is on; empty: that of all tenants
 */
public record EngineConfig(
    boolean javaEnabled,
    int invocationThreads,
    int invocationQueue,
    int functionQueue,
    int maxStuckThreads,
    int maxStuckThreadsPerVersion,
    DataSize sandboxMemory,
    Duration pauseAfter,
    Duration destroyAfter,
    int idleInstances,
    int idleVersions,
    int maxVersions,
    DataSize maxPartial,
    DataSize maxResult,
    DataSize maxPlatformMessage,
    int maxPlatformCalls,
    DataSize maxLog,
    LogLimits logs,
    ArchiveLimits archive,
    Duration closeGrace,
    int scatterThreads,
    DataSize idleCode,
    List<String> javaTenants) {

  public EngineConfig {
    javaTenants = List.copyOf(javaTenants);
    atLeast("invocation-threads", invocationThreads, 1);
    atLeast("invocation-queue", invocationQueue, 0);
    atLeast("function-queue", functionQueue, 0);
    atLeast("max-stuck-threads", maxStuckThreads, 0);
    atLeast("max-stuck-threads-per-version", maxStuckThreadsPerVersion, 1);
    atLeast("idle-instances", idleInstances, 0);
    atLeast("idle-versions", idleVersions, 0);
    atLeast("max-versions", maxVersions, 1);
    atLeast("max-platform-calls", maxPlatformCalls, 0);
    atLeast("scatter-threads", scatterThreads, 1);
    if (!pauseAfter.isPositive() || destroyAfter.compareTo(pauseAfter) < 0) {
      throw new IllegalArgumentException(
          "pause-after, destroy-after: "
              + DurationFormat.format(pauseAfter)
              + ", "
              + DurationFormat.format(destroyAfter)
              + " (expected: > 0, and the second not below the first)");
    }
  }

  static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + least + ")");
    }
  }

  /** The same with the java runtime on or off. */
  public EngineConfig withJava(boolean enabled) {
    return new EngineConfig(
        enabled,
        invocationThreads,
        invocationQueue,
        functionQueue,
        maxStuckThreads,
        maxStuckThreadsPerVersion,
        sandboxMemory,
        pauseAfter,
        destroyAfter,
        idleInstances,
        idleVersions,
        maxVersions,
        maxPartial,
        maxResult,
        maxPlatformMessage,
        maxPlatformCalls,
        maxLog,
        logs,
        archive,
        closeGrace,
        scatterThreads,
        idleCode,
        javaTenants);
  }

  public static EngineConfig defaults() {
    return new EngineConfig(
        true,
        256,
        1_000,
        500,
        64,
        16,
        defaultMemory(),
        Duration.ofSeconds(10),
        Duration.ofMinutes(5),
        64,
        256,
        256,
        DataSize.ofMiB(16),
        DataSize.ofMiB(8),
        DataSize.ofMiB(1),
        10_000,
        DataSize.ofKiB(64),
        LogLimits.DEFAULTS,
        ArchiveLimits.DEFAULTS,
        Duration.ofSeconds(5),
        64,
        DataSize.ofBytes(Math.max(32 << 20, Runtime.getRuntime().maxMemory() / 8)),
        List.of());
  }

  /**
   * A quarter of the machine's memory, but no more than half of this process's heap, where most
   * sandboxes have theirs; in whole MiB.
   */
  private static DataSize defaultMemory() {
    var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    long quarter = system.getTotalMemorySize() >> 22;
    long half = Runtime.getRuntime().maxMemory() >> 21;
    return DataSize.ofMiB(Math.max(64, Math.min(quarter, half)));
  }
}
