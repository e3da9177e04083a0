package dev.heddle.engine;

/**
 * What a sandbox has used so far.
 *
 * @param invocations events that it took
 * @param cpuNanos CPU time of its code besides that of the threads that called {@link
 *     Sandbox#invoke}
 * @param memoryBytes that it holds now
 * @param peakMemoryBytes that it held at most
 */
public record SandboxStatistics(
    long invocations, long cpuNanos, long memoryBytes, long peakMemoryBytes) {
  /** Of a sandbox that nobody meters. */
  public static final SandboxStatistics NONE = new SandboxStatistics(0, 0, 0, 0);
}
