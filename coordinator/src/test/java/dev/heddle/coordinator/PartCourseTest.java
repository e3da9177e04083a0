package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.gather.Gather;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.NodeUse;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.scatter.HedgingPolicy;
import dev.heddle.coordinator.scatter.LeafCall;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafReply;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
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
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * What becomes of the one part that a plan has: coordinator mid is handed it, and is to ask a leaf
 * for the first half of the shards, and leaf b for the others.
 */
class PartCourseTest implements QueryCourse.Door {
  private static final Duration LATE = Duration.ofMillis(10);
  private static final Duration DEADLINE = Duration.ofMillis(500);

  /** More than the burst of the budget for failed shards. */
  private static final int MANY = 300;

  private final Closer closer = new Closer();
  private final ManualTicker ticker = new ManualTicker();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", Fixtures.engine());
  private final ReplicaTable table = new ReplicaTable(ticker);

  /** Whose pace was asked for. */
  private final List<String> paced = new ArrayList<>();

  private final SharedState shared =
      new SharedStateBuilder(table, channels, ticker).hedging(new Paces()).build();
  private final List<Attempt> sent = new ArrayList<>();

  /** What the calls that were sent say. */
  private final List<LeafCall> said = new ArrayList<>();

  private Trim trim = Trim.NONE;

  /** The leaf that is to be asked for the first half. */
  private String first = "a";

  private String function = "sum";

  /** Whether nobody has any shard any more. */
  private boolean nobody;

  @SuppressWarnings("NullAway.Init") // By begin.
  private ScatterRun run;

  @SuppressWarnings("NullAway.Init") // By begin.
  private Gather gather;

  @SuppressWarnings("NullAway.Init") // By begin.
  private QueryCourse course;

  @AfterEach
  void close() {
    closer.close();
  }

  @Override
  public Runnable send(LeafCall call, Attempt attempt) {
    sent.add(attempt);
    said.add(call);
    return () -> {};
  }

  @Override
  public void improved() {}

  @Override
  public void tell(Attempt attempt, Bound bar) {}

  /** Everything is late after {@link #LATE}. */
  private final class Paces implements HedgingPolicy, HedgingPolicy.Calls {
    @Override
    public Calls of(String datasetId, String named) {
      paced.add(named);
      return this;
    }

    @Override
    public void retain(Set<String> datasetIds) {}

    @Override
    public long delayNanos(String node, int shards) {
      return LATE.toNanos();
    }

    @Override
    public void answered(String node, int shards, long nanos) {}

    @Override
    public void outrun(String node, int shards, long nanos) {}
  }

  private static List<ShardRef> refs(int from, int to) {
    return IntStream.range(from, to).mapToObj(shard -> new ShardRef(shard, 7)).toList();
  }

  /** Each shard is also on the nodes named, asked in this order after the one of the plan. */
  private void begin(int shards, String... others) {
    sent.clear();
    said.clear();
    var dataset = Fixtures.dataset(shards);
    int half = shards / 2;
    var part =
        LeafAssignment.handing(
            "mid",
            "mid:1",
            List.of(
                new LeafAssignment(first, first + ":1", refs(0, half)),
                new LeafAssignment("b", "b:1", refs(half, shards))));
    var plan = new Plan(dataset, List.of(part), List.of());
    run = closer.register("run", Fixtures.run(engine, function));
    gather = new Gather(run, plan, shared.known());
    var tries =
        Fixtures.tries(
            dataset,
            shard ->
                nobody
                    ? Stream.of()
                    : Stream.concat(Stream.of(shard < half ? first : "b"), Arrays.stream(others)));
    var terms =
        shared.terms(
            dataset.id(),
            function,
            Reading.ANY,
            Budget.ANY,
            2,
            trim,
            false,
            ticker.nanoTime() + DEADLINE.toNanos());
    course = new QueryCourse(shared, plan, gather, tries, terms, this);
    // As if many queries had been before.
    shared.hedges().earn(10_000);
    course.begin();
  }

  private void advance(Duration step) {
    ticker.advance(step);
    course.tick();
  }

  private void fail(int call, ErrorCode code) {
    course.reply(sent.get(call), new LeafReply.Failure(new HeddleException(code, "mid: no")));
  }

  private void answer(int call, List<Atom> atoms, List<ShardReport> reports) {
    course.reply(
        sent.get(call), new LeafReply.Answer(atoms, List.of(), reports, Bill.NONE, 0, 0, 10));
  }

  private static Atom atom(String name, int from, int to) {
    return new Atom(refs(from, to), SumFunction.encoded(name));
  }

  private static ShardReport report(int shard) {
    return new ShardReport(
        shard,
        100,
        1,
        1,
        0,
        1,
        1,
        new Position(shard, "i" + shard, 1),
        Optional.empty(),
        false,
        "a");
  }

  /** Calls since the first: node, kind, shards. */
  private List<String> further() {
    return sent.stream()
        .skip(1)
        .map(call -> call.leaf.node() + " " + call.kind + " " + call.leaf.shards().size())
        .toList();
  }

  private NodeUse mid() {
    return shared.tree().use("mid");
  }

  @Test
  void whatACoordinatorCouldNotDoIsAskedOfLeavesWholeAndBesideTheBudget() {
    for (var code :
        List.of(
            ErrorCode.OVERLOADED,
            ErrorCode.UNAVAILABLE,
            ErrorCode.LIMIT_REACHED,
            ErrorCode.CANCELLED,
            ErrorCode.INTERNAL)) {
      begin(MANY);
      fail(0, code);
      assertEquals(List.of("a RETRY 150", "b RETRY 150"), further());
      assertEquals(0, course.denied());
      answer(1, List.of(atom("a", 0, 150)), List.of());
      answer(2, List.of(atom("b", 150, MANY)), List.of());
      assertTrue(course.done());
      assertTrue(gather.coverage("deadline").complete());
    }
    assertTrue(shared.retries().spend(1, false));
  }

  /** However many levels there are below. */
  @Test
  void whatIsToTrimNothingTellsAllThatItAsks() {
    for (var each : List.of(Trim.NONE, Trim.WHOLE)) {
      trim = each;
      begin(4);
      fail(0, ErrorCode.OVERLOADED);
      assertEquals(3, said.size());
      for (var call : said) {
        assertEquals(each == Trim.WHOLE, call.whole());
        assertEquals(0, call.hits());
      }
    }
  }

  @Test
  void aLeafOfTheFailedPartIsAskedElsewhereWithinTheBudget() {
    begin(MANY, "c");
    fail(0, ErrorCode.UNAVAILABLE);
    fail(1, ErrorCode.UNAVAILABLE);
    fail(2, ErrorCode.UNAVAILABLE);
    assertEquals(List.of("a RETRY 150", "b RETRY 150", "c RETRY 150"), further());
    assertEquals(150, course.denied());
  }

  /** A node may be both. */
  @Test
  void aCoordinatorsOwnLeafMayBeAskedForItsShards() {
    first = "mid";
    begin(4);
    fail(0, ErrorCode.OVERLOADED);
    assertEquals(List.of("mid RETRY 2", "b RETRY 2"), further());
    assertFalse(sent.get(1).leaf.handed());
  }

  @Test
  void aMergeThatFailsBelowFailsTheQuery() {
    begin(4);
    var failure =
        assertThrows(HeddleException.class, () -> fail(0, ErrorCode.FUNCTION_MERGE_FAILED));
    assertEquals(ErrorCode.FUNCTION_MERGE_FAILED, failure.code());
  }

  @Test
  void aLatePartIsHedgedAtOthersThanThoseForWhichItWaits() {
    begin(4, "c");
    advance(LATE);
    assertEquals(List.of("c HEDGE 4"), further());
  }

  @Test
  void whereThereIsNoOtherReplicaThePlansLeafIsAskedOnceThePartIsLateAgain() {
    begin(4);
    advance(LATE);
    assertEquals(List.of(), further());
    advance(LATE.multipliedBy(2));
    assertEquals(List.of("a HEDGE 2", "b HEDGE 2"), further());
    for (int i = 0; i < 10; i++) {
      advance(LATE.multipliedBy(4));
    }
    assertEquals(2, further().size());
  }

  @Test
  void aPartThatFailsOnceItIsLateIsAskedOfThePlansLeaves() {
    begin(4);
    advance(LATE);
    fail(0, ErrorCode.UNAVAILABLE);
    assertEquals(List.of("a RETRY 2", "b RETRY 2"), further());
  }

  @Test
  void whoRefusesAgainAndAgainIsLeftOut() {
    for (int i = 0; i < 3; i++) {
      assertFalse(mid().ejected(ticker.nanoTime()));
      begin(4);
      fail(0, ErrorCode.OVERLOADED);
    }
    assertTrue(mid().ejected(ticker.nanoTime()));
  }

  @Test
  void whoSaysNothingByTheDeadlineAgainAndAgainIsLeftOut() {
    for (int i = 0; i < 3; i++) {
      assertFalse(mid().ejected(ticker.nanoTime()));
      begin(4);
      ticker.advance(DEADLINE);
      assertTrue(course.done());
      course.end();
    }
    assertTrue(mid().ejected(ticker.nanoTime()));
  }

  @Test
  void whoIsGivenUpBeforeTheDeadlineIsNotAtFault() {
    for (int i = 0; i < 10; i++) {
      begin(4);
      course.abandon();
    }
    assertFalse(mid().ejected(ticker.nanoTime()));
  }

  /** As a node would that does not know of parts. */
  @Test
  void shardsOfWhichAnAnswerTellsNothingAreAskedOfLeaves() {
    begin(4);
    answer(0, List.of(atom("a", 0, 2)), List.of());
    assertEquals(List.of("b RETRY 2"), further());
    answer(1, List.of(atom("b", 2, 4)), List.of());
    assertTrue(gather.coverage("deadline").complete());
    assertEquals("a+b", run.finish(gather.merged(), gather.coverage("deadline")));
  }

  @Test
  void positionsCountOnceForEachShardWhereAnAnswerHasSeveralPartials() {
    function = "list";
    begin(4);
    answer(0, List.of(atom("x", 0, 1), atom("y", 2, 4)), List.of(report(0), report(2), report(3)));
    assertEquals(
        List.of(0, 2, 3), gather.positions().stream().map(Position::shard).sorted().toList());
  }

  /** What hedges brought in the meantime is not kept waiting. */
  @Test
  void aPartThatLacksFiguresOnlyForWhatOthersBroughtIsOver() {
    begin(4, "c");
    advance(LATE);
    answer(
        1,
        IntStream.range(0, 4).mapToObj(i -> atom("c" + i, i, i + 1)).limit(3).toList(),
        List.of());
    var rest =
        new LeafReply.Rest(refs(8, 9), false, true, new Figures(1, Map.of(), Map.of()), List.of());
    course.reply(
        sent.getFirst(),
        new LeafReply.Answer(
            List.of(atom("b3", 3, 4)),
            List.of(),
            List.of(),
            Bill.NONE,
            0,
            0,
            10,
            Optional.of(rest),
            List.of()));
    assertTrue(course.done());
    assertTrue(gather.coverage("deadline").complete());
    assertEquals(Kind.HEDGE, sent.get(1).kind);
    assertEquals(2, sent.size());
  }

  @Test
  void flatQueriesHaveNoPaceOfParts() {
    var _ = shared.terms("d", "sum", Reading.ANY, Budget.ANY, 1, Trim.NONE, false, 0);
    assertEquals(List.of("sum"), paced);
    var _ = shared.terms("d", "sum", Reading.ANY, Budget.ANY, 2, Trim.NONE, false, 0);
    assertEquals(List.of("sum", "sum", "sum/parts"), paced);
  }

  private List<String> reasons() {
    return gather.coverage("pending").missing().stream().map(Coverage.Missing::reason).toList();
  }

  @Test
  void whatNobodyTellsOfAndNobodyHasIsOnNoReplica() {
    nobody = true;
    begin(4);
    answer(0, List.of(atom("a", 0, 2)), List.of());
    assertEquals(List.of(), further());
    assertEquals(List.of("no_replica", "no_replica"), reasons());
  }

  /** That the coordinator is gone, or refuses, says nothing of the shards. */
  @Test
  void whereNobodyHasTheShardsOfAPartThatFailedTheReasonIsThat() {
    nobody = true;
    for (var code :
        List.of(
            ErrorCode.UNAVAILABLE,
            ErrorCode.OVERLOADED,
            ErrorCode.NOT_OWNER,
            ErrorCode.CATALOG_UNAVAILABLE,
            ErrorCode.INTERNAL)) {
      begin(2);
      fail(0, code);
      assertEquals(List.of("no_replica", "no_replica"), reasons(), code.toString());
      var message = gather.coverage("pending").missing().getFirst().message();
      assertEquals("mid: mid: no; and there is no replica to ask", message);
    }
    begin(2);
    fail(0, ErrorCode.DEADLINE_EXCEEDED);
    assertEquals(List.of("deadline", "deadline"), reasons());
  }

  @Test
  void whatALeafSaysIsWhyAShardOfAFailedPartIsMissing() {
    begin(2);
    fail(0, ErrorCode.OVERLOADED);
    assertEquals(List.of("a RETRY 1", "b RETRY 1"), further());
    assertEquals(List.of("pending", "pending"), reasons());
    fail(1, ErrorCode.UNAVAILABLE);
    fail(2, ErrorCode.QUEUE_FULL);
    assertEquals(List.of("unreachable", "refused"), reasons());
  }

  private void misled(int call) {
    var atom = new Atom(refs(0, 4), SumFunction.encoded("x"), false, new Bound(5));
    answer(call, List.of(atom), List.of());
  }

  /** As where its answers improve: then no atoms are kept. */
  @Test
  void whatAPartLeftOutForABarOfWhichItWasNotToldIsAskedForAgainAndThenOfLeaves() {
    begin(4);
    misled(0);
    assertEquals(List.of("mid WHOLE 4"), further());
    misled(1);
    assertEquals(List.of("mid WHOLE 4", "a RETRY 2", "b RETRY 2"), further());
    answer(2, List.of(atom("a", 0, 2)), List.of());
    answer(3, List.of(atom("b", 2, 4)), List.of());
    assertTrue(course.done());
    assertEquals("a+b", run.finish(gather.merged(), gather.coverage("deadline")));
  }
}
