package dev.heddle.coordinator;

import dev.heddle.coordinator.plan.Figures.TermKey;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.function.Bound;
import dev.heddle.process.HeddleException;
import java.util.Optional;
import java.util.function.Consumer;

/** Lets a course run in the time of a cluster's clock. */
abstract class SimulatedCourse implements QueryCourse.Door {
  final SimulatedCluster cluster;
  final Template template;
  final Optional<TermKey> term;
  private long wakeAt = Long.MAX_VALUE;
  boolean over;

  /**
   * @param term that the query searches for
   */
  SimulatedCourse(SimulatedCluster cluster, Template template, Optional<TermKey> term) {
    this.cluster = cluster;
    this.template = template;
    this.term = term;
  }

  /** A call as it goes over the simulated wire. */
  record Sent(
      LeafCall call,
      Ref ref,
      Template template,
      Optional<TermKey> term,
      SimulatedCourse from,
      Consumer<LeafReply> reply) {
    /** Hits that it asks for. */
    int hits() {
      return call.hits() > 0 ? call.hits() : template.k();
    }
  }

  abstract QueryCourse course();

  /** The course came to its end. */
  abstract void ended();

  /** The course threw. */
  abstract void failed(HeddleException cause);

  final void begin() {
    course().begin();
    goOn();
  }

  private void goOn() {
    if (over) {
      return;
    }
    if (course().done()) {
      over = true;
      course().end();
      ended();
      return;
    }
    long wake = cluster.since(course().wakeNanos());
    if (wake != wakeAt) {
      wakeAt = wake;
      cluster.after(wake - cluster.now(), () -> wake(wake));
    }
  }

  private void wake(long planned) {
    if (!over && planned == wakeAt) {
      wakeAt = Long.MAX_VALUE;
      course().tick();
      goOn();
    }
  }

  private void reply(Attempt attempt, LeafReply reply) {
    if (over) {
      return;
    }
    try {
      course().reply(attempt, reply);
    } catch (HeddleException e) {
      over = true;
      failed(e);
      return;
    }
    goOn();
  }

  @Override
  public final Runnable send(LeafCall call, Attempt attempt) {
    var ref = new Ref(template.queryId(), template.branch(), attempt.number, false);
    if (attempt.kind == Attempt.Kind.FIRST) {
      cluster.mostCalls =
          Math.max(
              cluster.mostCalls,
              course().attempts().stream().mapToInt(one -> one.kind == attempt.kind ? 1 : 0).sum());
    }
    if (attempt.kind == Attempt.Kind.HEDGE) {
      cluster.extraExecutions += call.leaf().shards().size();
    }
    return cluster.deliver(
        new Sent(call, ref, template, term, this, reply -> reply(attempt, reply)));
  }

  @Override
  public void improved() {}

  /** Whether coordinators below tell what they find. */
  abstract boolean hears();

  @Override
  public final void tell(Attempt attempt, Bound bar) {
    var ref = new Ref(template.queryId(), template.branch(), attempt.number, false);
    cluster.tell(attempt.leaf.node(), ref, bar);
  }

  /** Others found so much. */
  final void raised(Bound bar, boolean fromAbove) {
    if (!over) {
      course().raise(bar, fromAbove);
      goOn();
    }
  }
}
