package dev.heddle.engine;

import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.Ticker;

/** What all invocations of an engine share. */
record InvocationKit(
    EngineConfig config,
    Platform platform,
    Dispatcher dispatcher,
    DeadlineTimer timer,
    Ticker ticker,
    EngineMetrics metrics) {
  Failures failures(FunctionRef ref, Deadline deadline) {
    return new Failures(ref.label(), ErrorCode.FUNCTION_REJECTED, deadline, ticker);
  }
}
