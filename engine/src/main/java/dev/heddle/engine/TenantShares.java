package dev.heddle.engine;

import java.util.HashMap;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * What each tenant has of a node's places, memory and queue. Where there are several tenants, none
 * gets more than half of any of them, so that the others find room whatever it does. Guarded by the
 * lock of the {@link Dispatcher}.
 */
final class TenantShares {
  private static final int DEPTHS = InvocationScope.MAX_DEPTH + 1;

  /** What a tenant has. */
  private static final class Use {
    final int[] running = new int[DEPTHS];
    final long[] memory = new long[DEPTHS];
    int active;
    int queued;

    boolean none() {
      int all = active + queued;
      for (int each : running) {
        all += each;
      }
      return all == 0;
    }
  }

  private final int threads;
  private final int queue;
  private final long memory;
  private final ToLongFunction<String> queries;
  private final Map<String, Use> uses = new HashMap<>();
  private boolean several;

  /**
   * @param queries bytes that the queries of a tenant hold
   */
  TenantShares(EngineConfig config, ToLongFunction<String> queries) {
    this.queries = queries;
    this.threads = Math.max(1, config.invocationThreads() / 2);
    this.queue = Math.max(1, config.invocationQueue() / 2);
    this.memory = config.sandboxMemory().bytes() / 2;
  }

  void several(boolean now) {
    several = now;
  }

  /** Whether an event may get a place now; one at each depth may in any case. */
  boolean admits(Dispatcher.Task task) {
    var use = several ? uses.get(tenant(task)) : null;
    int depth = task.depth();
    return use == null
        || use.running[depth] == 0
        || (use.active < threads
            && use.running[depth] < threads
            && use.memory[depth] + queries.applyAsLong(tenant(task)) + task.version().reserves()
                <= memory);
  }

  /** Whether one more event may wait. */
  boolean admitsWaiting(Dispatcher.Task task) {
    var use = several ? uses.get(tenant(task)) : null;
    return use == null || use.queued < queue;
  }

  private static String tenant(Dispatcher.Task task) {
    return task.version().ref().tenant();
  }

  private Use use(String tenant) {
    return uses.computeIfAbsent(tenant, missing -> new Use());
  }

  private void forget(String tenant, Use use) {
    if (use.none()) {
      uses.remove(tenant);
    }
  }

  void queued(Dispatcher.Task task, int change) {
    var use = use(tenant(task));
    use.queued += change;
    forget(tenant(task), use);
  }

  void began(Dispatcher.Task task) {
    var use = use(tenant(task));
    use.active++;
    use.running[task.depth()]++;
    use.memory[task.depth()] += task.version().reserves();
  }

  void ended(Dispatcher.Task task) {
    var use = use(tenant(task));
    use.active--;
    use.running[task.depth()]--;
    use.memory[task.depth()] -= task.version().reserves();
    forget(tenant(task), use);
  }

  /** Of a task that runs and waits for others, or with 1 goes on. */
  void active(LoadedVersion version, int change) {
    use(version.ref().tenant()).active += change;
  }
}
