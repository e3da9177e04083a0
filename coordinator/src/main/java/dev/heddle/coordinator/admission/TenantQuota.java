package dev.heddle.coordinator.admission;

/**
 * What a tenant may use of a coordinator.
 *
 * @param weight its share of the places where several tenants wait for one, against the weights of
 *     those others, 0.01..1,000
 * @param queries of it in flight at most, 0..1,000,000; 0: no bound of its own
 * @param queryRate queries a second at most, 0..1,000,000, with a second's worth at once; 0: any
 * @param invocations of it in flight at most, 0..1,000,000; 0: no bound of its own
 * @param invocationRate invocations from outside a second, as the rate of queries
 */
public record TenantQuota(
    double weight, int queries, double queryRate, int invocations, double invocationRate) {
  private static final int MOST = 1_000_000;

  public TenantQuota {
    within("weight", weight, 0.01, 1_000);
    within("queries", queries, 0, MOST);
    within("query-rate", queryRate, 0, MOST);
    within("invocations", invocations, 0, MOST);
    within("invocation-rate", invocationRate, 0, MOST);
  }

  /** Weight 1, and no bounds. */
  public static TenantQuota defaults() {
    return new TenantQuota(1, 0, 0, 0, 0);
  }

  private static void within(String name, double value, double min, double max) {
    if (!(value >= min && value <= max)) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + min + ".." + max + ")");
    }
  }
}
