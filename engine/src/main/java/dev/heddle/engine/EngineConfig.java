package dev.heddle.engine;

import dev.heddle.process.DataSize;
import java.time.Duration;

/**
 * What running functions may take on one node.
 *
 * @param javaEnabled whether the java runtime, which is for trusted code only, may run
 * @param invocationThreads platform threads that run handlers; started as needed
 * @param invocationQueue events that may wait for a thread; more are refused with QUEUE_FULL
 * @param maxStuckThreads threads that passed their deadline and do not stop, for which the pool
 *     makes up with others; further ones take from {@code invocationThreads}
 * @param maxStuckThreadsPerVersion a version with so many is refused until some end
 * @param idleInstances handler instances kept warm for each version
 * @param idleVersions versions kept loaded while nothing runs them
 * @param maxVersions versions loaded at once, running or idle
 * @param maxPartial encoded partial answer of a scatter function
 * @param maxResult JSON answer of a function
 * @param maxLog log of one invocation; the rest is cut
 * @param jar limits of a jar
 * @param closeGrace how long running handlers may take to end when the node stops
 */
public record EngineConfig(
    boolean javaEnabled,
    int invocationThreads,
    int invocationQueue,
    int maxStuckThreads,
    int maxStuckThreadsPerVersion,
    int idleInstances,
    int idleVersions,
    int maxVersions,
    DataSize maxPartial,
    DataSize maxResult,
    DataSize maxLog,
    JarLimits jar,
    Duration closeGrace) {

  public EngineConfig {
    atLeast("invocation-threads", invocationThreads, 1);
    atLeast("invocation-queue", invocationQueue, 0);
    atLeast("max-stuck-threads", maxStuckThreads, 0);
    atLeast("max-stuck-threads-per-version", maxStuckThreadsPerVersion, 1);
    atLeast("idle-instances", idleInstances, 0);
    atLeast("idle-versions", idleVersions, 0);
    atLeast("max-versions", maxVersions, 1);
  }

  private static void atLeast(String name, int value, int least) {
    if (value < least) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: >= " + least + ")");
    }
  }

  public static EngineConfig defaults() {
    return new EngineConfig(
        true,
        256,
        1_000,
        64,
        16,
        64,
        16,
        256,
        DataSize.ofMiB(16),
        DataSize.ofMiB(8),
        DataSize.ofKiB(64),
        JarLimits.DEFAULTS,
        Duration.ofSeconds(5));
  }
}
