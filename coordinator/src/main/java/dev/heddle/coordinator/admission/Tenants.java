package dev.heddle.coordinator.admission;

import dev.heddle.coordinator.admission.FairQueue.Kind;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The tenants of a {@link FairQueue} that came lately. Guarded by the queue's owner.
 *
 * <p>There are at most {@link #MOST} of them, and those that the config names: whoever else comes
 * then shares one queue and one quota with all that are too many ({@link #OTHERS}), as names cost
 * nothing, and every place that comes free is a walk over those that wait.
 */
final class Tenants {
  /** Tenants with a queue of their own, but for those that the config names. */
  static final int MOST = 1_000;

  /** All that are too many; no tenant can have this name. */
  static final String OTHERS = "(others)";

  /** Tenants that came lately share the places. */
  private static final long LATELY_NANOS = Duration.ofSeconds(10).toNanos();

  private static final long SWEEP_NANOS = LATELY_NANOS / 10;

  private final Kind kind;
  private final AdmissionConfig config;
  private final Map<String, Tenant> all = new HashMap<>();
  private long sweptAt;
  private boolean several;
  private @Nullable String newest;

  Tenants(Kind kind, AdmissionConfig config, long now) {
    this.kind = kind;
    this.config = config;
    this.sweptAt = now;
  }

  /** The one that comes now. */
  Tenant comes(String name, long now) {
    var tenant = all.computeIfAbsent(known(name), missing -> tenant(missing, now));
    tenant.seenAt = now;
    several |= newest != null && !newest.equals(tenant.name);
    newest = tenant.name;
    return tenant;
  }

  private String known(String name) {
    boolean own = all.size() < MOST || all.containsKey(name) || config.tenants().containsKey(name);
    return own ? name : OTHERS;
  }

  private Tenant tenant(String name, long now) {
    var quota = config.quota(name);
    int most = kind.most().applyAsInt(quota);
    double rate = kind.rate().applyAsDouble(quota);
    return new Tenant(name, quota.weight(), most == 0 ? Integer.MAX_VALUE : most, rate, now);
  }

  /**
   * Forgets tenants that did not come lately, where it has not for a while. A rate has filled up
   * again by then.
   *
   * @return whether it did: a tenant that is alone now may have more places than before
   */
  boolean sweep(long now) {
    if (now - sweptAt <= SWEEP_NANOS) {
      return false;
    }
    sweptAt = now;
    all.values().removeIf(tenant -> !tenant.present(now, LATELY_NANOS) && tenant.forgettable(now));
    newest = null;
    several = false;
    for (var tenant : all.values()) {
      if (tenant.present(now, LATELY_NANOS)) {
        several |= newest != null;
        newest = tenant.name;
      }
    }
    return true;
  }

  /** Whether more than one came lately. */
  boolean several() {
    return several;
  }

  Collection<Tenant> all() {
    return all.values();
  }
}
