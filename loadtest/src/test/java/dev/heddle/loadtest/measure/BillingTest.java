package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

class BillingTest {
  @Test
  void readsWhatCoordinatorsSay() {
    var billing =
        Billing.parse(
            """
            # TYPE heddle_coordinator_billed_active_seconds_total counter
            heddle_coordinator_billed_active_seconds_total{currency="USD",of="invocations"} 1.5
            heddle_coordinator_billed_active_seconds_total{currency="USD",of="queries"} 2.5E-4
            heddle_coordinator_billed_cpu_seconds_total{currency="USD",of="queries"} 0.25
            heddle_coordinator_billed_memory_mib_seconds_total{currency="USD",of="queries"} 64.0
            heddle_coordinator_billed_cost_total{currency="USD",of="queries"} 1.0E-6
            heddle_coordinator_shards_hedged_total 7.0
            """);
    assertEquals(new Billing(1.50025, 0.25, 64, 1e-6), billing);
    assertEquals(Billing.NONE, billing.minus(billing));
    assertFalse(Billing.parse("jvm_threads_live_threads 7.0\n").any());
  }
}
