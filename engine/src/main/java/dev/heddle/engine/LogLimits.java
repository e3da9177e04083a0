package dev.heddle.engine;

import dev.heddle.process.DataSize;

/**
 * How much of what functions write one node keeps.
 *
 * @param lines kept for one function
 * @param maxBytes kept for one function
 * @param maxTotal kept for all functions; those that wrote least lately lose theirs first
 * @param linesPerSecond that one function may write in the long run; more are lost, and counted
 * @param burst lines that it may write at once
 * @param followers readers of one node's logs at once
 * @param followQueue lines that may wait for a slow reader; more are lost to it, and counted
 */
public record LogLimits(
    int lines,
    DataSize maxBytes,
    DataSize maxTotal,
    int linesPerSecond,
    int burst,
    int followers,
    int followQueue) {
  public static final LogLimits DEFAULTS =
      new LogLimits(2_000, DataSize.ofMiB(1), DataSize.ofMiB(64), 2_000, 10_000, 64, 1_000);

  public LogLimits {
    EngineConfig.atLeast("lines", lines, 1);
    EngineConfig.atLeast("lines-per-second", linesPerSecond, 1);
    EngineConfig.atLeast("burst", burst, 1);
    EngineConfig.atLeast("followers", followers, 0);
    EngineConfig.atLeast("follow-queue", followQueue, 1);
  }
}
