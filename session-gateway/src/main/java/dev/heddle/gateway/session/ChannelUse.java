package dev.heddle.gateway.session;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * What the channels weigh that this member owns, in all and by tenant. Steps count what they do;
 * now and then everything is counted anew, as channels also come from other members, go to them and
 * are forgotten. Thread-safe.
 */
final class ChannelUse {
  /** Where steps find it in the member's context. */
  static final String CONTEXT = "channel-use";

  /** Of what is allowed: beyond, room is made, down to the second. */
  private static final double CROWDED = 0.9;

  private static final double ROOMY = 0.8;

  /** Channels that weigh no more forget last: there is little to gain. */
  private static final long SMALL = ChannelEntry.OWN_WEIGHT + 1_024;

  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock, as what follows. */
  private ChannelBounds bounds = ChannelBounds.NONE;

  private Map<String, Used> tenants = new HashMap<>();
  private Used all = new Used();

  /** What has come since a count began; null: none is on its way. */
  private @Nullable Map<String, Used> came;

  /** Of one tenant, or all. */
  private static final class Used {
    private long weight;
    private int spoken;
    private int silent;

    void add(long more, int moreSpoken, int moreSilent) {
      weight += more;
      spoken += moreSpoken;
      silent += moreSilent;
    }
  }

  /**
   * A channel that was weighed.
   *
   * @param newestMillis of the newest message that it keeps; 0: it keeps none
   * @param spoken whether there ever was a message
   */
  record Weighed(String key, long weight, long newestMillis, boolean spoken) {
    String tenant() {
      return ChannelKey.of(key).tenant();
    }
  }

  void bounds(ChannelBounds now) {
    lock.lock();
    try {
      bounds = now;
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that all channels take which this member owns, roughly. */
  long weight() {
    lock.lock();
    try {
      return all.weight;
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that a tenant's channels may yet take; negative: too many by so many. */
  long room(String tenant) {
    lock.lock();
    try {
      return Math.min(bounds.bytes() - all.weight, bounds.tenantBytes() - of(tenant).weight);
    } finally {
      lock.unlock();
    }
  }

  /** Why a tenant may not have another channel; empty: it may. */
  String refusal(String tenant, boolean spoken) {
    lock.lock();
    try {
      Used own = of(tenant);
      // Who only listens takes no place from who speaks.
      int here = spoken ? all.spoken : all.silent;
      int theirs = spoken ? own.spoken : own.silent;
      if (here >= bounds.channels()) {
        return "channels: " + here + " on this node (expected: at most " + bounds.channels() + ")";
      }
      return theirs >= bounds.tenantChannels()
          ? "channels: "
              + theirs
              + " of the tenant on this node (expected: at most "
              + bounds.tenantChannels()
              + ")"
          : "";
    } finally {
      lock.unlock();
    }
  }

  /** Why there is no room for a message. */
  String full() {
    lock.lock();
    try {
      return "channels: full (expected: at most "
          + bounds.bytes()
          + " bytes on this node, "
          + bounds.tenantBytes()
          + " of them the tenant's)";
    } finally {
      lock.unlock();
    }
  }

  /** A step has changed something. */
  void add(String tenant, long weight, int spoken, int silent) {
    lock.lock();
    try {
      of(tenant).add(weight, spoken, silent);
      all.add(weight, spoken, silent);
      if (came != null && (weight > 0 || spoken > 0 || silent > 0)) {
        // What has gone may be missing in the count already: too much is the safer side.
        came.computeIfAbsent(tenant, _ -> new Used())
            .add(Math.max(0, weight), Math.max(0, spoken), Math.max(0, silent));
      }
    } finally {
      lock.unlock();
    }
  }

  private Used of(String tenant) {
    return tenants.computeIfAbsent(tenant, _ -> new Used());
  }

  /** A count begins. */
  void counting() {
    lock.lock();
    try {
      came = new HashMap<>();
    } finally {
      lock.unlock();
    }
  }

  /** A count is over. */
  void counted(List<Weighed> channels) {
    lock.lock();
    try {
      tenants = new HashMap<>();
      all = new Used();
      for (Weighed each : channels) {
        count(each.tenant(), each.weight(), each.spoken() ? 1 : 0, each.spoken() ? 0 : 1);
      }
      Map<String, Used> meanwhile = came == null ? Map.of() : came;
      came = null;
      meanwhile.forEach((tenant, more) -> count(tenant, more.weight, more.spoken, more.silent));
    } finally {
      lock.unlock();
    }
  }

  private void count(String tenant, long weight, int spoken, int silent) {
    of(tenant).add(weight, spoken, silent);
    all.add(weight, spoken, silent);
  }

  /**
   * Channels that are to forget their messages, so that there is room again: first of tenants that
   * have too much, then of whichever has most; each time those that were silent for longest, but
   * small ones last: a state that seldom changes is all that its channel is for.
   */
  List<Weighed> toForget(List<Weighed> channels) {
    ChannelBounds most;
    lock.lock();
    try {
      most = bounds;
    } finally {
      lock.unlock();
    }
    var byTenant = new HashMap<String, List<Weighed>>();
    var weights = new HashMap<String, Long>();
    long total = 0;
    for (Weighed each : channels) {
      total += each.weight();
      weights.merge(each.tenant(), each.weight(), Long::sum);
      if (each.newestMillis() > 0) {
        byTenant.computeIfAbsent(each.tenant(), _ -> new ArrayList<>()).add(each);
      }
    }
    // The last is the first to go.
    byTenant
        .values()
        .forEach(own ->
            own.sort(
                Comparator.comparing((Weighed each) -> each.weight() > SMALL)
                    .thenComparingLong(each -> -each.newestMillis())));
    var forget = new ArrayList<Weighed>();
    for (String tenant : List.copyOf(byTenant.keySet())) {
      long weight = weights.getOrDefault(tenant, 0L);
      boolean crowded = weight > CROWDED * most.tenantBytes();
      while (crowded && weight > ROOMY * most.tenantBytes() && byTenant.containsKey(tenant)) {
        long freed = next(byTenant, tenant, forget);
        weight -= freed;
        total -= freed;
      }
      weights.put(tenant, weight);
    }
    boolean crowded = total > CROWDED * most.bytes();
    while (crowded && total > ROOMY * most.bytes() && !byTenant.isEmpty()) {
      String heaviest =
          byTenant.keySet().stream()
              .max(Comparator.comparingLong(each -> weights.getOrDefault(each, 0L)))
              .orElseThrow();
      long freed = next(byTenant, heaviest, forget);
      weights.merge(heaviest, -freed, Long::sum);
      total -= freed;
    }
    return forget;
  }

  private static long next(
      Map<String, List<Weighed>> byTenant, String tenant, List<Weighed> forget) {
    List<Weighed> own = byTenant.getOrDefault(tenant, List.of());
    Weighed oldest = own.removeLast();
    if (own.isEmpty()) {
      byTenant.remove(tenant);
    }
    forget.add(oldest);
    return oldest.weight() - ChannelEntry.OWN_WEIGHT;
  }
}
