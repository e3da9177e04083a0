package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.PartitionService;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.channel.ChannelHub;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.gateway.channel.Publication;
import dev.heddle.gateway.channel.Subscriber;
import dev.heddle.gateway.session.ChannelTable.Line;
import dev.heddle.gateway.session.ChannelTable.Message;
import dev.heddle.gateway.session.ChannelTable.News;
import dev.heddle.gateway.session.ChannelTable.Part;
import dev.heddle.gateway.session.ChannelTable.Retention;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Channels in grids of several members, of which some are lost. */
@Timeout(300)
class ChannelTableTest {
  private static final ManualClock CLOCK = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));
  private static final Retention ALL = new Retention(1 << 20, 1_000);

  @TempDir Path directory;

  private SessionStore store(String node, List<String> members) {
    Path keys = directory.resolve("session-keys.yaml");
    try {
      KeyRing.createIfAbsent(keys);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
    var grid = new SharedGrid(keys, Duration.ofSeconds(60), false);
    GatewayConfig config = grid.settings(GatewayConfig.defaults(), members);
    return new SessionStore(
        node, config.session(), config.hazelcast(), CLOCK, new SimpleMeterRegistry());
  }

  private static ChannelHub hub(SessionStore store) {
    return new ChannelHub(
        store.channels(),
        store.presence(),
        ChannelLimits.defaults(),
        new SimpleMeterRegistry(),
        CLOCK);
  }

  private static ChannelPosition say(ChannelTable table, ChannelKey key, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return table.append(key, ConnectionTable.newId(), false, bytes, ALL, CLOCK.instant());
  }

  private static List<String> texts(Part part) {
    return part.messages().stream()
        .map(each -> new String(each.bytes(), StandardCharsets.UTF_8))
        .toList();
  }

  @Test
  void allGatewaysReadTheSameAndAreTold() throws Exception {
    try (var one = store("one", List.of());
        var two = store("two", List.of(one.gridAddress().toString()))) {
      ChannelTable here = one.channels();
      ChannelTable there = two.channels();
      var key = new ChannelKey("acme", "room.1");
      var told = new LinkedBlockingQueue<News>();
      there.listen(key, told::add);
      ChannelPosition first = say(here, key, "hello");
      assertEquals(1, first.offset());
      News news = told.poll(60, TimeUnit.SECONDS);
      assertEquals(first, news.at());
      Message opened = there.open(news);
      assertEquals("hello", new String(opened.bytes(), StandardCharsets.UTF_8));
      assertFalse(new String(news.sealed(), StandardCharsets.UTF_8).contains("hello"), "sealed");
      ChannelPosition second = say(there, key, "world");
      assertEquals(new ChannelPosition(first.epoch(), 2), second);
      assertEquals(List.of("hello", "world"), texts(here.read(key, 0, 1 << 20)));
      assertEquals(List.of("world"), texts(there.read(key, 1, 1 << 20)));
      assertEquals(List.of("hello"), texts(there.read(key, 0, 1)), "at least one");
      var other = new ChannelKey("beta", "room.1");
      assertEquals(List.of(), texts(here.read(other, 0, 1 << 20)), "another tenant's");
      assertFalse(here.read(other, 0, 1).line().holds(first));
    }
  }

  /** A member that owns some channels is gone at once; what was told is there, at its place. */
  @Test
  void whereAMemberIsLostEveryMessageIsAtItsPlace() throws Exception {
    var keys = new ArrayList<ChannelKey>();
    for (int i = 0; i < 40; i++) {
      keys.add(new ChannelKey("acme", "room." + i));
    }
    try (var one = store("one", List.of())) {
      var before = new HashSet<>(Hazelcast.getAllHazelcastInstances());
      SessionStore two = store("two", List.of(one.gridAddress().toString()));
      HazelcastInstance victim =
          Hazelcast.getAllHazelcastInstances().stream()
              .filter(each -> !before.contains(each))
              .findFirst()
              .orElseThrow();
      Map<ChannelKey, ChannelPosition> at = new HashMap<>();
      for (ChannelKey key : keys) {
        say(one.channels(), key, "first");
        at.put(key, say(two.channels(), key, "second"));
      }
      victim.getLifecycleService().terminate();
      Eventually.eventually("it is lost", () -> one.connections().members().size() == 1);
      int moved = 0;
      for (ChannelKey key : keys) {
        ChannelPosition third = say(one.channels(), key, "third");
        assertEquals(3, third.offset());
        Part part = one.channels().read(key, 2, 1 << 20);
        ChannelPosition second = Objects.requireNonNull(at.get(key));
        assertTrue(part.line().holds(second), "its place is known");
        assertEquals(List.of("third"), texts(part));
        assertFalse(part.line().holds(new ChannelPosition(second.epoch(), 4)));
        moved += third.epoch().equals(second.epoch()) ? 0 : 1;
      }
      assertTrue(moved > 0 && moved < keys.size(), moved + " had another owner");
      two.close();
    }
  }

  /** A member comes, and channels move to it: nothing is lost, and whoever was away goes on. */
  @Test
  void whereAnotherMemberTakesChannelsOverTheirPlacesHold() throws Exception {
    Map<ChannelKey, ChannelPosition> at = new HashMap<>();
    try (var one = store("one", List.of())) {
      HazelcastInstance first = Hazelcast.getAllHazelcastInstances().iterator().next();
      for (int i = 0; i < 40; i++) {
        var key = new ChannelKey("acme", "room." + i);
        boolean silent = i % 2 == 0;
        at.put(
            key,
            silent
                ? one.channels().read(key, 0, 1).line().last()
                : say(one.channels(), key, "before"));
      }
      try (var two = store("two", List.of(one.gridAddress().toString()));
          var hub = hub(two)) {
        PartitionService partitions = first.getPartitionService();
        Eventually.eventually(
            "both own some",
            () ->
                partitions.isClusterSafe()
                    && at.keySet().stream()
                            .map(key ->
                                Objects.requireNonNull(
                                    partitions.getPartition(key.inGrid()).getOwner()))
                            .distinct()
                            .count()
                        == 2);
        int moved = 0;
        for (Map.Entry<ChannelKey, ChannelPosition> each : at.entrySet()) {
          ChannelKey key = each.getKey();
          ChannelPosition before = each.getValue();
          ChannelPosition after = say(two.channels(), key, "after");
          assertEquals(before.offset() + 1, after.offset());
          moved += after.epoch().equals(before.epoch()) ? 0 : 1;
          Part part = one.channels().read(key, before.offset(), 1 << 20);
          assertTrue(part.line().holds(before), "its place is known");
          assertEquals(List.of("after"), texts(part));
          var begun = new LinkedBlockingQueue<Boolean>();
          var want = new ChannelHub.Want(true, before, false, false);
          try (var _ = hub.subscribe(key, new Listening(begun), want)) {
            assertEquals(true, begun.poll(60, TimeUnit.SECONDS), "it goes on");
          }
        }
        assertTrue(moved > 0 && moved < at.size(), moved + " have another owner");
      }
    }
  }

  /** Many tenants speak, one most of all: the bounds hold after each message. */
  @Test
  void whatTheyWeighIsBoundedAndNoTenantPushesOutAnother() {
    long seed = Long.getLong("heddle.seed", new Random().nextLong());
    var random = new Random(seed);
    var bounds = new ChannelBounds(4_000_000, 2_000_000, 1_000, 500);
    try (var one = store("one", List.of())) {
      ChannelTable table = one.channels();
      table.bounds(bounds);
      var quiet = new ChannelKey("beta", "room.1");
      ChannelPosition first = say(table, quiet, "hello");
      int refused = 0;
      for (int i = 0; i < 3_000; i++) {
        var key = new ChannelKey("acme", "room." + random.nextInt(300));
        byte[] bytes = new byte[1 + random.nextInt(4_000)];
        try {
          var _ = table.append(key, ConnectionTable.newId(), true, bytes, ALL, CLOCK.instant());
        } catch (HeddleException e) {
          assertEquals(ErrorCode.LIMIT_REACHED, e.code());
          refused++;
        }
        assertTrue(table.weight() <= 2_005_000, table.weight() + " bytes, seed " + seed);
        if (i % 500 == 499) {
          table.sweep();
          assertTrue(table.weight() <= 0.9 * 2_005_000, table.weight() + " swept, seed " + seed);
          CLOCK.advance(Duration.ofMillis(1));
        }
      }
      assertTrue(refused > 0, "there was more than there is room for");
      Part part = table.read(quiet, 0, 1 << 20);
      assertEquals(List.of("hello"), texts(part), "another tenant's is as it was");
      assertTrue(part.line().holds(first));
      long counted = table.weight();
      table.sweep();
      assertEquals(counted, table.weight(), "the steps have counted right");
    }
  }

  @Test
  void whoOnlyListensTakesNoPlaceFromWhoSpeaks() {
    try (var one = store("one", List.of())) {
      ChannelTable table = one.channels();
      table.bounds(new ChannelBounds(1 << 20, 1 << 20, 20, 10));
      for (int i = 0; i < 10; i++) {
        assertEquals(
            0, table.read(new ChannelKey("acme", "silent." + i), 0, 1).line().last().offset());
      }
      var more = new ChannelKey("acme", "silent.more");
      HeddleException full = assertThrows(HeddleException.class, () -> table.read(more, 0, 1));
      assertEquals(ErrorCode.LIMIT_REACHED, full.code());
      assertTrue(full.getMessage().contains("10 of the tenant"), full.getMessage());
      assertEquals(0, table.read(new ChannelKey("beta", "x"), 0, 1).line().last().offset());
      for (int i = 0; i < 10; i++) {
        assertEquals(1, say(table, new ChannelKey("acme", "spoken." + i), "hello").offset());
      }
      assertThrows(
          HeddleException.class, () -> say(table, new ChannelKey("acme", "spoken.more"), "x"));
      assertEquals(2, say(table, new ChannelKey("acme", "spoken.1"), "again").offset());
      // A look asks where channels are, and makes none.
      assertEquals(Map.of(more, Line.NONE), table.look(List.of(more), true));
    }
  }

  /** The grid itself does a step again whose owner was lost before it answered. */
  @Test
  void aMessageThatIsAppendedTwiceIsThereOnce() {
    try (var one = store("one", List.of())) {
      var key = new ChannelKey("acme", "price");
      var latest = new Retention(1 << 20, 1);
      long id = ConnectionTable.newId();
      ChannelTable table = one.channels();
      ChannelPosition first =
          table.append(key, id, false, new byte[] {'1'}, latest, CLOCK.instant());
      var _ =
          table.append(
              key, ConnectionTable.newId(), false, new byte[] {'2'}, latest, CLOCK.instant());
      assertEquals(first, table.append(key, id, false, new byte[] {'1'}, latest, CLOCK.instant()));
      assertEquals(List.of("2"), texts(table.read(key, 0, 1 << 20)), "the newest stays");
    }
  }

  private static Place<ChannelEntry> place(@Nullable ChannelEntry entry) {
    return new Place<>("acme/room.1", entry);
  }

  private static ChannelEntry in(Place<ChannelEntry> place) {
    return Objects.requireNonNull(place.value());
  }

  private static ChannelStep step(ChannelStep.Step todo) {
    var step = new ChannelStep(todo, "era", new ChannelStep.Life(60_000, 5_000));
    step.setHazelcastInstance(Hazelcast.getAllHazelcastInstances().iterator().next());
    return step;
  }

  private static ChannelStep.Step.Append append(long id, int size) {
    return new ChannelStep.Step.Append(id, id, new byte[size], 1 << 20, 1_000, 0);
  }

  @Test
  void whoReadsASilentChannelKeepsItThereAndOnItsBackup() {
    try (var _ = store("one", List.of())) {
      var silent = new ChannelEntry();
      silent.begin("a", "e");
      var place = place(silent);
      ChannelStep read = step(new ChannelStep.Step.Read(0, 1));
      var _ = place.run(read);
      assertEquals(Duration.ofSeconds(5), place.kept());
      var backup = place(silent);
      var _ = backup.run(Objects.requireNonNull(read.getBackupProcessor()));
      assertEquals(Duration.ofSeconds(5), backup.kept());
      var _ = place.run(step(append(1, 10)));
      assertEquals(Duration.ofSeconds(60), place.kept());
      ChannelStep again = step(new ChannelStep.Step.Read(0, 1));
      var _ = place.run(again);
      assertNull(place.kept(), "those with messages are kept by looks, now and then");
      assertNull(again.getBackupProcessor());
    }
  }

  /** The first backup operation was lost: what the repetition tells takes nothing else away. */
  @Test
  void aBackupThatLacksAMessageKeepsItsHistory() {
    try (var _ = store("one", List.of())) {
      var place = place(new ChannelEntry());
      var backup = place(new ChannelEntry());
      for (int id = 1; id <= 5; id++) {
        ChannelStep step = step(append(id, 100));
        var _ = place.run(step);
        if (id < 5) {
          var _ = backup.run(Objects.requireNonNull(step.getBackupProcessor()));
        }
      }
      ChannelStep again = step(append(5, 100));
      assertEquals(5, place.run(again).from());
      var _ = backup.run(Objects.requireNonNull(again.getBackupProcessor()));
      assertEquals(0, in(backup).base(), "it has them all");
      assertEquals(5, in(backup).last());
      assertEquals(in(place).weight(), in(backup).weight());
    }
  }

  @Test
  void aMessageThatCameSinceTheWeighingIsNotForgotten() {
    try (var _ = store("one", List.of())) {
      var place = place(new ChannelEntry());
      var _ = place.run(step(append(1, 100)));
      var _ = place.run(step(append(2, 100)));
      ChannelStep late = step(new ChannelStep.Step.Forget(1));
      var _ = place.run(late);
      assertEquals(0, in(place).base());
      assertNull(late.getBackupProcessor());
      ChannelStep forget = step(new ChannelStep.Step.Forget(2));
      var _ = place.run(forget);
      assertEquals(2, in(place).base());
      var backup = place(new ChannelEntry());
      var _ = backup.run(step(append(7, 100)));
      var _ = backup.run(Objects.requireNonNull(forget.getBackupProcessor()));
      assertEquals(1, in(backup).base(), "as its owner did");
    }
  }

  private record Listening(LinkedBlockingQueue<Boolean> begun) implements Subscriber {
    @Override
    public String connection() {
      return "c";
    }

    @Override
    public String user() {
      return "";
    }

    @Override
    public void subscribed(ChannelKey channel, ChannelPosition at, boolean recovered) {
      begun.add(recovered);
    }

    @Override
    public boolean takes(long bytes, boolean waited) {
      return true;
    }

    @Override
    public void given(long bytes, boolean waited) {}

    @Override
    public boolean publication(Publication message, boolean missed) {
      return true;
    }
  }

  /** Whoever listens keeps the channel from its first look on, however old it was. */
  @Test
  void whatIsListenedToIsKeptAndAForgottenStateIsNotSaidToBeThere() throws Exception {
    var state = new ChannelKey("acme", "price");
    var want = new ChannelHub.Want(false, null, true, false);
    try (var one = store("one", List.of());
        var hub = hub(one)) {
      say(one.channels(), state, "5");
      IMap<String, Object> map =
          Hazelcast.getAllHazelcastInstances().iterator().next().getMap("channels");
      assertTrue(map.setTtl(state.inGrid(), 1, TimeUnit.DAYS));
      var begun = new LinkedBlockingQueue<Boolean>();
      hub.start();
      try (var _ = hub.subscribe(state, new Listening(begun), want)) {
        assertEquals(true, begun.poll(60, TimeUnit.SECONDS));
        Eventually.eventually(
            "it is kept",
            () -> map.getEntryView(state.inGrid()).getTtl() == ChannelTable.LIFE.toMillis());
      }
    }
    try (var one = store("one", List.of());
        var hub = hub(one)) {
      say(one.channels(), state, "5");
      one.channels().bounds(new ChannelBounds(1, 1, 10, 10));
      one.channels().sweep();
      var begun = new LinkedBlockingQueue<Boolean>();
      try (var _ = hub.subscribe(state, new Listening(begun), want)) {
        assertEquals(false, begun.poll(60, TimeUnit.SECONDS), "nobody has it any more");
      }
    }
  }

  @Test
  void aChannelThatIsLostBeginsInAnotherEpoch() throws Exception {
    var key = new ChannelKey("acme", "room.1");
    SessionStore one = store("one", List.of());
    ChannelPosition before = say(one.channels(), key, "hello");
    one.close();
    try (var again = store("one", List.of())) {
      Line none = Objects.requireNonNull(again.channels().look(List.of(key), true).get(key));
      assertFalse(none.holds(before), "nobody knows it");
      Line line = again.channels().read(key, 0, 1).line();
      assertFalse(line.holds(before));
      assertEquals(0, line.last().offset());
      ChannelPosition after = say(again.channels(), key, "hello");
      assertEquals(line.last().epoch(), after.epoch());
      assertNotEquals(before.epoch(), after.epoch());
    }
  }
}
