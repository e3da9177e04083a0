package dev.heddle.coordinator;

import dev.heddle.coordinator.Queries.Options;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.engine.Bill;
import dev.heddle.engine.ScatterRun;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * One query under way: lets its {@link QueryCourse} run to the end, and makes the answer. Owned by
 * the query's thread.
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

  private final SharedState shared;
  private final Plan plan;
  private final ScatterRun run;
  private final Template template;
  private final Options options;
  private final Optional<Improvements> improvements;
  private final String traceId;
  private final Ticker ticker;
  private final long startNanos;
  private final QueryAnswer.Admission admission;
  private final Gather gather;
  private final QueryCourse course;
  private final CourseLoop loop;
  private final Budget budget;

  /** Whether coordinators below tell what they find while they look for it. */
  private final boolean hears;

  /** So that who can take one again is heard once, however often that is told meanwhile. */
  private final AtomicBoolean waking = new AtomicBoolean();

  /** Whether the answer has grown since an improvement was made. */
  private boolean grown;

  private List<QueryAnswer.Choice> choices = List.of();
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
      Optional<Improvements> improvements,
      String traceId,
      long startNanos,
      QueryAnswer.Admission admission) {
    this.shared = shared;
    this.plan = plan;
    this.run = run;
    int levels = plan.levels();
    // What improves is shown at once: it must not rest on what may never come.
    boolean hears = levels > 1 && improvements.isEmpty();
    var inTree = levels == 1 ? template : template.inTree(levels, options.explain());
    this.template = hears ? inTree.heardBy(shared.tree().self()) : inTree;
    this.options = options;
    this.improvements = improvements;
    this.traceId = traceId;
    this.ticker = shared.ticker();
    this.startNanos = startNanos;
    this.admission = admission;
    this.gather = new Gather(run, plan, shared.known());
    this.budget = Spending.budget(shared.config().scatter());
    this.loop = new CourseLoop(shared, this.template, cancelled, this::improved);
    this.hears = hears;
    var dataset = plan.dataset();
    var tries =
        new ShardTries(
            dataset,
            reading,
            (shard, asked) -> {
              var view = shared.catalog().get();
              var now = view.datasetById(dataset.id()).orElse(dataset);
              return shared.planner().another(now, view, reading, shard, asked);
            },
            shared.config().sessionPatience(),
            run.commutative());
    long remaining = options.deadline().remainingNanos(ticker);
    long slice = Math.min(shared.config().mergeSlice().toNanos(), remaining / 10);
    var terms =
        shared.terms(
            dataset.id(),
            template.function(),
            reading,
            budget,
            levels,
            // What improves is an answer each time: it lacks nothing of what it covers.
            improvements.isPresent()
                ? Trim.NONE
                : Trim.of(
                    run, template.k(), plan, shared, shared.config().scatter().topKProbability()),
            hears,
            ticker.nanoTime() + remaining - slice);
    this.course = new QueryCourse(shared, plan, gather, tries, terms, loop);
  }

  /** What there is by the deadline, however little: the caller asks whether it is enough. */
  QueryAnswer answer() throws InterruptedException {
    try {
      if (hears) {
        loop.hear();
      }
      if (options.explain()) {
        choices = choices();
      }
      plannedNanos = ticker.nanoTime();
      improvements.ifPresent(each -> each.whenWanted(this::wake));
      loop.run(course, () -> Spending.check(budget, gather.bill()));
      scatteredNanos = ticker.nanoTime();
      return finish();
    } finally {
      course.abandon();
      shared.ledger().ended(template.queryId(), gather.bill(), course.attempts());
      loop.close();
    }
  }

  /** As they are before the first call: what is chosen is not known to have been chosen yet. */
  private List<QueryAnswer.Choice> choices() {
    var view = shared.catalog().get();
    List<QueryAnswer.Choice> all = new ArrayList<>();
    for (var leaf : plan.leaves().stream().flatMap(LeafAssignment::leaves).toList()) {
      for (var ref : leaf.shards()) {
        var considered = shared.planner().considered(plan.dataset(), view, ref.shard());
        all.add(new QueryAnswer.Choice(ref.shard(), leaf.node(), considered));
      }
    }
    return all;
  }

  private void wake() {
    if (!waking.getAndSet(true)) {
      loop.later(() -> {
        waking.set(false);
        improve();
      });
    }
  }

  private void improved() {
    grown = true;
    improve();
  }

  /**
   * What nobody can take yet is not made. Once it can be taken, it is what there is by then: all
   * that was not made is in it.
   */
  private void improve() {
    if (grown && improvements.isPresent() && improvements.get().wanted()) {
      grown = false;
      improvements.get().improved(result("pending", false));
    }
  }

  private QueryAnswer finish() {
    var failures = gather.failures();
    if (gather.empty() && failures.size() == 1 && FUNCTION_FAILURES.containsAll(failures)) {
      var first = gather.coverage("deadline").missing().getFirst();
      throw new HeddleException(
          failures.iterator().next(), "shard " + first.shard() + ": " + first.message());
    }
    return result("deadline", true);
  }

  private QueryAnswer result(String missingReason, boolean last) {
    long before = ticker.nanoTime();
    var coverage = gather.coverage(missingReason);
    boolean cut = gather.cut();
    var result = run.finish(gather.merged(), coverage);
    if (cut && last) {
      shared.cutAnswers().increment();
    }
    long now = ticker.nanoTime();
    gather.spend(Spending.here(now - before, shared.config().memory()));
    return new QueryAnswer(
        result,
        cut,
        coverage,
        gather.bill().plus(Bill.open(course.unsettled())),
        now - startNanos,
        traceId,
        course.epoch().toString(),
        course.partialStatistics(),
        options.token().with(plan.dataset(), gather.positions()),
        gather.stalenessMicros(),
        last ? Optional.of(explanation(before, now)) : Optional.empty(),
        last);
  }

  private QueryAnswer.Explanation explanation(long beforeFinish, long now) {
    return new QueryAnswer.Explanation(
        admission,
        (plannedNanos - startNanos) / 1_000 - admission.waitMicros(),
        (scatteredNanos - plannedNanos) / 1_000,
        (now - beforeFinish) / 1_000,
        course.statisticsRounds(),
        course.hedgeAfterMicros(),
        course.hedged(),
        course.denied(),
        startNanos,
        course.attempts(),
        choices,
        course.skipped());
  }
}
