package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two gateway nodes' sessions over one grid. */
@Timeout(300)
class SessionPositionsTest {
  private static final int SHARDS = 8;
  private static final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
  private static final SimpleMeterRegistry firstMeters = new SimpleMeterRegistry();
  private static final SimpleMeterRegistry secondMeters = new SimpleMeterRegistry();
  private static LocalCatalog catalogs;
  private static CatalogClient catalog;
  private static SessionStore firstStore;
  private static SessionStore secondStore;
  private static SessionPositions one;
  private static SessionPositions two;

  @BeforeAll
  static void start(@TempDir Path directory) throws IOException {
    catalogs = LocalCatalog.start(directory.resolve("catalog"));
    catalog = catalogs.client();
    Path keys = directory.resolve("session-keys.yaml");
    KeyRing.createIfAbsent(keys);
    firstStore = store("one", keys, List.of(), firstMeters);
    secondStore = store("two", keys, List.of(firstStore.gridAddress().toString()), secondMeters);
    one = new SessionPositions(firstStore, catalog, clock, firstMeters);
    two = new SessionPositions(secondStore, catalog, clock, secondMeters);
  }

  private static SessionStore store(
      String node, Path keys, List<String> members, SimpleMeterRegistry meters) {
    var grid = new SharedGrid(keys, Duration.ofSeconds(60), false);
    GatewayConfig config = grid.settings(GatewayConfig.defaults(), members);
    return new SessionStore(node, config.session(), config.hazelcast(), clock, meters);
  }

  @AfterAll
  static void stop() {
    secondStore.close();
    firstStore.close();
    catalogs.close();
  }

  private static DatasetRecord dataset(String name, String id, String incarnation) {
    var shards = new ArrayList<ShardPlacement>();
    for (int shard = 0; shard < SHARDS; shard++) {
      shards.add(new ShardPlacement(shard, 1, incarnation + shard, List.of("leaf1")));
    }
    Schema schema = Schema.of(List.of(Field.of("title", FieldType.TEXT, false)));
    return new DatasetRecord("default", name, id, schema, 1, 1, shards, Instant.EPOCH);
  }

  private static PositionToken at(DatasetRecord dataset, int shard, long index) {
    String incarnation = dataset.shards().get(shard).incarnation();
    return PositionToken.EMPTY.with(dataset, shard, incarnation, index);
  }

  private static String session() {
    return firstStore.visit("default", null).session();
  }

  private static long changes() {
    return operations("change");
  }

  private static long reads() {
    return operations("get");
  }

  private static long operations(String operation) {
    return List.of(firstMeters, secondMeters).stream()
        .mapToLong(meters ->
            meters.timer("heddle.gateway.session.operation", "operation", operation).count())
        .sum();
  }

  @Test
  void whatOneNodeHasSeenTheOtherReadsAfter() {
    String session = session();
    DatasetRecord books = dataset("books", "b1", "i");
    one.ofSession("default", "books", session).seen(at(books, 3, 7).toString());
    two.ofSession("default", "books", session).seen(at(books, 5, 2).toString());
    UserPositions user = two.ofSession("default", "books", session);
    assertEquals("", user.token(false));
    PositionToken token = PositionToken.parse(user.token(true));
    assertEquals(2, token.of(books).size());
    assertEquals(7, token.of(books).getFirst().index());
  }

  @Test
  void whatTheRequestBringsIsMergedWithTheSessions() {
    String session = session();
    DatasetRecord books = dataset("books", "b1", "i");
    one.raise("default", session, at(books, 0, 7).toString());
    var user = new UserPositions(one, "default", "books", Optional.of(session), at(books, 1, 9));
    assertEquals(1, PositionToken.parse(user.token(false)).of(books).size());
    assertEquals(2, PositionToken.parse(user.token(true)).of(books).size());
    assertEquals(at(books, 1, 9).toString(), user.reply());
    user.seen(at(books, 1, 10).toString());
    assertEquals(at(books, 1, 10).toString(), user.reply());
    user.seen(at(books, 2, 1).toString());
    assertEquals(2, PositionToken.parse(user.reply()).of(books).size());
    assertEquals(3, one.get("default", session).of(books).size());
  }

  @Test
  void concurrentRepliesOfTwoNodesNeverLowerAPosition() throws Exception {
    long seed = new Random().nextLong();
    String session = session();
    DatasetRecord books = dataset("books", "b1", "i");
    int replies = 400;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var done = new ArrayList<Future<?>>();
      for (int thread = 0; thread < 8; thread++) {
        SessionPositions node = thread % 2 == 0 ? one : two;
        var random = new Random(seed + thread);
        Callable<Void> work =
            () -> {
              for (int i = 1; i <= replies; i++) {
                int shard = random.nextInt(SHARDS);
                long index = 1L + random.nextInt(1_000_000);
                node.raise("default", session, at(books, shard, index).toString());
                // Whoever has raised a position never finds the session behind it.
                long known =
                    node.get("default", session).of(books).stream()
                        .filter(position -> position.shard() == shard)
                        .findFirst()
                        .orElseThrow()
                        .index();
                assertTrue(known >= index, () -> known + " < " + index + " seed " + seed);
              }
              return null;
            };
        done.add(threads.submit(work));
      }
      for (Future<?> each : done) {
        each.get();
      }
    }
    long[] highest = new long[SHARDS];
    for (int thread = 0; thread < 8; thread++) {
      var random = new Random(seed + thread);
      for (int i = 1; i <= replies; i++) {
        int shard = random.nextInt(SHARDS);
        highest[shard] = Math.max(highest[shard], 1L + random.nextInt(1_000_000));
      }
    }
    for (PositionToken.Position position : two.get("default", session).of(books)) {
      assertEquals(highest[position.shard()], position.index(), "seed " + seed);
    }
  }

  @Test
  void theGridIsNotAskedWithoutASessionNorWhereNothingIsNew() {
    DatasetRecord books = dataset("books", "b1", "i");
    String token = at(books, 0, 7).toString();
    long changes = changes();
    long reads = reads();
    UserPositions stranger = one.of("default", "books", token, null);
    assertEquals(token, stranger.token(true));
    stranger.seen(at(books, 0, 8).toString());
    one.of("default", "books", null, "no cookie of ours").seen(token);
    assertEquals("", UserPositions.none().token(true));
    assertEquals(changes, changes());
    String session = session();
    for (int i = 0; i < 10; i++) {
      UserPositions user = one.ofSession("default", "books", session);
      assertEquals("", user.token(false));
      user.seen(token);
    }
    assertEquals(changes + 1, changes());
    assertEquals(reads, reads());
    clock.advance(Duration.ofMinutes(2));
    one.ofSession("default", "books", session).seen(token);
    assertEquals(changes + 2, changes(), "now and then the grid is told again");
    clock.advance(Duration.ofMinutes(-2));
  }

  @Test
  void aTokenThatIsNoneIsRefused() {
    for (String token : List.of("x", "ä", "AQ", "a".repeat(20_000))) {
      var error =
          assertThrows(HeddleException.class, () -> one.of("default", "books", token, null));
      assertEquals(ErrorCode.INVALID_REQUEST, error.code(), token);
    }
  }

  @Test
  void whatIsLostLeavesTheSessionAndNothingElseDoes() {
    String session = session();
    DatasetRecord dropped = dataset("films", "f1", "old");
    DatasetRecord present = dataset("films", "f2", "new");
    DatasetRecord books = dataset("books", "b1", "i");
    LocalCatalog.write(catalog, List.of(Change.put(present)));
    one.raise("default", session, at(dropped, 0, 7).toString());
    one.raise("default", session, at(books, 0, 3).toString());
    UserPositions user = two.ofSession("default", "films", session);
    PositionToken sent = PositionToken.parse(user.token(true));
    assertThrows(HeddleException.class, () -> sent.of(present));
    // Meanwhile the same user writes to the dataset of today.
    one.raise("default", session, at(present, 1, 5).toString());
    user.lost();
    PositionToken left = one.get("default", session);
    assertEquals(5, left.of(present).getFirst().index());
    assertEquals(3, left.of(books).getFirst().index());
  }

  @Test
  void aTokenOfTheRequestThatIsLostLeavesTheReplyAndTheSessionAlone() {
    String session = session();
    DatasetRecord restored = dataset("songs", "s1", "new");
    LocalCatalog.write(catalog, List.of(Change.put(restored)));
    one.raise("default", session, at(restored, 0, 7).toString());
    PositionToken stale = at(dataset("songs", "s1", "old"), 1, 9);
    DatasetRecord books = dataset("books", "b1", "i");
    PositionToken brought = stale.merge(at(books, 0, 3));
    var user = new UserPositions(one, "default", "songs", Optional.of(session), brought);
    assertFalse(user.token(true).isEmpty());
    user.lost();
    assertEquals(at(books, 0, 3).toString(), user.reply());
    assertEquals(7, one.get("default", session).of(restored).getFirst().index());
  }

  @Test
  void attributesAndPositionsLeaveEachOtherAlone() {
    String session = session();
    DatasetRecord books = dataset("books", "b1", "i");
    firstStore.change("default", session, List.of(new SessionStore.Change("a", "1", null)));
    one.raise("default", session, at(books, 0, 7).toString());
    secondStore.change("default", session, List.of(new SessionStore.Change("b", "2", null)));
    assertEquals(Map.of("a", "1", "b", "2"), secondStore.get("default", session, List.of()));
    assertEquals(7, two.get("default", session).of(books).getFirst().index());
    assertTrue(one.get("other", session).isEmpty(), "another tenant's session is another one");
  }

  @Test
  void aSessionPastItsAgeKeepsNothing() {
    String session = session();
    DatasetRecord books = dataset("books", "b1", "i");
    clock.advance(Duration.ofDays(31));
    one.raise("default", session, at(books, 0, 7).toString());
    assertTrue(one.get("default", session).isEmpty());
    clock.advance(Duration.ofDays(-31));
  }

  @Test
  void aSessionsTokenIsBounded() {
    String session = session();
    for (int i = 0; i < 300; i++) {
      DatasetRecord many = dataset("d" + i, "id" + i, "i");
      PositionToken token = PositionToken.EMPTY;
      for (int shard = 0; shard < SHARDS; shard++) {
        token = token.merge(at(many, shard, 1_000_000_000L + i));
      }
      one.raise("default", session, token.toString());
    }
    PositionToken kept = two.get("default", session);
    assertTrue(kept.toString().length() <= 16 << 10, () -> kept.toString().length() + "");
    assertEquals(SHARDS, kept.of(dataset("d299", "id299", "i")).size());
    assertTrue(kept.mayLack(dataset("d0", "id0", "i")), "what is forgotten is known to be");
  }
}
