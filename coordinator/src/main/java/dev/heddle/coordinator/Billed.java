package dev.heddle.coordinator;

import dev.heddle.engine.Bill;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;

/**
 * What this coordinator has billed since it began, as meters: {@code
 * heddle_coordinator_billed_active_seconds}, {@code …_cpu_seconds}, {@code …_memory_mib_seconds}
 * and {@code …_cost} in the rate card's currency, by {@code of}. Queries count once they end, with
 * what their calls cost that were settled later; handlers with all calls within them, so that
 * queries that handlers make count on both sides. Safe for many threads.
 */
final class Billed {
  private static final double NANOS = 1e9;
  private static final double PICOS = 1e12;

  private final RateCard rates;
  private final Totals queries;
  private final Totals invocations;

  Billed(RateCard rates, MeterRegistry registry) {
    this.rates = rates;
    this.queries = new Totals("queries", registry);
    this.invocations = new Totals("invocations", registry);
  }

  /** What a query cost, or a call of it that was settled later. */
  void query(Bill bill) {
    queries.add(bill);
  }

  /** What a handler cost that was called from outside. */
  void invocation(Bill bill) {
    invocations.add(bill);
  }

  private final class Totals {
    private final LongAdder active = new LongAdder();
    private final LongAdder cpu = new LongAdder();
    private final LongAdder memory = new LongAdder();
    private final LongAdder cost = new LongAdder();

    Totals(String of, MeterRegistry registry) {
      counter("active_seconds", of, active, NANOS, registry);
      counter("cpu_seconds", of, cpu, NANOS, registry);
      counter("memory_mib_seconds", of, memory, NANOS, registry);
      counter("cost", of, cost, PICOS, registry);
    }

    private void counter(
        String what, String of, LongAdder total, double unit, MeterRegistry registry) {
      ToDoubleFunction<LongAdder> value = adder -> adder.sum() / unit;
      FunctionCounter.builder("heddle_coordinator_billed_" + what, total, value)
          .description("Billed since the start")
          .tag("of", of)
          .tag("currency", rates.currency())
          .register(registry);
    }

    void add(Bill bill) {
      active.add(bill.activeNanos());
      cpu.add(bill.cpuNanos());
      memory.add(bill.memoryMibNanos());
      cost.add(rates.picos(bill));
    }
  }
}
