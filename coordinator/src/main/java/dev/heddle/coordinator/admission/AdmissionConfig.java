package dev.heddle.coordinator.admission;

import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import java.time.Duration;
import java.util.Map;

/**
 * Who is let in, and who waits.
 *
 * @param limit how the number of queries in flight follows what they take: {@code vegas}, {@code
 *     gradient2}, {@code aimd}, or {@code fixed}
 * @param least it is never below this, 1..1,000,000
 * @param first it begins with this, 1..1,000,000
 * @param tolerance of {@code gradient2}: how many times as long as lately queries may take before
 *     fewer are let in, 1..10
 * @param late of {@code aimd}: a query that takes longer lowers the limit
 * @param queue queries that may wait for a place, 0..100,000; 0: none
 * @param patience the most that a query waits in a short overload
 * @param target the most that it waits where the overload lasts, unless places come free more
 *     rarely; at most {@code patience}
 * @param tenantShare where there are several tenants, the share of the places that one may have,
 *     more than 0 and at most 1
 * @param tenant quota of tenants that are not named
 * @param tenants quotas by name, at most 10,000
 */
public record AdmissionConfig(
    String limit,
    int least,
    int first,
    double tolerance,
    Duration late,
    int queue,
    Duration patience,
    Duration target,
    double tenantShare,
    TenantQuota tenant,
    Map<String, TenantQuota> tenants) {
  private static final int MOST_TENANTS = 10_000;
  private static final Duration LONGEST = Duration.ofMinutes(1);

  public AdmissionConfig {
    ConcurrencyLimit.checkName(limit);
    within("least", least, 1, 1_000_000);
    within("first", first, 1, 1_000_000);
    within("tolerance", tolerance, 1, 10);
    within("queue", queue, 0, 100_000);
    within("late", late, LONGEST);
    within("patience", patience, LONGEST);
    within("target", target, patience);
    if (!(tenantShare > 0 && tenantShare <= 1)) {
      throw new IllegalArgumentException(
          "tenant-share: " + tenantShare + " (expected: more than 0, at most 1)");
    }
    if (tenants.size() > MOST_TENANTS) {
      throw new IllegalArgumentException(
          "tenants: " + tenants.size() + " (expected: at most " + MOST_TENANTS + ")");
    }
    tenants.keySet().forEach(AdmissionConfig::checkTenant);
    tenants = Map.copyOf(tenants);
  }

  public static AdmissionConfig defaults() {
    return new AdmissionConfig(
        "vegas",
        4,
        32,
        1.5,
        Duration.ofSeconds(1),
        256,
        Duration.ofMillis(100),
        Duration.ofMillis(5),
        0.5,
        TenantQuota.defaults(),
        Map.of());
  }

  /** That of a tenant. */
  public TenantQuota quota(String name) {
    return tenants.getOrDefault(name, tenant);
  }

  private static void checkTenant(String name) {
    try {
      RequestContext.checkTenant(name);
    } catch (HeddleException e) {
      throw new IllegalArgumentException("tenants." + e.getMessage(), e);
    }
  }

  private static void within(String name, double value, double min, double max) {
    if (!(value >= min && value <= max)) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + min + ".." + max + ")");
    }
  }

  private static void within(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + min + ".." + max + ")");
    }
  }

  private static void within(String name, Duration value, Duration max) {
    if (value.isNegative() || value.isZero() || value.compareTo(max) > 0) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: > 0, at most " + max + ")");
    }
  }
}
