package dev.heddle.coordinator;

import dev.heddle.coordinator.Queries.Options;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.gather.HeldBytes;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.coordinator.scatter.LeafReply;
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
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * One query under way: drives its {@link QueryCourse} with what comes over the network and with the
 * time, until it is done, and makes the answer. Owned by the query's thread, which waits for one
 * queue; transport threads only add to it.
 */
final class QueryRun implements QueryCourse.Door {
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

  private final SharedState shared;
  private final Plan plan;
  private final ScatterRun run;
  private final Template template;
  private final Options options;
  private final BooleanSupplier cancelled;
  private final Optional<Consumer<QueryAnswer>> improvements;
  private final String traceId;
  private final Ticker ticker;
  private final long startNanos;
  private final QueryAnswer.Admission admission;
  private final Gather gather;
  private final QueryCourse course;
  private final HeldBytes.Query bytes;
  private final LinkedBlockingQueue<Arrival> arrivals = new LinkedBlockingQueue<>();
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
      Optional<Consumer<QueryAnswer>> improvements,
      String traceId,
      long startNanos,
      QueryAnswer.Admission admission) {
    this.shared = shared;
    this.plan = plan;
    this.run = run;
    this.template = template;
    this.options = options;
    this.cancelled = cancelled;
    this.improvements = improvements;
    this.traceId = traceId;
    this.ticker = shared.ticker();
    this.startNanos = startNanos;
    this.admission = admission;
    this.gather = new Gather(run, plan, shared.known());
    this.bytes = shared.bytes().open();
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
    var pace = shared.hedging().of(dataset.id(), template.function());
    long remaining = options.deadline().remainingNanos(ticker);
    long slice = Math.min(shared.config().mergeSlice().toNanos(), remaining / 10);
    this.course =
        new QueryCourse(
            shared,
            plan,
            reading,
            gather,
            tries,
            pace,
            this,
            ticker.nanoTime() + remaining - slice);
  }

  /** What there is by the deadline, however little: the caller asks whether it is enough. */
  QueryAnswer answer() throws InterruptedException {
    if (options.explain()) {
      choices = choices();
    }
    plannedNanos = ticker.nanoTime();
    try {
      course.begin();
      while (!course.done()) {
        step();
      }
      course.end();
      scatteredNanos = ticker.nanoTime();
      return finish();
    } finally {
      course.abandon();
      shared.ledger().ended(template.queryId(), course.attempts());
      bytes.close();
    }
  }

  /** As they are before the first call: what is chosen is not known to have been chosen yet. */
  private List<QueryAnswer.Choice> choices() {
    var view = shared.catalog().get();
    List<QueryAnswer.Choice> all = new ArrayList<>();
    for (var leaf : plan.leaves()) {
      for (var ref : leaf.shards()) {
        var considered = shared.planner().considered(plan.dataset(), view, ref.shard());
        all.add(new QueryAnswer.Choice(ref.shard(), leaf.node(), considered));
      }
    }
    return all;
  }

  private void step() throws InterruptedException {
    long left = course.wakeNanos() - ticker.nanoTime();
    if (left <= 0) {
      course.tick();
      return;
    }
    var arrival = arrivals.poll(Math.min(left, CANCEL_CHECK_NANOS), TimeUnit.NANOSECONDS);
    if (arrival != null) {
      bytes.check();
      course.reply(arrival.attempt, arrival.reply);
      checkSpent();
    } else if (cancelled.getAsBoolean()) {
      throw new HeddleException(ErrorCode.CANCELLED, "query: the caller went away");
    }
  }

  @Override
  public Runnable send(LeafCall call, Attempt attempt) {
    bytes.add(template.bytes());
    try {
      return shared
          .leaves()
          .send(
              template,
              call,
              reply -> {
                if (reply instanceof LeafReply.Answer answer) {
                  // What waits in the queue counts, too.
                  bytes.addPartial(answer.bytes());
                }
                arrivals.add(new Arrival(attempt, reply));
              });
    } catch (HeddleException e) {
      arrivals.add(new Arrival(attempt, new LeafReply.Failure(e)));
      return () -> {};
    }
  }

  @Override
  public void improved() {
    improvements.ifPresent(consumer -> consumer.accept(result("pending", false)));
  }

  private void checkSpent() {
    var scatter = shared.config().scatter();
    var bill = gather.bill();
    if (scatter.queryDocuments() > 0 && bill.documentsScanned() > scatter.queryDocuments()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "query: scanned %d documents (expected: at most %d, scatter.query-documents)"
              .formatted(bill.documentsScanned(), scatter.queryDocuments()));
    }
    long cpu = scatter.queryCpu().toNanos();
    if (cpu > 0 && bill.cpuNanos() > cpu) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "query: took %d us of CPU time (expected: at most %d, scatter.query-cpu)"
              .formatted(bill.cpuNanos() / 1_000, cpu / 1_000));
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
    var result = run.finish(gather.merged(), coverage);
    long now = ticker.nanoTime();
    gather.spend(Spending.here(now - before, shared.config().memory()));
    return new QueryAnswer(
        result,
        coverage,
        gather.bill().plus(Bill.open(course.unsettled())),
        now - startNanos,
        traceId,
        course.epoch().toString(),
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

  private record Arrival(Attempt attempt, LeafReply reply) {}
}
