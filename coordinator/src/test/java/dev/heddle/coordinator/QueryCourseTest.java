package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.coordinator.Attempt.End;
import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.KnownSummary;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.engine.Bill;
import dev.heddle.engine.Engine;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.Bound;
import dev.heddle.function.Coverage;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which side answers for shards that are asked twice. The plan asks leaf a for all shards. */
class QueryCourseTest implements QueryCourse.Door {
  private static final Duration LATE = Duration.ofMillis(10);
  private static final Duration DEADLINE = Duration.ofMillis(500);

  private final Closer closer = new Closer();
  private final ManualTicker ticker = new ManualTicker();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", Fixtures.engine());
  private final ScatterRun run = closer.register("run", Fixtures.run(engine, "sum"));
  private final ReplicaTable table = new ReplicaTable(ticker);
  private final SharedState shared = new SharedStateBuilder(table, channels, ticker).build();
  private final List<Attempt> sent = new ArrayList<>();
  private final List<LeafCall> calls = new ArrayList<>();
  private final List<Attempt> cancelled = new ArrayList<>();

  @SuppressWarnings("NullAway.Init") // By begin.
  private Gather gather;

  @SuppressWarnings("NullAway.Init") // By begin.
  private QueryCourse course;

  private final List<List<String>> improvements = new ArrayList<>();

  private final List<String> told = new ArrayList<>();

  /** Whether the query is another coordinator's, which handed out a part of it. */
  private boolean part;

  @AfterEach
  void close() {
    closer.close();
  }

  @Override
  public Runnable send(LeafCall call, Attempt attempt) {
    sent.add(attempt);
    calls.add(call);
    return () -> cancelled.add(attempt);
  }

  @Override
  public void improved() {
    improvements.add(gaps("pending"));
  }

  @Override
  public void tell(Attempt attempt, Bound bar) {
    told.add(attempt.leaf.node() + " " + bar.least());
  }

  /** Calls are late after {@link #LATE}. */
  private static final class Pace implements HedgingPolicy.Calls {
    @Override
    public long delayNanos(String node, int shards) {
      return LATE.toNanos();
    }

    @Override
    public void answered(String node, int shards, long nanos) {}

    @Override
    public void outrun(String node, int shards, long nanos) {}
  }

  /** Each shard is also on the nodes named, asked in this order. */
  private void begin(int shards, String... others) {
    var dataset = Fixtures.dataset(shards);
    List<ShardRef> refs = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      refs.add(new ShardRef(shard, 7));
    }
    begin(dataset, List.of(new LeafAssignment("a", "a:1", refs)), others);
  }

  /** The first shard is on one leaf, the second on another. */
  private void beginApart() {
    var one = new LeafAssignment("a", "a:1", List.of(new ShardRef(0, 7)));
    var other = new LeafAssignment("b", "b:1", List.of(new ShardRef(1, 7)));
    begin(Fixtures.dataset(2), List.of(one, other));
  }

  /** As {@link #beginApart}, and in a third shard, on a third leaf, nothing can match. */
  private void beginWithoutTheLast() {
    var one = new LeafAssignment("a", "a:1", List.of(new ShardRef(0, 7)));
    var other = new LeafAssignment("b", "b:1", List.of(new ShardRef(1, 7)));
    var left = new LeafAssignment("c", "c:1", List.of(new ShardRef(2, 7)));
    var summary = new KnownSummary("c", 2, "incarnation-2", 42, 70, Map.of(), Map.of());
    begin(
        new Plan(
            Fixtures.dataset(3),
            List.of(one, other),
            List.of(),
            List.of(new Plan.Skipped(left, summary, 5_000))));
  }

  private void begin(DatasetRecord dataset, List<LeafAssignment> leaves, String... others) {
    begin(new Plan(dataset, leaves, List.of()), others);
  }

  private void begin(Plan plan, String... others) {
    var dataset = plan.dataset();
    gather = new Gather(run, plan, shared.known());
    var tries = Fixtures.tries(dataset, shard -> Arrays.stream(others));
    var terms =
        new CourseTerms(
            Reading.ANY,
            new Pace(),
            new Pace(),
            Budget.ANY,
            1,
            Trim.NONE,
            false,
            ticker.nanoTime() + DEADLINE.toNanos());
    course =
        part
            ? new QueryCourse(
                shared,
                plan,
                gather,
                tries,
                terms,
                new StatisticsRounds(StatisticsEpoch.named("above", 3), Optional.empty()),
                this)
            : new QueryCourse(shared, plan, gather, tries, terms, this);
    // As if many queries had been before.
    shared.hedges().earn(10_000);
    course.begin();
  }

  private void advance(Duration step) {
    ticker.advance(step);
    course.tick();
  }

  private void whole(int call, int... shards) {
    List<ShardRef> covers = new ArrayList<>();
    var names = new StringBuilder();
    for (int shard : shards) {
      covers.add(new ShardRef(shard, 7));
      names.append(names.isEmpty() ? "" : "+").append(sent.get(call).leaf.node()).append(shard);
    }
    List<ShardFailure> failures = new ArrayList<>();
    for (var ref : sent.get(call).leaf.shards()) {
      if (!covers.contains(ref)) {
        failures.add(new ShardFailure(ref, ErrorCode.NOT_OWNER, "failed", "moved"));
      }
    }
    var atoms = List.of(new Atom(covers, SumFunction.encoded(names.toString())));
    answer(call, covers.isEmpty() ? List.of() : atoms, failures);
  }

  private void parts(int call, int... shards) {
    List<Atom> atoms = new ArrayList<>();
    for (int shard : shards) {
      var name = SumFunction.encoded(sent.get(call).leaf.node() + shard);
      atoms.add(new Atom(List.of(new ShardRef(shard, 7)), name));
    }
    List<ShardFailure> failures = new ArrayList<>();
    for (var ref : sent.get(call).leaf.shards()) {
      if (Arrays.stream(shards).noneMatch(shard -> shard == ref.shard())) {
        failures.add(new ShardFailure(ref, ErrorCode.NOT_OWNER, "failed", "moved"));
      }
    }
    answer(call, atoms, failures);
  }

  private void answer(int call, List<Atom> atoms, List<ShardFailure> failures) {
    var bill = new Bill(0, 0, 0, 100, 0, 0, 0, 0, 0, 0, true, List.of(), 0, 0);
    course.reply(sent.get(call), new LeafReply.Answer(atoms, failures, List.of(), bill, 0, 0, 10));
  }

  private void fail(int call) {
    course.reply(
        sent.get(call), new LeafReply.Failure(new HeddleException(ErrorCode.UNAVAILABLE, "gone")));
  }

  private List<String> seen() {
    var merged = gather.merged();
    var result = String.valueOf(run.finish(merged, gather.coverage("deadline")));
    return Arrays.stream(result.split("\\+")).sorted().toList();
  }

  private static String callOf(Attempt attempt) {
    return attempt.name() + " " + attempt.kind;
  }

  @Test
  void aLateCallIsHedgedShardByShardAndTheFirstAnswerStillCounts() {
    begin(2, "b");
    assertEquals(ticker.nanoTime() + LATE.toNanos(), course.wakeNanos());
    advance(LATE);
    assertEquals("b/1 HEDGE", callOf(sent.get(1)));
    assertTrue(calls.get(1).byShard());
    assertFalse(calls.get(0).byShard());
    whole(0, 0, 1);
    assertEquals(List.of("a0", "a1"), seen());
    assertTrue(course.done());
    assertEquals(List.of(sent.get(1)), cancelled);
    assertEquals(End.OUTRUN, sent.get(1).end);
    assertEquals(List.of("b/1"), course.unsettled());
    assertEquals(2, gather.bill().hedges());
  }

  @Test
  void whatAHedgeBringsIsHeldUntilTheHedgesHaveBroughtEverything() {
    begin(3, "b", "c");
    advance(LATE);
    parts(1, 0, 1);
    assertTrue(gather.empty());
    assertFalse(course.done());
    advance(Duration.ofMillis(20));
    assertEquals("c", sent.get(2).leaf.node());
    assertEquals(List.of(new ShardRef(2, 7)), sent.get(2).leaf.shards());
    parts(2, 2);
    assertEquals(List.of("b0", "b1", "c2"), seen());
    assertTrue(course.done());
    assertEquals(List.of(sent.get(0)), cancelled);
    assertEquals(List.of("a/1"), course.unsettled());
  }

  @Test
  void theFirstAnswerReplacesWhatHedgesBroughtButNotWhatItLacks() {
    begin(3, "b", "c");
    advance(LATE);
    parts(1, 0, 2);
    whole(0, 0, 1);
    assertEquals(List.of("a0", "a1", "b2"), seen());
    assertTrue(course.done());
    assertEquals(300 - 100, gather.bill().documentsScanned());
  }

  @Test
  void whereTheFirstCallFailsTheHedgesCount() {
    begin(2, "b", "c");
    advance(LATE);
    fail(0);
    assertEquals(2, sent.size());
    parts(1, 1);
    assertEquals(List.of("b1"), seen());
    assertEquals("c/1 RETRY", callOf(sent.get(2)));
    whole(2, 0);
    assertEquals(List.of("b1", "c0"), seen());
    assertTrue(course.done());
    assertEquals(2, improvements.size() + 1);
  }

  @Test
  void atTheDeadlineWhatHedgesBroughtCounts() {
    begin(2, "b");
    advance(LATE);
    parts(1, 1);
    ticker.advance(DEADLINE.minus(LATE));
    assertTrue(course.done());
    course.end();
    assertEquals(List.of("b1"), seen());
    assertEquals(List.of("a/1"), course.unsettled());
    assertEquals(End.LEFT, sent.get(0).end);
    var gap = gather.coverage("pending").missing().getFirst();
    assertEquals("deadline", gap.reason());
    assertEquals("a/1: no answer within 500 ms", gap.message());
  }

  /** Of shard 1, as a replica tells it that is just being opened. */
  private void opening(int call) {
    var atom = new Atom(List.of(new ShardRef(0, 7)), SumFunction.encoded("a0"));
    answer(call, List.of(atom), opening());
  }

  private static List<ShardFailure> opening() {
    return List.of(
        new ShardFailure(new ShardRef(1, 7), ErrorCode.UNAVAILABLE, "unreachable", "opening"));
  }

  private List<String> gaps(String otherwise) {
    return gather.coverage(otherwise).missing().stream()
        .map(gap -> gap.shard() + " " + gap.reason())
        .toList();
  }

  @Test
  void whatIsAskedOfAnotherReplicaIsPendingAndNotFailed() {
    begin(2, "b");
    opening(0);
    assertEquals("b/1 RETRY", callOf(sent.get(1)));
    assertEquals(1, improvements.size());
    assertEquals(List.of("1 pending"), gaps("pending"));
    whole(1, 1);
    assertEquals(List.of("a0", "b1"), seen());
    assertEquals(List.of(), gaps("deadline"));
  }

  @Test
  void whatAnotherReplicaDoesNotBringInTimeIsLateAndNotFailed() {
    begin(2, "b");
    opening(0);
    ticker.advance(DEADLINE);
    course.end();
    assertEquals(List.of("1 deadline"), gaps("pending"));
    assertEquals(
        "b/1: no answer within 500 ms", gather.coverage("pending").missing().getFirst().message());
  }

  @Test
  void whatAHedgeMayStillBringIsPendingAndNotFailed() {
    begin(2, "b");
    advance(LATE);
    opening(0);
    assertEquals(2, sent.size());
    assertEquals(List.of("1 pending"), gaps("pending"));
    answer(1, List.of(), opening());
    assertEquals(List.of("1 unreachable"), gaps("pending"));
    assertTrue(course.done());
  }

  @Test
  void whatIsAskedOfAnotherAtOnceIsPendingInTheImprovementBefore() {
    begin(2, "b", "c");
    advance(LATE);
    parts(1, 0);
    fail(0);
    assertEquals(List.of(List.of("1 pending")), improvements);
  }

  @Test
  void whatNoReplicaHasFailedAsTheLastOneSays() {
    begin(2, "b");
    opening(0);
    answer(1, List.of(), opening());
    assertEquals(List.of("1 unreachable"), gaps("pending"));
    assertTrue(course.done());
  }

  @Test
  void aShardIsAskedOfThreeReplicasAtMost() {
    begin(1, "b", "c", "d");
    for (int i = 0; i < 20; i++) {
      advance(LATE);
    }
    assertEquals(List.of("a", "b", "c"), sent.stream().map(call -> call.leaf.node()).toList());
  }

  @Test
  void anAnswerThatComesAfterItsCallWasGivenUpIsOnlyBilled() {
    begin(1, "b");
    advance(LATE);
    parts(1, 0);
    assertEquals(List.of("a/1"), course.unsettled());
    whole(0, 0);
    assertEquals(List.of("b0"), seen());
    assertEquals(List.of(), course.unsettled());
    assertEquals(200, gather.bill().documentsScanned());
  }

  @Test
  void aFailedHedgeLeavesTheFirstCallAlone() {
    begin(2, "b");
    advance(LATE);
    fail(1);
    assertFalse(course.done());
    whole(0, 0, 1);
    assertEquals(List.of("a0", "a1"), seen());
    assertTrue(course.done());
    assertEquals(Kind.FIRST, sent.get(0).kind);
    assertEquals(2, sent.size());
  }

  @Test
  void nobodyAsksInVainForWhatHasNoOtherReplica() {
    begin(2);
    advance(LATE);
    assertEquals(1, sent.size());
    assertEquals(ticker.nanoTime() + DEADLINE.minus(LATE).toNanos(), course.wakeNanos());
  }

  /** The leaf knows no figures, and has lost some shards. */
  private void lacks(int call, int... lost) {
    List<ShardFailure> failures = new ArrayList<>();
    int told = 0;
    for (var ref : sent.get(call).leaf.shards()) {
      if (Arrays.stream(lost).anyMatch(shard -> shard == ref.shard())) {
        failures.add(new ShardFailure(ref, ErrorCode.NOT_OWNER, "failed", "moved"));
      } else {
        told++;
      }
    }
    var local = new Figures(told, Map.of(), Map.of());
    course.reply(
        sent.get(call), new LeafReply.NeedsFigures(true, local, List.of(), failures, Bill.NONE));
  }

  @Test
  void scoresRestOnTheFiguresOfAllThatTellThemInTime() {
    beginApart();
    lacks(0);
    assertEquals(2, sent.size());
    lacks(1);
    course.tick();
    assertEquals(
        List.of("a/2 FIGURES", "b/2 FIGURES"),
        sent.stream().skip(2).map(QueryCourseTest::callOf).toList());
    assertFalse(course.partialStatistics());
  }

  @Test
  void whoIsLateWithItsFiguresIsMissingInTheScoresAndTheAnswerSaysSo() {
    beginApart();
    lacks(0);
    var grace = DEADLINE.dividedBy(4);
    advance(grace.minusNanos(1));
    assertEquals(2, sent.size());
    advance(Duration.ofNanos(1));
    assertEquals("a/2 FIGURES", callOf(sent.get(2)));
    assertTrue(course.partialStatistics());
  }

  @Test
  void aPartHandsUpWhatItsLeavesToldAlsoOfShardsThatOthersHadLost() {
    part = true;
    begin(3, "b");
    assertEquals("above/3", calls.getFirst().epoch().toString());
    lacks(0, 1);
    assertEquals("b/1 RETRY", callOf(sent.get(1)));
    assertFalse(course.done());
    lacks(1);
    assertTrue(course.done());
    course.end();
    var rest = course.rest().orElseThrow();
    assertEquals(List.of(0, 1, 2), rest.shards().stream().map(ShardRef::shard).toList());
    assertEquals(3, rest.local().documents());
    assertTrue(rest.fields());
    assertFalse(rest.untold());
    assertEquals(List.of(), gather.gaps());
    assertEquals(2, sent.size());
  }

  @Test
  void aPartWaitsForSilentLeavesForAWhileAndThenHandsUpTheirShardsToo() {
    part = true;
    begin(2, "b");
    lacks(0, 1);
    assertFalse(course.done());
    advance(Duration.ofMillis(100));
    assertTrue(course.done());
    course.end();
    var rest = course.rest().orElseThrow();
    assertEquals(List.of(0, 1), rest.shards().stream().map(ShardRef::shard).toList());
    assertEquals(1, rest.local().documents());
    assertTrue(rest.untold());
    assertEquals(List.of(), gather.gaps());
    assertTrue(cancelled.contains(sent.get(1)));
  }

  private List<String> reasons() {
    return gather.coverage("pending").missing().stream().map(Coverage.Missing::reason).toList();
  }

  @Test
  void shardsOfWhichALeafTellsNothingAreAskedElsewhereAndElseOnNoReplica() {
    begin(3, "b");
    answer(0, List.of(new Atom(List.of(new ShardRef(0, 7)), SumFunction.encoded("a0"))), List.of());
    assertEquals("b/1 RETRY", callOf(sent.get(1)));
    assertEquals(2, sent.get(1).leaf.shards().size());
    answer(1, List.of(new Atom(List.of(new ShardRef(1, 7)), SumFunction.encoded("b1"))), List.of());
    assertTrue(course.done());
    assertEquals(List.of("a0", "b1"), seen());
    assertEquals(List.of("no_replica"), reasons());
    var message = gather.coverage("pending").missing().getFirst().message();
    assertEquals("b: does not tell what became of the shard", message);
  }

  /** It is what the leaf said, in other words, and those that shards of a leaf's answer have. */
  @Test
  void aLeafThatIsNoneSaysThatItHasNoReplica() {
    begin(1);
    course.reply(
        sent.getFirst(),
        new LeafReply.Failure(new HeddleException(ErrorCode.NOT_OWNER, "no leaf")));
    assertEquals(List.of("no_replica"), reasons());
  }

  private void misled(int call, int... shards) {
    List<Atom> atoms = new ArrayList<>();
    for (int shard : shards) {
      var name = SumFunction.encoded("x" + shard);
      atoms.add(new Atom(List.of(new ShardRef(shard, 7)), name, false, new Bound(9)));
    }
    answer(call, atoms, List.of());
  }

  @Test
  void whatAHedgeLeftOutForABarOfWhichItWasNotToldDoesNotCount() {
    begin(2, "b");
    advance(LATE);
    assertEquals("b/1 HEDGE", callOf(sent.get(1)));
    misled(1, 0, 1);
    assertFalse(course.done());
    assertEquals(2, sent.size());
    whole(0, 0, 1);
    assertTrue(course.done());
    assertEquals(List.of("a0", "a1"), seen());
  }

  @Test
  void whereTheFirstCallFailsAHedgeThatWasMisledSaysSo() {
    begin(2, "b");
    advance(LATE);
    fail(0);
    misled(1, 0, 1);
    assertTrue(course.done());
    assertEquals(List.of("nothing"), seen());
    assertEquals(List.of("failed", "failed"), reasons());
  }

  /** In the meantime nothing can match in it, as before. */
  @Test
  void aShardThatIsAskedForFiguresOnlyTakesNoCoverageBack() {
    beginWithoutTheLast();
    answer(0, List.of(new Atom(List.of(new ShardRef(0, 7)), SumFunction.encoded("a0"))), List.of());
    var before = gather.coverage("pending");
    // Of what was not told, each counts as the one that is known.
    assertEquals(2 * 70, before.seen());
    lacks(1);
    assertEquals("c/1 FIRST", callOf(sent.get(2)));
    var after = gather.coverage("pending");
    assertEquals(before.seen(), after.seen());
    assertEquals(1, after.skipped());
    assertEquals(List.of("pending"), reasons());
    fail(2);
    course.tick();
    assertEquals("b/2 FIGURES", callOf(sent.get(3)));
    answer(3, List.of(new Atom(List.of(new ShardRef(1, 7)), SumFunction.encoded("b1"))), List.of());
    assertTrue(course.done());
    assertTrue(gather.coverage("deadline").complete());
    assertEquals(3 * 70, gather.coverage("deadline").seen());
    assertTrue(course.partialStatistics());
  }

  @Test
  void aShardThatIsAskedAfterAllCountsAsItAnswers() {
    beginWithoutTheLast();
    lacks(0);
    lacks(1);
    lacks(2);
    course.tick();
    for (int call = 3; call < 6; call++) {
      whole(call, sent.get(call).leaf.shards().getFirst().shard());
    }
    assertTrue(course.done());
    var coverage = gather.coverage("deadline");
    assertTrue(coverage.complete());
    assertEquals(3, coverage.answered());
    assertEquals(0, coverage.skipped());
    assertEquals(0, gather.stalenessMicros());
  }
}
