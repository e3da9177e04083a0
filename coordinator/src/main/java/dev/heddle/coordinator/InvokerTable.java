package dev.heddle.coordinator;

import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * What this coordinator knows of the leaves that run handlers: what they last told, and what it has
 * sent them since. Safe for any thread.
 */
final class InvokerTable {
  /** A version of a tenant's. */
  record Version(String tenant, String digest) {}

  /**
   * What a leaf told.
   *
   * @param warm versions whose code is loaded there, with the sandboxes that could take an event at
   *     once
   * @param busy invocations that run or wait there
   * @param queued those of them that wait
   */
  record Report(Map<Version, Integer> warm, int busy, int queued) {
    static final Report NONE = new Report(Map.of(), 0, 0);

    Report {
      warm = Map.copyOf(warm);
    }
  }

  private final Map<String, Report> reports = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> inFlight = new ConcurrentHashMap<>();

  /** Takes a leaf's report. */
  void told(String node, Report report) {
    reports.put(node, report);
  }

  /** The leaf does not answer: nothing is warm there. */
  void lost(String node) {
    reports.remove(node);
  }

  /** Forgets all other leaves. */
  void retain(Collection<String> nodes) {
    reports.keySet().retainAll(nodes);
    inFlight.keySet().retainAll(nodes);
  }

  /** An invocation goes to the leaf until the handle is closed. */
  Sent sent(String node) {
    var count = inFlight.computeIfAbsent(node, unseen -> new AtomicInteger());
    count.incrementAndGet();
    return count::decrementAndGet;
  }

  /** An invocation at a leaf. */
  @FunctionalInterface
  interface Sent extends AutoCloseable {
    @Override
    void close();
  }

  private Report report(String node) {
    return reports.getOrDefault(node, Report.NONE);
  }

  /** Invocations there, as far as known: this coordinator's own, or all when the leaf last told. */
  int load(String node) {
    var own = inFlight.get(node);
    return Math.max(own == null ? 0 : own.get(), report(node).busy());
  }

  boolean warm(String node, Version version) {
    return report(node).warm().containsKey(version);
  }

  /** Events that waited there when the leaf last told. */
  int queued(String node) {
    return report(node).queued();
  }

  /** Sandboxes of the version that could take an event at once; empty: its code is not loaded. */
  Optional<Integer> idle(String node, Version version) {
    return Optional.ofNullable(report(node).warm().get(version));
  }
}
