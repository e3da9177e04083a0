package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class MembershipTest {
  private final Closer closer = new Closer();
  private final FakeGroup group = new FakeGroup();
  @TempDir Path directory;
  private LocalCatalog catalog;
  private HeldCatalog client;
  private Membership membership;

  @BeforeEach
  void start() {
    catalog = closer.register("catalog", LocalCatalog.start(directory));
    client = new HeldCatalog(catalog.client());
    membership = new Membership("a", client, Duration.ofMinutes(1));
  }

  @AfterEach
  void close() {
    closer.close();
  }

  @Test
  void aMoveGoesFromTheCatalogToTheGroupAndBack() {
    live("a", "b", "c", "d");
    place("a b c +d -c", "a");
    group.members("a", "b", "c");
    look();
    assertCalls("change from a@a:1 b@b:1 c@c:1 to a@a:2 b@b:2 c@c:2 d@d:2");
    // One at a time.
    look();
    look();
    assertCalls();
    group.members("a", "b", "c", "d");
    group.end();
    look();
    assertCalls("change from a@a:1 b@b:1 c@c:1 d@d:1 to a@a:2 b@b:2 d@d:2");
    group.members("a", "b", "d");
    group.end();
    look();
    eventually("settled", () -> text().equals("a b d"));
    assertEquals(2, placement().generation());
    look();
    assertCalls();
    eventually("one write", () -> client.written.get() == 1);
  }

  @Test
  void aChangeThatDoesNotEndIsNotWaitedForForEver() {
    membership = new Membership("a", client, Duration.ofMillis(1));
    live("a", "b", "c", "d");
    place("a b +c", "a");
    group.members("a", "b");
    look();
    assertCalls("change from a@a:1 b@b:1 to a@a:2 b@b:2 c@c:2");
    eventually(
        "it is tried again",
        () -> {
          look();
          return !group.calls.isEmpty();
        });
  }

  @Test
  void nodesThatAreAwayStayWhereTheGroupKnowsThem() {
    live("a", "d");
    place("a b c +d -c", "a");
    group.members("a", "b", "c");
    look();
    // Two of four would not do.
    assertCalls();
    live("b");
    look();
    assertCalls("change from a@a:1 b@b:1 c@c:1 to a@a:2 b@b:2 c@c:1 d@d:2");
  }

  @Test
  void whoeverDoesNotLeadDoesNothing() {
    live("a", "b", "c");
    place("a b +c", "a");
    group.members("a", "b");
    group.leads(false);
    look();
    assertCalls();
  }

  @Test
  void aLeaderThatLeavesHandsOver() {
    live("a", "b");
    place("a +b -a", "a");
    group.members("a", "b");
    look();
    assertCalls("hand over to b");
    group.end();
    group.leads(false);
    look();
    assertCalls();
  }

  @Test
  void whatFailsIsTriedAgainAtTheNextLook() {
    live("a", "b");
    place("a +b", "a");
    group.members("a");
    for (int i = 0; i < 3; i++) {
      look();
      assertCalls("change from a@a:1 to a@a:2 b@b:2");
      group.fail(new HeddleException(ErrorCode.UNAVAILABLE, "another change goes on"));
    }
  }

  @Test
  void aGroupThatWasOpenedAgainDoesNotWaitForTheFormerOne() {
    live("a", "b");
    place("a +b", "a");
    group.members("a");
    look();
    FakeGroup again = new FakeGroup();
    again.members("a");
    membership.look(client.view(), stored(), placement(), again);
    assertEquals(List.of("change from a@a:1 to a@a:2 b@b:2"), again.calls);
  }

  @Test
  void aPlacementThatHasChangedIsNotWrittenOver() {
    live("a", "b", "c");
    place("a +b", "a");
    group.members("a", "b");
    DatasetRecord old = stored();
    write(old.with(old.shards().getFirst().on(List.of("a"))));
    membership.look(client.view(), old, old.shards().getFirst(), group);
    // A later look of another shard gets through: nothing is stuck.
    group.members("a", "c");
    eventually(
        "next step",
        () -> {
          look();
          return !group.calls.isEmpty();
        });
    assertCalls("change from a@a:1 c@c:1 to a@a:2");
    assertEquals("a", text());
    assertEquals(0, client.written.get());
  }

  @Test
  void anotherShardsChangeMeansAnotherTry() {
    live("a", "b");
    place("a +b", "a");
    group.members("a", "b");
    client.hold();
    CatalogClient other = catalog.client();
    LocalCatalog.write(
        other, List.of(Change.put(stored().with(new ShardPlacement(1, 5, "i", List.of("b"))))));
    look();
    eventually("conflict", () -> client.conflicts.get() == 1);
    client.letGo();
    eventually(
        "settled",
        () -> {
          look();
          return text().equals("a b");
        });
    assertEquals(5, stored().shards().get(1).generation());
    assertEquals(2, placement().generation());
  }

  @Test
  void aCatalogThatIsAwayHoldsNobodyUp() {
    live("a", "b");
    place("a +b", "a");
    group.members("a", "b");
    client.away(true);
    look();
    look();
    client.away(false);
    eventually(
        "settled",
        () -> {
          look();
          return text().equals("a b");
        });
  }

  private void look() {
    membership.look(client.view(), stored(), placement(), group);
  }

  private void assertCalls(String... expected) {
    assertEquals(List.of(expected), group.calls);
    group.calls.clear();
  }

  private void place(String... shards) {
    List<ShardPlacement> placements =
        List.of(shards).stream()
            .map(shard -> PlacementText.parse(List.of(shards).indexOf(shard), 1, shard))
            .toList();
    write(new DatasetRecord("default", "d", "d", Things.SCHEMA, 1, 3, placements, Instant.EPOCH));
  }

  private void write(DatasetRecord dataset) {
    CatalogClient other = catalog.client();
    long revision = LocalCatalog.write(other, List.of(Change.put(dataset)));
    eventually("written", () -> client.view().revision() >= revision);
  }

  private DatasetRecord stored() {
    return client.view().dataset("default", "d").orElseThrow();
  }

  private ShardPlacement placement() {
    return stored().shards().getFirst();
  }

  private String text() {
    return PlacementText.of(placement());
  }

  /** Their addresses are {@code name:2}. */
  private void live(String... names) {
    for (String name : names) {
      NodeRecord record =
          new NodeRecord(name, "1", Set.of("leaf"), "127.0.0.1:1", "", "", name + ":2");
      catalog.client().register(record, Duration.ofMinutes(1));
      eventually(name + " lives", () -> client.view().node(name).isPresent());
    }
  }
}
