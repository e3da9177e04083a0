package dev.heddle.leaf;

import dev.heddle.function.Bound;
import dev.heddle.leaf.Settlements.Attempt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The calls that wait or run here, to be told what others find. Safe for many threads. */
final class RunningCalls {
  private final ConcurrentMap<Call, SharedBar> bars = new ConcurrentHashMap<>();

  private record Call(String tenant, Attempt attempt) {}

  /** One of the calls; close it when the call has ended. */
  final class Entry implements AutoCloseable {
    private final Call call;
    private final SharedBar bar;

    private Entry(Call call, SharedBar bar) {
      this.call = call;
      this.bar = bar;
    }

    SharedBar bar() {
      return bar;
    }

    @Override
    public void close() {
      bars.remove(call, bar);
    }
  }

  /** A call came. */
  Entry enter(String tenant, Attempt attempt, Bound bar) {
    var call = new Call(tenant, attempt);
    var shared = new SharedBar(bar);
    bars.put(call, shared);
    return new Entry(call, shared);
  }

  /** Others found more; nothing happens where there is no such call. */
  void raise(String tenant, Attempt attempt, Bound bar) {
    var shared = bars.get(new Call(tenant, attempt));
    if (shared != null) {
      shared.raise(bar);
    }
  }

  /** Calls that wait or run. */
  int size() {
    return bars.size();
  }
}
