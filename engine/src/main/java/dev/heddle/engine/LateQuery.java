package dev.heddle.engine;

import java.util.concurrent.TimeUnit;

/**
 * Whether the code of one query is still at work well after its deadline, when it was told to stop:
 * then it counts among the {@link LoadedVersion#stuck} of its version, of which there may be only a
 * few, for as long as it is. Safe for any thread.
 */
final class LateQuery {
  /** After the deadline; what stops at all has stopped by then. */
  static final long GRACE_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final LoadedVersion version;
  private final InvocationLog log;
  private boolean over;
  private boolean stuck;

  LateQuery(LoadedVersion version, InvocationLog log) {
    this.version = version;
    this.log = log;
  }

  /** Call it after the deadline and its grace. */
  synchronized void look() {
    if (!over) {
      stuck = true;
      version.stuck().incrementAndGet();
      log.append("heddle: this query's code has not stopped at its deadline and keeps a thread");
    }
  }

  /** Its code has ended. A second call does nothing. */
  synchronized void end() {
    over = true;
    if (stuck) {
      stuck = false;
      version.stuck().decrementAndGet();
    }
  }
}
