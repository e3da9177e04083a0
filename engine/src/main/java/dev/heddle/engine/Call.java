package dev.heddle.engine;

import dev.heddle.function.Context;
import dev.heddle.process.Deadline;
import java.util.function.BooleanSupplier;

/**
 * One invocation, as its sandbox sees it.
 *
 * @param context what the code may do: typed, for code in this process
 * @param platform the same for code that speaks JSON
 * @param deadline after which the platform interrupts it
 * @param abandoned whether nobody waits for the answer any more; set before the sandbox is
 *     interrupted on that account, and read without a lock
 */
public record Call(
    Context context, PlatformCalls platform, Deadline deadline, BooleanSupplier abandoned) {
  /** One that somebody waits for in any case. */
  public Call(Context context, PlatformCalls platform, Deadline deadline) {
    this(context, platform, deadline, () -> false);
  }
}
