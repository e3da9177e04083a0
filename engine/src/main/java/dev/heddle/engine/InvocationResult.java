package dev.heddle.engine;

import dev.heddle.catalog.PositionToken;
import dev.heddle.process.HeddleException;
import java.time.Duration;

/** What an invocation came to, and what it spent: failed ones have a bill, too. */
public sealed interface InvocationResult {
  /**
   * With those of the queries and functions that it called, not priced. Active time runs from the
   * moment its sandbox was ready until the reply was there, without the time in which it was
   * parked: while it waited for others, they ran on bills of their own.
   */
  Bill bill();

  /** What whoever called has seen by now, besides what it had seen before. */
  PositionToken positions();

  /**
   * The reply as JSON text in UTF-8.
   *
   * @throws HeddleException what it failed with
   */
  byte[] json();

  /** The handler's answer. */
  record Reply(byte[] json, Bill bill, PositionToken positions) implements InvocationResult {}

  /**
   * There is no answer.
   *
   * @param started false: none of the function's code ran, so that the event may be tried elsewhere
   * @param retryAfter where there was no room for it: about when there may be; else zero
   */
  record Failed(
      HeddleException why, boolean started, Duration retryAfter, Bill bill, PositionToken positions)
      implements InvocationResult {
    @Override
    public byte[] json() {
      throw why;
    }
  }
}
