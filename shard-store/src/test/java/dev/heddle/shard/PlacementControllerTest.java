package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Closer;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.ManualTicker;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class PlacementControllerTest {
  /** Its own thread looks after 15 minutes only: the tests look themselves. */
  private static final PlacementConfig CONFIG =
      new PlacementConfig(Duration.ofHours(1), 4, Duration.ofHours(2), Duration.ofMinutes(15));

  private static final Duration TTL = Duration.ofMinutes(1);

  private final Closer closer = new Closer();
  private final ManualTicker ticker = new ManualTicker();
  private final Map<String, CatalogClient> nodes = new HashMap<>();
  @TempDir Path directory;
  private LocalCatalog catalog;
  private CatalogClient client;

  @BeforeEach
  void start() {
    catalog = closer.register("catalog", LocalCatalog.start(directory));
    client = catalog.client();
  }

  @AfterEach
  void close() {
    closer.close();
  }

  @Test
  void replicasOfANodeThatStaysAwayAreBuiltElsewhere() {
    live("a", "b", "c");
    dataset("d", 3, "a b x", "a b c");
    PlacementController controller = controller("a", client);
    pass(controller, 59);
    assertPlacements("d", "a b x", "a b c");
    pass(controller, 2);
    assertPlacements("d", "a b x +c -x", "a b c");
    // Not once more.
    pass(controller, 120);
    assertPlacements("d", "a b x +c -x", "a b c");
  }

  @Test
  void aNodeThatComesBackHasItsFullTimeAgain() {
    live("a", "b", "c");
    dataset("d", 3, "a b x");
    PlacementController controller = controller("a", client);
    pass(controller, 40);
    live("x");
    pass(controller, 1);
    gone("x");
    pass(controller, 59);
    assertPlacements("d", "a b x");
    pass(controller, 2);
    assertPlacements("d", "a b x +c -x");
  }

  @Test
  void aControllerThatStoodStillHoldsNothingAgainstTheOthers() {
    live("a", "b", "c");
    dataset("d", 3, "a b x");
    PlacementController controller = controller("a", client);
    pass(controller, 10);
    ticker.advance(Duration.ofHours(9));
    controller.look();
    assertPlacements("d", "a b x");
    pass(controller, 59);
    assertPlacements("d", "a b x");
    pass(controller, 2);
    assertPlacements("d", "a b x +c -x");
  }

  @Test
  void onlyTheLowestNodeThatCanHoldShardsActs() {
    live("b", "c");
    register("a", new NodeRecord("a", "1", Set.of("leaf"), "127.0.0.1:1", "", "", ""));
    register("a0", new NodeRecord("a0", "1", Set.of("gateway"), "127.0.0.1:1", "", "", "h:1"));
    dataset("d", 2, "b");
    for (String quiet : List.of("a", "a0", "c", "d")) {
      controller(quiet, client).look();
    }
    assertPlacements("d", "b");
    controller("b", client).look();
    assertPlacements("d", "b +c");
  }

  @Test
  void shardsOfOneDatasetStartTogetherUpToTheLimit() {
    live("a", "b", "c");
    dataset("d", 2, "a", "b", "c", "a", "b", "c");
    HeldCatalog counted = new HeldCatalog(client);
    PlacementController controller = controller("a", counted);
    controller.look();
    assertEquals(4, counted.written.get());
    assertPlacements("d", "a +b", "b +a", "c +a", "a +c", "b", "c");
    controller.look();
    assertEquals(4, counted.written.get());
    assertEquals(0, counted.conflicts.get());
  }

  @Test
  void itsOwnMovesCountBeforeItsViewHasThem() {
    live("a", "b");
    dataset("d", 2, "a", "a", "a", "a");
    dataset("e", 2, "a", "a", "a", "a");
    HeldCatalog held = new HeldCatalog(client);
    PlacementController controller = controller("a", held);
    held.hold();
    controller.look();
    controller.look();
    assertEquals(4, held.written.get());
    assertPlacements("d", "a +b", "a +b", "a +b", "a +b");
    assertPlacements("e", "a", "a", "a", "a");
    held.letGo();
    // What is done makes room.
    settle("d", 0);
    controller.look();
    assertPlacements("d", "a b", "a +b", "a +b", "a +b");
    assertPlacements("e", "a +b", "a", "a", "a");
  }

  @Test
  void ofTwoRivalsTheCatalogTakesOnlyOnesMove() {
    live("b", "c", "d");
    dataset("d", 3, "b c x");
    HeldCatalog late = new HeldCatalog(catalog.client());
    PlacementController former = controller("b", late);
    PlacementController present = controller("a", client);
    pass(List.of(former, present), 59);
    // a comes, and b has not heard of it: both take themselves for the one that acts.
    late.hold();
    live("a");
    pass(List.of(present, former), 1);
    assertEquals(1, late.conflicts.get());
    assertEquals(0, late.written.get());
    assertPlacements("d", "b c x +a -x");
    late.letGo();
    awaitView(late);
    pass(List.of(present, former), 10);
    assertPlacements("d", "b c x +a -x");
    assertEquals(2, placement("d", 0).generation());
  }

  @Test
  void rivalsAtTheSameMomentNeverMoveAShardTwice() throws Exception {
    live("a", "b", "c");
    for (int round = 0; round < 20; round++) {
      String name = "d" + round;
      dataset(name, 2, "a", "b", "c");
      // Each takes itself for the lowest: nobody tells them apart but the catalog.
      HeldCatalog first = new HeldCatalog(client);
      HeldCatalog second = new HeldCatalog(catalog.client());
      awaitView(second);
      CyclicBarrier together = new CyclicBarrier(2);
      List<CompletableFuture<Void>> looks = new ArrayList<>();
      for (HeldCatalog rival : List.of(first, second)) {
        rival.hold();
        PlacementController controller = controller("a", rival);
        looks.add(
            CompletableFuture.runAsync(() -> {
              try {
                together.await();
              } catch (Exception e) {
                throw new AssertionError(e);
              }
              controller.look();
            }));
      }
      for (CompletableFuture<Void> look : looks) {
        look.get();
      }
      assertEquals(3, first.written.get() + second.written.get(), name);
      assertTrue(first.conflicts.get() + second.conflicts.get() >= 1, name);
      awaitView(client);
      for (int shard = 0; shard < 3; shard++) {
        assertEquals(2, placement(name, shard).generation(), name);
      }
      drop(name);
    }
  }

  @Test
  void aMoveToANodeThatIsLostIsGivenUpAndAnotherOneFound() {
    live("a", "b", "c");
    dataset("d", 3, "a b x +y -x");
    PlacementController controller = controller("a", client);
    pass(controller, 59);
    assertPlacements("d", "a b x +y -x");
    pass(controller, 1);
    assertPlacements("d", "a b x");
    pass(controller, 1);
    assertPlacements("d", "a b x +c -x");
    assertEquals(3, placement("d", 0).generation());
  }

  @Test
  void whileTheCatalogIsAwayNothingHappensAndThenItGoesOn() {
    live("a", "b");
    dataset("d", 2, "a", "a");
    HeldCatalog held = new HeldCatalog(client);
    PlacementController controller = controller("a", held);
    held.away(true);
    controller.look();
    controller.look();
    assertPlacements("d", "a", "a");
    held.away(false);
    controller.look();
    assertPlacements("d", "a +b", "a +b");
  }

  @Test
  void itLooksByItself() {
    live("a", "b");
    dataset("d", 3, "a x");
    dataset("e", 1, "a b");
    PlacementConfig quick =
        new PlacementConfig(Duration.ofMillis(200), 4, Duration.ofHours(2), Duration.ofMillis(20));
    closer.register("own", new PlacementController("a", client, quick, Ticker.system()));
    eventually("moved", () -> placement("e", 0).leaving().isPresent());
    assertPlacements("e", "a b -a");
    assertPlacements("d", "a x");
  }

  @Test
  void aNodeThatDidNotTakeAShardIsSparedForAWhile() {
    live("a", "b", "c", "e");
    dataset("d", 3, "a b");
    PlacementController controller = controller("a", client);
    controller.look();
    assertPlacements("d", "a b +c");
    controller.look();
    refuse("d", 0);
    controller.look();
    assertPlacements("d", "a b +e");
    controller.look();
    refuse("d", 0);
    pass(controller, 239);
    assertPlacements("d", "a b");
    pass(controller, 2);
    assertPlacements("d", "a b +c");
  }

  /** What a node does to which a shard cannot come. */
  private void refuse(String name, int shard) {
    awaitView(client);
    DatasetRecord dataset = stored(name);
    ShardPlacement placement = dataset.shards().get(shard);
    LocalCatalog.write(client, List.of(Change.put(dataset.with(placement.on(placement.nodes())))));
    awaitView(client);
  }

  private PlacementController controller(String node, CatalogClient of) {
    return closer.register("controller", new PlacementController(node, of, CONFIG, ticker));
  }

  /** Looks every minute. */
  private void pass(PlacementController controller, int minutes) {
    pass(List.of(controller), minutes);
  }

  private void pass(List<PlacementController> controllers, int minutes) {
    for (int i = 0; i < minutes; i++) {
      controllers.forEach(PlacementController::look);
      awaitView(client);
      ticker.advance(Duration.ofMinutes(1));
    }
    controllers.forEach(PlacementController::look);
    awaitView(client);
  }

  private void live(String... names) {
    for (String name : names) {
      register(
          name, new NodeRecord(name, "1", Set.of("leaf"), "127.0.0.1:1", "", "", "127.0.0.1:2"));
    }
  }

  private void register(String name, NodeRecord record) {
    CatalogClient of = catalog.client();
    nodes.put(name, of);
    of.register(record, TTL);
    eventually(name + " lives", () -> client.view().node(name).isPresent());
  }

  private void gone(String name) {
    Objects.requireNonNull(nodes.remove(name)).close();
    eventually(name + " is gone", () -> client.view().node(name).isEmpty());
  }

  /** A shard is its nodes, +joining and -leaving. */
  private void dataset(String name, int replicas, String... shards) {
    List<ShardPlacement> placements = new ArrayList<>();
    for (String shard : shards) {
      placements.add(PlacementText.parse(placements.size(), 1, shard));
    }
    LocalCatalog.write(
        client,
        List.of(
            Change.create(
                new DatasetRecord(
                    "default",
                    name,
                    name,
                    Things.SCHEMA,
                    1,
                    replicas,
                    placements,
                    Instant.EPOCH))));
  }

  private void drop(String name) {
    LocalCatalog.write(client, List.of(Change.delete(stored(name).key())));
  }

  /** What the leader does once the joining node has caught up. */
  private void settle(String name, int shard) {
    DatasetRecord dataset = stored(name);
    ShardPlacement placement = dataset.shards().get(shard);
    List<String> on = new ArrayList<>(placement.nodes());
    placement.joining().ifPresent(on::add);
    LocalCatalog.write(client, List.of(Change.put(dataset.with(placement.on(on)))));
  }

  private void assertPlacements(String name, String... expected) {
    awaitView(client);
    assertEquals(List.of(expected), stored(name).shards().stream().map(PlacementText::of).toList());
  }

  private DatasetRecord stored(String name) {
    return client.view().dataset("default", name).orElseThrow();
  }

  private ShardPlacement placement(String name, int shard) {
    return stored(name).shards().get(shard);
  }

  /** Whoever looks at the view then sees everything that was written before. */
  private void awaitView(CatalogClient of) {
    long revision = catalog.server().revision();
    eventually("view", () -> of.view().revision() >= revision);
  }
}
