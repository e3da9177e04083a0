package dev.heddle.engine;

import dev.heddle.function.Context;
import dev.heddle.process.Deadline;

/**
 * One invocation, as its sandbox sees it.
 *
 * @param context what the code may do: typed, for code in this process
 * @param platform the same for code that speaks JSON
 * @param deadline after which the platform interrupts it
 */
public record Call(Context context, PlatformCalls platform, Deadline deadline) {}
