package dev.heddle.coordinator.plan;

/**
 * How busy a node last said it was.
 *
 * @param queueLength calls that wait for its compute threads
 * @param serviceMicros mean time of late calls; 0: not known
 * @param heardNanos when it was told, by the coordinator's ticker
 */
public record NodeLoad(int queueLength, long serviceMicros, long heardNanos) {}
