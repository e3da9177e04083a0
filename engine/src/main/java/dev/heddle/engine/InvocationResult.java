package dev.heddle.engine;

/**
 * What a handler answered, and what that took.
 *
 * @param json the reply as JSON text in UTF-8
 * @param activeNanos from the moment a thread took the event until the reply was encoded
 * @param cpuNanos CPU time of that thread in between
 * @param queueNanos waiting for that thread
 * @param memoryCap of the version, in bytes
 */
public record InvocationResult(
    byte[] json, long activeNanos, long cpuNanos, long queueNanos, long memoryCap) {}
