package dev.heddle.gateway.session;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.cluster.MembershipEvent;
import com.hazelcast.cluster.MembershipListener;
import com.hazelcast.core.Hazelcast;
import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.SharedGrid;
import dev.heddle.process.Closer;
import dev.heddle.process.HostPort;
import dev.heddle.process.testing.Eventually;
import dev.heddle.process.testing.Ports;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Gateways that nobody starts one after the other. */
@Timeout(300)
class GridStartTest {
  private static final String TENANT = "default";
  private static final Duration JOIN = Duration.ofMinutes(1);

  @TempDir private Path directory;

  @RepeatedTest(3)
  void twoThatStartAtTheSameMomentAreOneGrid() throws Exception {
    var keys = directory.resolve("session-keys.yaml");
    KeyRing.createIfAbsent(keys);
    var addresses = List.of(Ports.free(), Ports.free());
    var members = addresses.stream().map(HostPort::toString).toList();
    var sessions =
        new SharedGrid(keys, JOIN, false).settings(GatewayConfig.defaults(), members).session();
    var together = new CyclicBarrier(addresses.size());
    try (var closer = new Closer();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var starts =
          addresses.stream()
              .<Callable<SessionStore>>map(address ->
                  () -> {
                    var grid = new GridConfig(address, members, JOIN);
                    var node = "node-" + address.port();
                    together.await();
                    return closer.register(
                        node,
                        new SessionStore(
                            node, sessions, grid, Clock.systemUTC(), new SimpleMeterRegistry()));
                  })
              .toList();
      var stores = threads.invokeAll(starts);
      var one = stores.getFirst().get();
      var two = stores.getLast().get();
      for (var each : List.of(one, two)) {
        Eventually.eventually("both are there", () -> each.connections().members().size() == 2);
      }
      var session = one.visit(TENANT, null).session();
      one.change(TENANT, session, List.of(new SessionStore.Change("a", "1", null)));
      assertEquals(Map.of("a", "1"), two.get(TENANT, session, List.of()));
    }
  }

  /** Whoever replaces gateways one by one goes on with the next as soon as one has started. */
  @Test
  void oneThatHasStartedHoldsWhatTheOtherWillLose() throws Exception {
    var keys = directory.resolve("session-keys.yaml");
    KeyRing.createIfAbsent(keys);
    try (var closer = new Closer()) {
      var one = closer.register("one", store("one", keys, List.of()));
      var victim = Hazelcast.getAllHazelcastInstances().iterator().next();
      var sessions = new ArrayList<String>();
      for (int i = 0; i < 300; i++) {
        var session = one.visit(TENANT, null).session();
        one.change(TENANT, session, List.of(new SessionStore.Change("a", "1", null)));
        sessions.add(session);
      }
      var two = closer.register("two", store("two", keys, List.of(one.gridAddress().toString())));
      victim.getLifecycleService().terminate();
      for (var session : sessions) {
        assertEquals(Map.of("a", "1"), two.get(TENANT, session, List.of()));
      }
    }
  }

  /** A gateway that starts does not fail with another one that dies meanwhile. */
  @Test
  void oneStartsThoughTheOtherIsLostMeanwhile() throws Exception {
    var keys = directory.resolve("session-keys.yaml");
    KeyRing.createIfAbsent(keys);
    try (var closer = new Closer()) {
      var one = closer.register("one", store("one", keys, List.of()));
      var victim = Hazelcast.getAllHazelcastInstances().iterator().next();
      var lost = new CountDownLatch(1);
      var _ =
          victim
              .getCluster()
              .addMembershipListener(
                  new MembershipListener() {
                    @Override
                    public void memberAdded(MembershipEvent event) {
                      Thread.ofVirtual()
                          .start(() -> {
                            victim.getLifecycleService().terminate();
                            lost.countDown();
                          });
                    }

                    @Override
                    public void memberRemoved(MembershipEvent event) {}
                  });
      var two = closer.register("two", store("two", keys, List.of(one.gridAddress().toString())));
      assertTrue(lost.await(60, TimeUnit.SECONDS), "it is lost");
      Eventually.eventually("alone", () -> two.connections().members().size() == 1);
      var session = two.visit(TENANT, null).session();
      two.change(TENANT, session, List.of(new SessionStore.Change("a", "1", null)));
      assertEquals(Map.of("a", "1"), two.get(TENANT, session, List.of()));
    }
  }

  private static SessionStore store(String node, Path keys, List<String> members) {
    var config = new SharedGrid(keys, JOIN, false).settings(GatewayConfig.defaults(), members);
    return new SessionStore(
        node, config.session(), config.hazelcast(), Clock.systemUTC(), new SimpleMeterRegistry());
  }
}
