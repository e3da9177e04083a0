package dev.heddle.coordinator;

import dev.heddle.coordinator.Queries.Options;
import dev.heddle.coordinator.QueryAnswer.Explanation;
import dev.heddle.coordinator.QueryAnswer.LeafTiming;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Bill;
import dev.heddle.engine.ScatterRun;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * One query under way. Sends one call to each leaf, then takes replies from one queue until all
 * have come or the soft deadline passes. Leaves that lack figures of the statistics epoch are asked
 * again with them; shards that a replica could not serve are asked for at another one, and at one
 * at a time, so that none is ever counted twice. Owned by the query's thread; transport threads
 * only add to the queue.
 */
final class QueryRun {
  /** Where the function failed in the same way everywhere, that is the query's error. */
  private static final Set<ErrorCode> FUNCTION_FAILURES =
      EnumSet.of(
          ErrorCode.FUNCTION_FAILED,
          ErrorCode.FUNCTION_INIT_FAILED,
          ErrorCode.FUNCTION_MERGE_FAILED,
          ErrorCode.FUNCTION_MEMORY_EXCEEDED,
          ErrorCode.FUNCTION_RESULT_INVALID,
          ErrorCode.FUNCTION_RESULT_TOO_LARGE);

  /** How often a waiting query looks whether its caller went away. */
  private static final long CANCEL_CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private static final int MAX_STATISTICS_ROUNDS = 16;

  private final SharedState shared;
  private final Plan plan;
  private final Reading reading;
  private final ScatterRun run;
  private final Template template;
  private final Options options;
  private final BooleanSupplier cancelled;
  private final Optional<Consumer<QueryAnswer>> improvements;
  private final String traceId;
  private final Ticker ticker;
  private final long startNanos;
  private final long softDeadlineNanos;
  private final Gather gather;
  private final ShardTries tries;
  private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
  private final IdentityHashMap<LeafCall, Attempt> outstanding = new IdentityHashMap<>();
  private final List<Held> held = new ArrayList<>();

  /** Calls by node, which numbers them. */
  private final Map<String, Integer> calls = new HashMap<>();

  /** All terms that leaves asked for so far: a function may search more than once. */
  private final Set<Figures.TermKey> terms = new HashSet<>();

  private final List<LeafTiming> timings = new ArrayList<>();
  private final List<String> unsettled = new ArrayList<>();
  private StatisticsEpoch epoch;
  private int statisticsRounds;
  private long firstHeldNanos;
  private long plannedNanos;
  private long scatteredNanos;

  QueryRun(
      SharedState shared,
      Plan plan,
      Reading reading,
      ScatterRun run,
      Template template,
      Options options,
      BooleanSupplier cancelled,
      Optional<Consumer<QueryAnswer>> improvements,
      String traceId,
      long startNanos) {
    this.shared = shared;
    this.plan = plan;
    this.reading = reading;
    this.run = run;
    this.template = template;
    this.options = options;
    this.cancelled = cancelled;
    this.improvements = improvements;
    this.traceId = traceId;
    this.ticker = shared.ticker();
    this.startNanos = startNanos;
    this.gather = new Gather(run, plan, shared.known());
    this.tries = new ShardTries(shared, plan, reading, run.commutative());
    this.epoch = shared.epochs().current(plan.dataset().id());
    long remaining = options.deadline().remainingNanos(ticker);
    long slice = Math.min(shared.config().mergeSlice().toNanos(), remaining / 10);
    this.softDeadlineNanos = ticker.nanoTime() + remaining - slice;
  }

  QueryAnswer answer() throws InterruptedException {
    plannedNanos = ticker.nanoTime();
    try {
      for (var leaf : plan.leaves()) {
        send(leaf, Optional.empty());
      }
      gatherUntilDone();
      scatteredNanos = ticker.nanoTime();
    } finally {
      outstanding.values().forEach(Attempt::cancel);
    }
    return finish();
  }

  private void send(LeafAssignment leaf, Optional<Figures> figures) {
    long now = ticker.nanoTime();
    long left = Math.max(1, softDeadlineNanos - now);
    var call =
        new LeafCall(
            leaf,
            calls.merge(leaf.node(), 1, Integer::sum),
            epoch,
            figures,
            left,
            reading,
            tries.patienceNanos(leaf, left));
    // Before it is sent: the reply may come at once.
    var attempt = new Attempt(call.attempt(), now);
    outstanding.put(call, attempt);
    attempt.cancel =
        shared.leaves().send(template, call, reply -> arrivals.add(new Arrival(call, reply)));
  }

  private void gatherUntilDone() throws InterruptedException {
    while (!outstanding.isEmpty() || !held.isEmpty()) {
      long left = softDeadlineNanos - ticker.nanoTime();
      if (left <= 0) {
        return;
      }
      if (!held.isEmpty() && (outstanding.isEmpty() || graceOver())) {
        askAgain();
        continue;
      }
      var arrival = arrivals.poll(Math.min(left, patience()), TimeUnit.NANOSECONDS);
      if (arrival != null) {
        take(arrival);
      } else if (cancelled.getAsBoolean()) {
        throw new HeddleException(ErrorCode.CANCELLED, "query: the caller went away");
      }
    }
  }

  private long patience() {
    return held.isEmpty()
        ? CANCEL_CHECK_NANOS
        : Math.max(1, Math.min(CANCEL_CHECK_NANOS, graceEnd() - ticker.nanoTime()));
  }

  private boolean graceOver() {
    return ticker.nanoTime() >= graceEnd();
  }

  private long graceEnd() {
    long quarter = Math.max(0, softDeadlineNanos - firstHeldNanos) / 4;
    return firstHeldNanos + Math.min(shared.config().statisticsGrace().toNanos(), quarter);
  }

  private void take(Arrival arrival) {
    var leaf = arrival.call.leaf();
    var attempt = outstanding.remove(arrival.call);
    if (attempt == null) {
      return;
    }
    long now = ticker.nanoTime();
    switch (arrival.reply) {
      case LeafReply.Answer answer -> {
        timings.add(
            new LeafTiming(
                leaf.node(),
                micros(attempt.sentNanos),
                micros(now),
                answer.queueMicros(),
                answer.activeMicros(),
                answer.bytes(),
                answer.reports(),
                ""));
        observe(answer.reports());
        accept(leaf, answer);
      }
      case LeafReply.NeedsFigures needs -> {
        observe(needs.reports());
        gather.spend(needs.bill());
        long active = needs.bill().activeNanos() / 1_000;
        timings.add(timing(leaf, attempt, now, active, "asked for statistics"));
        hold(leaf, needs, now);
      }
      case LeafReply.Failure failure -> {
        var cause = failure.cause();
        timings.add(timing(leaf, attempt, now, 0, cause.code() + ": " + cause.getMessage()));
        if (cause.code().kind() == ErrorCode.Kind.INTERNAL) {
          unsettled.add(leaf.node() + "/" + attempt.number);
        }
        fail(leaf, cause);
      }
    }
  }

  private LeafTiming timing(
      LeafAssignment leaf, Attempt attempt, long now, long activeMicros, String error) {
    return new LeafTiming(
        leaf.node(), micros(attempt.sentNanos), micros(now), 0, activeMicros, 0, List.of(), error);
  }

  private void accept(LeafAssignment leaf, LeafReply.Answer answer) {
    long before = ticker.nanoTime();
    boolean better;
    try {
      better = gather.accept(answer);
    } catch (Gather.MergeFailedException e) {
      throw e.failure();
    } catch (HeddleException e) {
      fail(leaf, e);
      return;
    }
    var _ = elsewhere(leaf, answer.failures());
    gather.spend(here(ticker.nanoTime() - before));
    if (better && !outstanding.isEmpty() && improvements.isPresent()) {
      improvements.get().accept(result("pending", false));
    }
  }

  /** Keeps a leaf that waits for figures, without the shards that others are asked for. */
  private void hold(LeafAssignment leaf, LeafReply.NeedsFigures needs, long now) {
    needs.failures().forEach(this::note);
    var moved = elsewhere(leaf, needs.failures());
    var rest = leaf.shards().stream().filter(shard -> !moved.contains(shard)).toList();
    if (!rest.isEmpty()) {
      if (held.isEmpty()) {
        firstHeldNanos = now;
      }
      boolean whole =
          needs.failures().stream().allMatch(failure -> moved.contains(failure.shard()));
      held.add(new Held(new LeafAssignment(leaf.node(), leaf.address(), rest), needs, whole));
    }
  }

  /** A wrong request fails the whole query; anything else only this leaf's shards. */
  private void fail(LeafAssignment leaf, HeddleException cause) {
    String message = leaf.node() + ": " + cause.getMessage();
    var failures =
        leaf.shards().stream()
            .map(shard ->
                new ShardFailure(shard, cause.code(), ShardFailure.reason(cause.code()), message))
            .toList();
    if (cause.code().kind() == ErrorCode.Kind.USER) {
      throw cause;
    }
    failures.forEach(this::note);
    var _ = elsewhere(leaf, failures);
  }

  private void note(ShardFailure failure) {
    gather.fail(failure.shard(), failure.code(), failure.reason(), failure.message());
  }

  /**
   * Asks other replicas for shards that this one could not serve.
   *
   * @return the shards that were asked for again
   */
  private Set<ShardRef> elsewhere(LeafAssignment leaf, List<ShardFailure> failures) {
    if (failures.isEmpty()) {
      return Set.of();
    }
    for (var failure : failures) {
      if (failure.code().kind() == ErrorCode.Kind.USER) {
        throw new HeddleException(failure.code(), failure.message());
      }
    }
    Set<ShardRef> moved = new HashSet<>();
    for (var call : tries.instead(leaf.node(), failures)) {
      send(
          call,
          terms.isEmpty() || !epoch.knowsFields()
              ? Optional.empty()
              : Optional.of(epoch.figures(terms)));
      moved.addAll(call.shards());
    }
    return moved;
  }

  private void observe(List<ShardReport> reports) {
    for (var report : reports) {
      shared.known().observe(plan.dataset().id(), report.shard(), report.documents());
      epoch.observe(report.shard(), report.sight());
      report.replica().ifPresent(replica -> replica.tell(shared.table()));
    }
  }

  /**
   * Sums what the held leaves know and asks them again. If every shard of the dataset told its
   * figures, they become part of the epoch; else they hold for this query only.
   */
  private void askAgain() {
    if (++statisticsRounds > MAX_STATISTICS_ROUNDS) {
      var cause =
          new HeddleException(
              ErrorCode.FUNCTION_FAILED,
              "rounds for statistics: "
                  + statisticsRounds
                  + " (expected: at most "
                  + MAX_STATISTICS_ROUNDS
                  + "; the function keeps searching for new terms)");
      held.forEach(leaf -> fail(leaf.leaf, cause));
      held.clear();
      return;
    }
    boolean fields = false;
    boolean whole = true;
    int shards = 0;
    Figures sum = Figures.NONE;
    for (var leaf : held) {
      terms.addAll(leaf.needs.local().terms().keySet());
      fields |= leaf.needs.fields();
      sum = sum.plus(leaf.needs.local());
      whole &= leaf.whole;
      shards += leaf.leaf.shards().size();
    }
    whole &= shards == plan.dataset().shards().size();
    boolean knownAlready =
        (!fields || epoch.knowsFields()) && terms.stream().allMatch(epoch::knows);
    if (!knownAlready && whole) {
      epoch.establish(sum, fields);
    } else if (!knownAlready) {
      var passing = shared.epochs().passing();
      passing.establish(epoch.figures(terms), epoch.knowsFields());
      passing.establish(sum, fields);
      epoch = passing;
    }
    var figures = epoch.figures(terms);
    var again = List.copyOf(held);
    held.clear();
    for (var leaf : again) {
      send(leaf.leaf, Optional.of(figures));
    }
  }

  private QueryAnswer finish() {
    var failures = gather.failures();
    if (gather.empty() && failures.size() == 1 && FUNCTION_FAILURES.containsAll(failures)) {
      var first = gather.coverage("deadline").missing().getFirst();
      throw new HeddleException(
          failures.iterator().next(), "shard " + first.shard() + ": " + first.message());
    }
    var answer = result("deadline", true);
    double ratio = answer.coverage().ratio();
    if (ratio < options.minCoverage()) {
      throw new HeddleException(
          ErrorCode.COVERAGE_TOO_LOW,
          "coverage: "
              + ratio
              + " (expected: >= "
              + options.minCoverage()
              + "; missing shards "
              + answer.coverage().missing().stream()
                  .map(gap -> gap.shard() + " " + gap.reason())
                  .toList()
              + ")");
    }
    return answer;
  }

  private QueryAnswer result(String missingReason, boolean last) {
    long before = ticker.nanoTime();
    var coverage = gather.coverage(missingReason);
    var result = run.finish(gather.merged(), coverage);
    long now = ticker.nanoTime();
    gather.spend(here(now - before));
    List<String> open = new ArrayList<>(unsettled);
    outstanding.forEach((call, attempt) -> open.add(call.leaf().node() + "/" + attempt.number));
    return new QueryAnswer(
        result,
        coverage,
        gather.bill().plus(unsettled(open)),
        now - startNanos,
        traceId,
        epoch.toString(),
        options.token().with(plan.dataset(), gather.positions()),
        gather.stalenessMicros(),
        options.explain() && last ? Optional.of(explanation(before, now)) : Optional.empty(),
        last);
  }

  private Explanation explanation(long beforeFinish, long now) {
    return new Explanation(
        (plannedNanos - startNanos) / 1_000,
        (scatteredNanos - plannedNanos) / 1_000,
        (now - beforeFinish) / 1_000,
        statisticsRounds,
        timings);
  }

  /** This coordinator's own part of the bill. */
  private Bill here(long activeNanos) {
    long memory = Bill.memoryMibNanos(activeNanos, shared.config().memory().bytes());
    return new Bill(activeNanos, 0, 0, 0, 0, 0, 0, 0, memory, 0, true, List.of(), 0, 0);
  }

  private static Bill unsettled(List<String> attempts) {
    return new Bill(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, attempts.isEmpty(), attempts, 0, 0);
  }

  private long micros(long nanos) {
    return (nanos - startNanos) / 1_000;
  }

  private record Arrival(LeafCall call, LeafReply reply) {}

  /** A call under way. Used by the query's thread. */
  private static final class Attempt {
    private final int number;
    private final long sentNanos;
    private Runnable cancel = () -> {};

    Attempt(int number, long sentNanos) {
      this.number = number;
      this.sentNanos = sentNanos;
    }

    void cancel() {
      cancel.run();
    }
  }

  /**
   * A leaf that waits for figures.
   *
   * @param whole whether it told those of all its shards
   */
  private record Held(LeafAssignment leaf, LeafReply.NeedsFigures needs, boolean whole) {}
}
