package dev.heddle.coordinator;

import dev.heddle.coordinator.Queries.Options;
import dev.heddle.coordinator.QueryAnswer.Explanation;
import dev.heddle.coordinator.QueryAnswer.LeafTiming;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Bill;
import dev.heddle.engine.ScatterRun;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
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
 * have come or the soft deadline passes; leaves that lack figures of the statistics epoch are asked
 * again with them. Owned by the query's thread; transport threads only add to the queue.
 */
final class QueryRun {
  /** How often a waiting query looks whether its caller went away. */
  private static final long CANCEL_CHECK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private static final int MAX_STATISTICS_ROUNDS = 16;

  private final CoordinatorConfig config;
  private final Plan plan;
  private final ScatterRun run;
  private final LeafGrpcClient client;
  private final Template template;
  private final StatisticsEpochs epochs;
  private final KnownShards known;
  private final Options options;
  private final BooleanSupplier cancelled;
  private final Optional<Consumer<QueryAnswer>> improvements;
  private final String traceId;
  private final Ticker ticker;
  private final long startNanos;
  private final long softDeadlineNanos;
  private final Gather gather;
  private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
  private final Map<LeafAssignment, Attempt> outstanding = new HashMap<>();
  private final List<Held> held = new ArrayList<>();

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
      CoordinatorConfig config,
      Plan plan,
      ScatterRun run,
      LeafGrpcClient client,
      Template template,
      StatisticsEpochs epochs,
      KnownShards known,
      Options options,
      BooleanSupplier cancelled,
      Optional<Consumer<QueryAnswer>> improvements,
      String traceId,
      Ticker ticker,
      long startNanos) {
    this.config = config;
    this.plan = plan;
    this.run = run;
    this.client = client;
    this.template = template;
    this.epochs = epochs;
    this.known = known;
    this.options = options;
    this.cancelled = cancelled;
    this.improvements = improvements;
    this.traceId = traceId;
    this.ticker = ticker;
    this.startNanos = startNanos;
    this.gather = new Gather(run, plan, known);
    this.epoch = epochs.current(plan.dataset().id());
    long remaining = options.deadline().remainingNanos(ticker);
    long slice = Math.min(config.mergeSlice().toNanos(), remaining / 10);
    this.softDeadlineNanos = ticker.nanoTime() + remaining - slice;
  }

  QueryAnswer answer() throws InterruptedException {
    plannedNanos = ticker.nanoTime();
    try {
      for (var leaf : plan.leaves()) {
        send(leaf, 1, Optional.empty());
      }
      gatherUntilDone();
      scatteredNanos = ticker.nanoTime();
    } finally {
      outstanding.values().forEach(attempt -> attempt.cancel.run());
    }
    return finish();
  }

  private void send(LeafAssignment leaf, int attempt, Optional<Figures> figures) {
    long now = ticker.nanoTime();
    var call = new LeafCall(leaf, attempt, epoch, figures, Math.max(1, softDeadlineNanos - now));
    var cancel = client.send(template, call, reply -> arrivals.add(new Arrival(call, reply)));
    outstanding.put(leaf, new Attempt(attempt, now, cancel));
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
    return firstHeldNanos + Math.min(config.statisticsGrace().toNanos(), quarter);
  }

  private void take(Arrival arrival) {
    var leaf = arrival.call.leaf();
    var attempt = outstanding.remove(leaf);
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
        if (held.isEmpty()) {
          firstHeldNanos = now;
        }
        observe(needs.reports());
        gather.spend(needs.bill());
        timings.add(
            new LeafTiming(
                leaf.node(),
                micros(attempt.sentNanos),
                micros(now),
                0,
                needs.bill().activeNanos() / 1_000,
                0,
                List.of(),
                "asked for statistics"));
        held.add(new Held(leaf, attempt.number, needs));
      }
      case LeafReply.Failure failure -> {
        timings.add(
            new LeafTiming(
                leaf.node(),
                micros(attempt.sentNanos),
                micros(now),
                0,
                0,
                0,
                List.of(),
                failure.cause().code() + ": " + failure.cause().getMessage()));
        if (failure.cause().code().kind() == ErrorCode.Kind.INTERNAL) {
          unsettled.add(leaf.node() + "/" + attempt.number);
        }
        fail(leaf, failure.cause());
      }
    }
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
    gather.spend(here(ticker.nanoTime() - before));
    if (better && !outstanding.isEmpty() && improvements.isPresent()) {
      improvements.get().accept(result("pending", false));
    }
  }

  /** A wrong request fails the whole query; anything else only this leaf's shards. */
  private void fail(LeafAssignment leaf, HeddleException cause) {
    if (cause.code().kind() == ErrorCode.Kind.USER) {
      throw cause;
    }
    String reason =
        switch (cause.code()) {
          case DEADLINE_EXCEEDED -> "deadline";
          case UNAVAILABLE -> "unreachable";
          case CANCELLED -> "cancelled";
          case OVERLOADED, QUEUE_FULL, LIMIT_REACHED -> "refused";
          default -> "failed";
        };
    for (var ref : leaf.shards()) {
      gather.fail(ref, cause.code(), reason, leaf.node() + ": " + cause.getMessage());
    }
  }

  private void observe(List<ShardReport> reports) {
    for (var report : reports) {
      known.observe(plan.dataset().id(), report.shard(), report.documents());
      epoch.observe(report.shard(), report.view());
    }
  }

  /**
   * Sums what the held leaves know and asks them again. If every leaf of the plan told its figures,
   * they become part of the epoch; else they hold for this query only.
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
    boolean whole = plan.missing().isEmpty() && held.size() == plan.leaves().size();
    Figures sum = Figures.NONE;
    for (var leaf : held) {
      terms.addAll(leaf.needs.local().terms().keySet());
      fields |= leaf.needs.fields();
      sum = sum.plus(leaf.needs.local());
      whole &= leaf.needs.failures().isEmpty();
      for (var failure : leaf.needs.failures()) {
        gather.fail(failure.shard(), failure.code(), failure.reason(), failure.message());
      }
    }
    boolean knownAlready =
        (!fields || epoch.knowsFields()) && terms.stream().allMatch(epoch::knows);
    if (!knownAlready && whole) {
      epoch.establish(sum, fields);
    } else if (!knownAlready) {
      var passing = epochs.passing();
      passing.establish(epoch.figures(terms), epoch.knowsFields());
      passing.establish(sum, fields);
      epoch = passing;
    }
    var figures = epoch.figures(terms);
    var again = List.copyOf(held);
    held.clear();
    for (var leaf : again) {
      send(leaf.leaf, leaf.attempt + 1, Optional.of(figures));
    }
  }

  private QueryAnswer finish() {
    if (gather.empty() && gather.failures().equals(Set.of(ErrorCode.FUNCTION_FAILED))) {
      var first = gather.coverage("deadline").missing().getFirst();
      throw new HeddleException(
          ErrorCode.FUNCTION_FAILED, "shard " + first.shard() + ": " + first.message());
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
    outstanding.forEach((leaf, attempt) -> open.add(leaf.node() + "/" + attempt.number));
    return new QueryAnswer(
        result,
        coverage,
        gather.bill().plus(unsettled(open)),
        now - startNanos,
        traceId,
        epoch.toString(),
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
    long memory = Bill.memoryMibNanos(activeNanos, config.memory().bytes());
    return new Bill(activeNanos, 0, 0, 0, 0, 0, 0, 0, memory, 0, true, List.of());
  }

  private static Bill unsettled(List<String> attempts) {
    return new Bill(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, attempts.isEmpty(), attempts);
  }

  private long micros(long nanos) {
    return (nanos - startNanos) / 1_000;
  }

  private record Arrival(LeafCall call, LeafReply reply) {}

  private record Attempt(int number, long sentNanos, Runnable cancel) {}

  /** A leaf that waits for figures. */
  private record Held(LeafAssignment leaf, int attempt, LeafReply.NeedsFigures needs) {}
}
