package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.spi.merge.MergingValue;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.gateway.session.SessionRecords.SessionName;
import dev.heddle.gateway.session.SessionRecords.State;
import dev.heddle.gateway.session.SessionStore.Change;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.ManualClock;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What holds when the halves of a split grid find each other. */
@Timeout(300)
class MergeSessionsTest {
  private static final String TENANT = "default";

  /** For who finds nobody. */
  private static final Duration ALONE = Duration.ofSeconds(2);

  /** For who does. */
  private static final Duration JOIN = Duration.ofSeconds(60);

  private final ManualClock clock = new ManualClock(Instant.parse("2026-01-01T00:00:00Z"));

  @TempDir private Path directory;

  @BeforeEach
  void keys() throws IOException {
    KeyRing.createIfAbsent(directory.resolve("session-keys.yaml"));
  }

  private SessionStore store(String node, int port, List<String> members, Duration join) {
    var shared = new SharedGrid(directory.resolve("session-keys.yaml"), join, false);
    GatewayConfig config = shared.settings(GatewayConfig.defaults(), List.of());
    var grid = new GridConfig(new HostPort("127.0.0.1", port), members, join);
    return new SessionStore(node, config.session(), grid, clock, new SimpleMeterRegistry());
  }

  /** One below those that systems give away by themselves: nobody else gets it meanwhile. */
  private static int freePort() throws IOException {
    int first = 20_000 + (int) (ProcessHandle.current().pid() % 10_000);
    for (int port = first; port < first + 100; port++) {
      try (var _ = new ServerSocket(port, 1, InetAddress.ofLiteral("127.0.0.1"))) {
        return port;
      } catch (BindException e) {
        // The next one.
      }
    }
    throw new IOException("ports: " + first + " and 99 more are taken (expected: a free one)");
  }

  private static void put(SessionStore store, String session, String value) {
    assertTrue(store.change(TENANT, session, List.of(new Change("a", value, null))));
  }

  private static void end(SessionStore store, String session) {
    assertTrue(store.records(Duration.ZERO).end(TENANT, session));
  }

  @Test
  void anEndedSessionStaysEndedWhicheverHalfHadEndedIt() throws Exception {
    int port = freePort();
    // The one looks for a member that is not there yet, the other knows of nobody.
    try (var small = store("small", 0, List.of("127.0.0.1:" + port), ALONE);
        var large = store("large", 0, List.of(), ALONE)) {
      String alive = small.visit(TENANT, null).session();
      String alone = small.visit(TENANT, null).session();
      String endedHere = small.visit(TENANT, null).session();
      String endedThere = small.visit(TENANT, null).session();
      for (String each : List.of(alive, endedHere, endedThere)) {
        put(small, each, "1");
        put(large, each, "2");
      }
      put(small, alone, "1");
      end(small, endedHere);
      end(large, endedThere);
      assertEquals(1, small.connections().members().size());
      assertEquals(1, large.connections().members().size());

      // Where the one looks, there is a grid of two now.
      var others = List.of(large.gridAddress().toString());
      try (var third = store("third", port, others, JOIN)) {
        for (SessionStore each : List.of(third, small)) {
          Eventually.eventually("they are one", () -> each.connections().members().size() == 3);
        }
        for (SessionStore each : List.of(small, large, third)) {
          Eventually.eventually(
              "what was alone is there",
              () -> each.get(TENANT, alone, List.of()).equals(Map.of("a", "1")));
          assertEquals(Map.of("a", "2"), each.get(TENANT, alive, List.of()));
          for (String ended : List.of(endedHere, endedThere)) {
            var name = new SessionName(TENANT, ended);
            SessionRecords records = each.records(Duration.ZERO);
            Eventually.eventually(
                "it has ended", () -> records.states(List.of(name)).get(name) == State.ENDED);
            assertEquals(Map.of(), each.get(TENANT, ended, List.of()));
          }
        }
      }
    }
  }

  @Test
  void theMarkOfAnEndHolds() {
    var alive = new Merging(new SessionEntry(1));
    var ended = new Merging(SessionEntry.ended(1, 0));
    MergeSessions merge = (MergeSessions) new GridTypes().create(GridTypes.MERGE);
    assertEquals("ended", merge.merge(ended, alive));
    assertEquals("ended", merge.merge(alive, ended));
    assertEquals("alive", merge.merge(alive, null));
    assertEquals("alive", merge.merge(alive, alive));
  }

  @Test
  void ofTwoThatLiveTheOneThatWasChangedLastHolds() {
    var early = new SessionEntry(1);
    early.changed(10);
    early.touch(100);
    var late = new SessionEntry(1);
    late.changed(20);
    var merge = new MergeSessions();
    record Named(SessionEntry entry, String name) implements MergingValue<SessionEntry> {
      @Override
      public SessionEntry getDeserializedValue() {
        return entry;
      }

      @Override
      public Object getRawValue() {
        return name;
      }
    }
    assertEquals("late", merge.merge(new Named(early, "early"), new Named(late, "late")));
    assertEquals("late", merge.merge(new Named(late, "late"), new Named(early, "early")));
  }

  /** An entry of one half, stored as its name. */
  private record Merging(SessionEntry entry) implements MergingValue<SessionEntry> {
    @Override
    public SessionEntry getDeserializedValue() {
      return entry;
    }

    @Override
    public Object getRawValue() {
      return entry.ended() ? "ended" : "alive";
    }
  }
}
