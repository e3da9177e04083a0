package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.PositionToken;
import dev.heddle.coordinator.Attempt.Kind;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.engine.Engine;
import dev.heddle.function.Coverage;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Leaves that heed bars which nobody of the query told them. */
@Timeout(60)
class ForgedBarsTest {
  private static final Ticker TICKER = Ticker.system();

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final Engine engine = closer.register("engine", Fixtures.engine());
  private final SharedState shared =
      new SharedStateBuilder(new ReplicaTable(TICKER), channels, TICKER).build();

  @AfterEach
  void close() {
    closer.close();
  }

  private QueryAnswer answer(SearchingLeaf... leaves) throws InterruptedException {
    var dataset = Fixtures.dataset(leaves.length);
    List<LeafAssignment> calls = new ArrayList<>();
    for (var leaf : leaves) {
      int shard = calls.size();
      var address = Fixtures.serve(closer, "leaf-" + shard, leaf).address().toString();
      calls.add(new LeafAssignment("node-" + shard, address, List.of(new ShardRef(shard, 7))));
    }
    try (var run = engine.scatter(SearchingLeaf.search(), SearchingLeaf.REQUEST)) {
      return new QueryRun(
              shared,
              new Plan(dataset, calls, List.of()),
              Reading.ANY,
              run,
              LeafGrpcClient.template(
                  "q", "default", dataset.id(), SearchingLeaf.search(), 1, SearchingLeaf.REQUEST),
              Fixtures.options(Duration.ofSeconds(50), 0, Reading.Level.ANY, PositionToken.EMPTY),
              () -> false,
              Optional.empty(),
              "trace",
              TICKER.nanoTime(),
              Fixtures.ADMITTED)
          .answer();
    }
  }

  private static List<String> reasons(QueryAnswer answer) {
    return answer.coverage().missing().stream().map(Coverage.Missing::reason).toList();
  }

  @Test
  void whatALeafLeftOutForABarThatTheQueryDidNotTellIsAskedForAgain() throws InterruptedException {
    for (double forged : new double[] {Double.POSITIVE_INFINITY, Double.MAX_VALUE, 1_000}) {
      var best = SearchingLeaf.quick(engine);
      best.misled = 1;
      best.forged = forged;
      var answer = answer(best, SearchingLeaf.quick(engine), SearchingLeaf.quick(engine));
      assertEquals(SearchingLeaf.truth(engine, 3), SearchingLeaf.hits(answer.result()));
      assertTrue(answer.coverage().complete());
      assertEquals(
          List.of(Kind.FIRST, Kind.WHOLE),
          answer.explanation().orElseThrow().attempts().stream()
              .filter(call -> call.leaf.node().equals("node-0"))
              .map(call -> call.kind)
              .toList());
      assertEquals(2, best.asked.size());
      assertEquals(false, best.asked.getLast().hasBar());
    }
  }

  @Test
  void aLeafThatIsMisledAgainIsMissingAndNotCountedAsSearched() throws InterruptedException {
    var best = SearchingLeaf.quick(engine);
    best.misled = Integer.MAX_VALUE;
    var answer = answer(best, SearchingLeaf.quick(engine), SearchingLeaf.quick(engine));
    assertEquals(List.of("failed"), reasons(answer));
    assertEquals(2 * SearchingLeaf.DOCUMENTS, answer.coverage().seen());
    var message = answer.coverage().missing().getFirst().message();
    assertTrue(message.contains("bar: heeds Infinity"), message);
    assertEquals(2, best.asked.size());
  }

  /** The query is not wrong, and nobody has cancelled anything. */
  @Test
  void anAnswerThatMakesNoSenseFailsItsShardsAndNothingElse() throws InterruptedException {
    var best = SearchingLeaf.quick(engine);
    best.misled = Integer.MAX_VALUE;
    best.forged = Double.NaN;
    var answer = answer(best, SearchingLeaf.quick(engine), SearchingLeaf.quick(engine));
    assertEquals(List.of("failed"), reasons(answer));
    assertEquals(2 * SearchingLeaf.DOCUMENTS, answer.coverage().seen());
    var message = answer.coverage().missing().getFirst().message();
    assertTrue(message.contains("bar: NaN (expected: a number)"), message);
  }
}
