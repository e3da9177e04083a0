package dev.heddle.engine;

import dev.heddle.process.TraceSpan;

/** What the span of an invocation says: which code ran and for how long; nothing of the event. */
final class InvocationSpan {
  private InvocationSpan() {}

  static void tell(
      TraceSpan span,
      FunctionRef function,
      Invocation invocation,
      InvocationMeter meter,
      InvocationResult result) {
    span.name("invoke " + function.name());
    span.set("faas.name", function.name())
        .set("faas.invocation_id", invocation.id())
        .set("faas.coldstart", meter.cold())
        .set("heddle.tenant", invocation.tenant())
        .set("heddle.depth", invocation.depth());
    function
        .version()
        .ifPresent(version ->
            span.set("faas.version", version.digest()).set("heddle.runtime", version.runtime()));
    var bill = meter.bill(0);
    span.set("heddle.init_micros", bill.initNanos() / 1_000)
        .set("heddle.queue_micros", bill.queueNanos() / 1_000)
        .set("heddle.active_micros", bill.activeNanos() / 1_000)
        .set("heddle.parked_micros", bill.parkedNanos() / 1_000);
    if (result instanceof InvocationResult.Failed failed) {
      span.failed(failed.why().code());
    }
  }
}
