package dev.heddle.coordinator.admission;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashMap;
import java.util.Map;

/**
 * A fixed number of places, of which no tenant gets all; who finds none is refused at once, never
 * queued. Safe for many threads.
 */
public final class SharedAdmission {
  private final String what;
  private final int each;
  private final Admission all;

  /** Places taken, by tenant. Guarded by itself. */
  private final Map<String, Integer> taken = new HashMap<>();

  /**
   * Creates the limit.
   *
   * @param what is limited, for the error's message
   * @param limit places, at least 1
   * @param each places of a tenant at most, at least 1
   */
  public SharedAdmission(String what, int limit, int each) {
    this.what = what;
    this.each = each;
    this.all = new Admission(what, limit);
  }

  /**
   * Takes a place.
   *
   * @return gives it back, once
   * @throws HeddleException OVERLOADED where none is free, or the tenant has its share
   */
  public Admission.Place admit(String tenant) {
    synchronized (taken) {
      int mine = taken.getOrDefault(tenant, 0);
      if (mine >= each) {
        throw new HeddleException(
            ErrorCode.OVERLOADED,
            "%s of tenant %s: %d in flight (expected: fewer than %d; retry later)"
                .formatted(what, tenant, mine, each));
      }
      var place = all.admit();
      taken.put(tenant, mine + 1);
      return () -> {
        leave(tenant);
        place.close();
      };
    }
  }

  private void leave(String tenant) {
    synchronized (taken) {
      taken.computeIfPresent(tenant, (same, mine) -> mine == 1 ? null : mine - 1);
    }
  }
}
