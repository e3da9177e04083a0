package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.KnownSummary;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpochs;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class QueryRunTest {
  private static final Ticker TICKER = Ticker.system();

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final dev.heddle.engine.Engine engine = closer.register("engine", Fixtures.engine());
  private final KnownShards known = new KnownShards(new ReplicaTable(TICKER));
  private final StatisticsEpochs epochs = new StatisticsEpochs("test", Duration.ofHours(1), TICKER);
  private final List<LeafAssignment> leaves = new ArrayList<>();

  @AfterEach
  void close() {
    closer.close();
  }

  private ScriptedLeafGrpcService leaf(ScriptedLeafGrpcService service) {
    int shard = leaves.size();
    add(Fixtures.serve(closer, "leaf-" + shard, service).address().toString());
    return service;
  }

  private void add(String address) {
    int shard = leaves.size();
    leaves.add(new LeafAssignment("node-" + shard, address, List.of(new ShardRef(shard, 7))));
  }

  private QueryAnswer answer(
      Duration deadline, double minCoverage, Optional<Improvements> improvements)
      throws InterruptedException {
    return answer(
        new Plan(Fixtures.dataset(leaves.size()), leaves, List.of()),
        deadline,
        minCoverage,
        improvements);
  }

  /** The last leaf's shard is left out. */
  private QueryAnswer answerWithoutTheLast() throws InterruptedException {
    int shard = leaves.size() - 1;
    var summary = new KnownSummary("n", shard, "incarnation-" + shard, 42, 70, Map.of(), Map.of());
    var plan =
        new Plan(
            Fixtures.dataset(leaves.size()),
            leaves.subList(0, shard),
            List.of(),
            List.of(new Plan.Skipped(leaves.get(shard), summary, 5_000)));
    return answer(plan, Duration.ofSeconds(60), 1, Optional.empty());
  }

  private QueryAnswer answer(
      Plan plan, Duration deadline, double minCoverage, Optional<Improvements> improvements)
      throws InterruptedException {
    var dataset = plan.dataset();
    var table = new ReplicaTable(TICKER);
    var shared =
        new SharedStateBuilder(table, channels, TICKER).epochs(epochs).known(known).build();
    try (var run = Fixtures.run(engine, "sum")) {
      return new QueryRun(
              shared,
              plan,
              Reading.ANY,
              run,
              Fixtures.template(dataset),
              Fixtures.options(deadline, minCoverage, Reading.Level.ANY, PositionToken.EMPTY),
              () -> false,
              improvements,
              "trace",
              TICKER.nanoTime(),
              Fixtures.ADMITTED)
          .answer()
          .covering(minCoverage);
    }
  }

  private static Improvements taking(List<QueryAnswer> taken, BooleanSupplier wanted) {
    return new Improvements() {
      @Override
      public boolean wanted() {
        return wanted.getAsBoolean();
      }

      @Override
      public void improved(QueryAnswer answer) {
        taken.add(answer);
      }

      @Override
      public void whenWanted(Runnable wake) {
        // Nobody comes to want one later.
      }
    };
  }

  /** Who has yet to read the one before is sent no other, and gets the last all the same. */
  @Test
  void noImprovementIsMadeForWhoReadsSlowly() throws InterruptedException {
    leaf(ScriptedLeafGrpcService.answering("a"));
    leaf(ScriptedLeafGrpcService.answering("b"));
    leaf(ScriptedLeafGrpcService.answering("c"));
    List<QueryAnswer> taken = new ArrayList<>();
    var last = answer(Duration.ofSeconds(60), 0, Optional.of(taking(taken, taken::isEmpty)));
    assertEquals(1, taken.size());
    assertTrue(last.last());
    assertEquals(3, last.coverage().answered());
  }

  /**
   * The third leaf answers only when the client has what the first two did: which it gets by saying
   * that it can take it now.
   */
  @Test
  void whoCanTakeOneAgainGetsTheNewestThereIs() throws InterruptedException {
    var improved = new CountDownLatch(1);
    leaf(ScriptedLeafGrpcService.answering("a"));
    leaf(ScriptedLeafGrpcService.answering("b"));
    leaf(
        ScriptedLeafGrpcService.scripted(request -> {
          try {
            improved.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          return Optional.of(ScriptedLeafGrpcService.answer("c", request, 1));
        }));
    List<QueryAnswer> taken = new ArrayList<>();
    var slow =
        new Improvements() {
          private Runnable wake = () -> {};
          private int asked;

          // Busy with something while both come, of which it then says that it is done.
          @Override
          public boolean wanted() {
            if (++asked == 2) {
              wake.run();
              wake.run();
            }
            return asked > 2;
          }

          @Override
          public void improved(QueryAnswer answer) {
            taken.add(answer);
            improved.countDown();
          }

          @Override
          public void whenWanted(Runnable wake) {
            this.wake = wake;
          }
        };
    var last = answer(Duration.ofSeconds(60), 0, Optional.of(slow));
    assertEquals(1, taken.size());
    assertEquals(2, taken.getFirst().coverage().answered());
    assertEquals(3, last.coverage().answered());
  }

  private QueryAnswer answer() throws InterruptedException {
    return answer(Duration.ofSeconds(60), 0, Optional.empty());
  }

  @Test
  void mergesWhatAllLeavesAnswer() throws InterruptedException {
    leaf(ScriptedLeafGrpcService.answering("a"));
    leaf(ScriptedLeafGrpcService.answering("b"));
    var answer = answer();
    assertTrue(answer.coverage().complete());
    assertEquals(200, answer.coverage().seen());
    assertEquals(List.of(), answer.bill().open());
    assertEquals(256_000, answer.bill().memoryMibNanos() - here(answer));
    assertEquals(2, answer.explanation().orElseThrow().attempts().size());
  }

  private static long here(QueryAnswer answer) {
    return (answer.bill().activeNanos() - 2_000) * 128;
  }

  @Test
  void answersAtTheDeadlineWithWhatThereIsAndNamesTheOpenAttempt() throws InterruptedException {
    leaf(ScriptedLeafGrpcService.answering("a"));
    leaf(ScriptedLeafGrpcService.silent());
    var answer = answer(Duration.ofSeconds(3), 0, Optional.empty());
    assertEquals("a", answer.result());
    assertEquals("deadline", answer.coverage().missing().getFirst().reason());
    assertEquals(1, answer.coverage().answered());
    assertTrue(answer.coverage().ratio() < 1);
    assertEquals(List.of("node-1/1"), answer.bill().open());
    assertFalse(answer.bill().complete());
  }

  @Test
  void aDeadLeafCostsItsShardsOnly() throws InterruptedException {
    leaf(ScriptedLeafGrpcService.answering("a"));
    add("127.0.0.1:1");
    var answer = answer();
    assertEquals("a", answer.result());
    assertEquals("unreachable", answer.coverage().missing().getFirst().reason());
  }

  @Test
  void asksAgainWithSummedFiguresOnceAnEpoch() throws InterruptedException {
    var one = leaf(ScriptedLeafGrpcService.scoring("a", "moby", 3));
    var two = leaf(ScriptedLeafGrpcService.scoring("b", "moby", 4));
    var first = answer();
    assertEquals(1, first.explanation().orElseThrow().statisticsRounds());
    assertFalse(first.partialStatistics());
    assertTrue(String.valueOf(first.result()).contains("a=7"), () -> "result " + first.result());
    assertTrue(String.valueOf(first.result()).contains("b=7"), () -> "result " + first.result());
    var second = answer();
    assertEquals(0, second.explanation().orElseThrow().statisticsRounds());
    assertEquals(first.statisticsEpoch(), second.statisticsEpoch());
    assertEquals(3, one.requests.size());
    assertEquals(3, two.requests.size());
  }

  @Test
  void figuresThatNotAllLeavesToldHoldForOneQueryOnly() throws InterruptedException {
    leaf(ScriptedLeafGrpcService.scoring("a", "moby", 3));
    add("127.0.0.1:1");
    var first = answer();
    assertEquals("a=3", first.result());
    assertTrue(first.partialStatistics());
    var second = answer();
    assertFalse(first.statisticsEpoch().equals(second.statisticsEpoch()));
  }

  @Test
  void aShardInWhichNothingCanMatchIsNotAskedAndCountsAsSeen() throws InterruptedException {
    leaf(ScriptedLeafGrpcService.answering("a"));
    var left = leaf(ScriptedLeafGrpcService.answering("b"));
    var answer = answerWithoutTheLast();
    assertEquals("a", answer.result());
    assertEquals(0, left.requests.size());
    assertEquals(170, answer.coverage().seen());
    assertEquals(170, answer.coverage().target());
    assertEquals(1, answer.coverage().answered());
    assertEquals(1, answer.coverage().skipped());
    assertTrue(answer.coverage().complete());
    assertEquals(5_000, answer.stalenessMicros());
    var dataset = Fixtures.dataset(2);
    assertEquals(List.of(new Position(1, "incarnation-1", 42)), answer.position().of(dataset));
    assertEquals(1, answer.explanation().orElseThrow().skipped().getFirst().shard());
  }

  /** Figures would else lack those of a shard, and scores would be others. */
  @Test
  void whereLeavesLackFiguresEveryShardIsAsked() throws InterruptedException {
    leaf(ScriptedLeafGrpcService.scoring("a", "moby", 3));
    var left = leaf(ScriptedLeafGrpcService.scoring("b", "moby", 4));
    var first = answerWithoutTheLast();
    assertTrue(String.valueOf(first.result()).contains("a=7"), () -> "result " + first.result());
    assertTrue(String.valueOf(first.result()).contains("b=7"), () -> "result " + first.result());
    assertEquals(0, first.coverage().skipped());
    assertEquals(2, first.coverage().answered());
    assertEquals(List.of(), first.explanation().orElseThrow().skipped());
    var asked = left.requests.size();
    var second = answerWithoutTheLast();
    assertEquals("a=7", second.result());
    assertEquals(first.statisticsEpoch(), second.statisticsEpoch());
    assertEquals(asked, left.requests.size());
  }

  @Test
  void aWrongRequestFailsTheQuery() {
    leaf(ScriptedLeafGrpcService.answering("a"));
    leaf(
        ScriptedLeafGrpcService.failing(
            new HeddleException(ErrorCode.UNKNOWN_FIELD, "field: colour (expected: a field)")));
    var failure = assertThrows(HeddleException.class, this::answer);
    assertEquals(ErrorCode.UNKNOWN_FIELD, failure.code());
  }

  @Test
  void lessCoverageThanAskedForIsAnError() {
    leaf(ScriptedLeafGrpcService.answering("a"));
    add("127.0.0.1:1");
    var failure =
        assertThrows(
            HeddleException.class, () -> answer(Duration.ofSeconds(60), 0.9, Optional.empty()));
    assertEquals(ErrorCode.COVERAGE_TOO_LOW, failure.code());
  }

  @Test
  void sendsEachImprovementButTheLast() throws InterruptedException {
    leaf(ScriptedLeafGrpcService.answering("a"));
    leaf(ScriptedLeafGrpcService.answering("b"));
    leaf(ScriptedLeafGrpcService.answering("c"));
    List<QueryAnswer> improvements = new ArrayList<>();
    var last = answer(Duration.ofSeconds(60), 0, Optional.of(taking(improvements, () -> true)));
    assertEquals(2, improvements.size());
    assertFalse(improvements.getFirst().last());
    assertEquals(1, improvements.getFirst().coverage().answered());
    assertEquals(2, improvements.getLast().coverage().answered());
    assertTrue(last.last());
    assertEquals(3, last.coverage().answered());
  }
}
