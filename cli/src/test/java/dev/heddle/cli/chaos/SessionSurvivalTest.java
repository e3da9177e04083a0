package dev.heddle.cli.chaos;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.chaos.GatewayNodes.Place;
import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Three gateways with stores are killed (-9), one at a time and then all, while sessions are
 * changed: whatever was acknowledged is there afterwards, as nothing but processes dies. A new seed
 * each time; {@code -Dheddle.chaos.seed=N} repeats a schedule.
 */
@Tag("chaos")
@Timeout(1_200)
class SessionSurvivalTest {
  private static final List<String> TENANTS = List.of("acme", "globex");
  private static final int GATEWAYS = 3;
  private static final int WRITERS = 6;
  private static final int KILLS = 2;
  private static final Duration START = Duration.ofMinutes(4);
  private static final Duration SOON = Duration.ofMinutes(2);

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final Clock clock = Clock.systemUTC();
  private final CountDownLatch stop = new CountDownLatch(1);
  private final List<HostPort> doors = new ArrayList<>();
  private final List<SessionWriter> writers = new ArrayList<>();
  private final List<Future<?>> writing = new ArrayList<>();
  private Random random;
  private ProcessCluster cluster;
  private HttpClient http;

  @BeforeEach
  void start() throws Exception {
    long seed = Long.getLong("heddle.chaos.seed", System.nanoTime() & 0xffff_ffffL);
    System.out.println("chaos: -Dheddle.chaos.seed=" + seed);
    random = new Random(seed);
    var layout = layout();
    cluster =
        closer.register("cluster", new ProcessCluster(layout, NodeJava.command(), Ticker.system()));
    cluster.start(START);
    http = closer.register("http", HttpClient.newHttpClient());
    var open = closer.register("channels", new Channels(Credentials.none()));
    ExecutorService threads =
        closer.register("writers", Executors.newVirtualThreadPerTaskExecutor());
    closer.register("stop", stop::countDown);
    for (int i = 0; i < WRITERS; i++) {
      String tenant = TENANTS.get(i % TENANTS.size());
      var channel = open.to(layout.coordinators().getFirst().toString());
      var writer =
          new SessionWriter(
              tenant + "-" + i, channel, key(tenant), new Random(random.nextLong()), clock, stop);
      writers.add(writer);
      writing.add(threads.submit(writer));
    }
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private static String key(String tenant) {
    return "0123456789abcdef-" + tenant;
  }

  private ClusterLayout layout() throws IOException {
    var keys = new ArrayList<String>();
    TENANTS.forEach(
        each -> keys.add("{id: %s, key: %s, tenant: %s}".formatted(each, key(each), each)));
    var places = Collections.nCopies(GATEWAYS, Place.LOOPBACK);
    var laidOut = GatewayNodes.of(directory, keys, places, Place.LOOPBACK, true);
    doors.addAll(laidOut.doors());
    return new ClusterLayout(laidOut.nodes());
  }

  private static String name(int gateway) {
    return "gateway-" + gateway;
  }

  @Test
  void whatWasAcknowledgedSurvivesTheDeathOfEachGatewayAndOfAll() throws Exception {
    for (int kill = 0; kill < KILLS; kill++) {
      after(1_000, 2_500);
      String gateway = name(random.nextInt(GATEWAYS));
      kill(gateway);
      after(0, 1_500);
      cluster.start(gateway);
      cluster.awaitReady(START);
    }
    // One of them misses the last of it: its journal says what is not so any more.
    var order = new ArrayList<String>();
    for (int i = 0; i < GATEWAYS; i++) {
      order.add(name(i));
    }
    Collections.shuffle(order, random);
    after(500, 1_500);
    kill(order.getFirst());
    after(500, 2_000);
    kill(order.get(1));
    kill(order.get(2));
    Collections.shuffle(order, random);
    for (String each : order) {
      cluster.start(each);
    }
    cluster.awaitReady(START);
    after(500, 1_000);
    within(
        SOON,
        "something was done",
        () ->
            writers.stream().mapToInt(SessionWriter::acknowledged).sum() > 100
                && writers.stream().mapToInt(SessionWriter::endings).sum() > 0);
    stop.countDown();
    for (Future<?> each : writing) {
      each.get(SOON.toSeconds(), TimeUnit.SECONDS);
    }
    for (SessionWriter each : writers) {
      assertEquals(List.of(), each.problems());
    }
    audit();
  }

  private void after(int least, int most) throws InterruptedException {
    boolean stopped = stop.await(random.nextInt(least, most), TimeUnit.MILLISECONDS);
    assertTrue(!stopped, "nobody stops it");
  }

  private void kill(String gateway) throws InterruptedException {
    System.out.println("chaos: kill " + gateway);
    cluster.kill(gateway);
  }

  private void audit() throws Exception {
    int acknowledged = 0;
    int alive = 0;
    int ended = 0;
    var problems = new ArrayList<String>();
    var owners = new HashMap<String, Set<String>>();
    for (int i = 0; i < WRITERS; i++) {
      SessionWriter writer = writers.get(i);
      String tenant = TENANTS.get(i % TENANTS.size());
      String other = TENANTS.get((i + 1) % TENANTS.size());
      Set<String> own = owners.computeIfAbsent(tenant, _ -> new HashSet<>());
      acknowledged += writer.acknowledged();
      for (var session : writer.sessions()) {
        own.add(session.id());
        alive += session.lives() ? 1 : 0;
        ended += session.ended() ? 1 : 0;
        for (HostPort door : doors) {
          String wrong = wrong(session, door, tenant);
          if (!wrong.isEmpty()) {
            problems.add(session.id() + " at " + door + ": " + wrong);
          }
        }
        assertEquals(410, get(doors.getFirst(), other, session.id()).statusCode(), "another's");
        if (session.ended() && !writer.refused(session, SOON, Ticker.system())) {
          problems.add(session.id() + ": was ended, and takes changes");
        }
      }
    }
    for (String tenant : TENANTS) {
      Set<String> listed = listed(doors.getLast(), tenant);
      listed.removeAll(owners.getOrDefault(tenant, Set.of()));
      assertEquals(Set.of(), listed, "not of " + tenant);
    }
    System.out.printf("chaos: acknowledged=%d alive=%d ended=%d%n", acknowledged, alive, ended);
    assertEquals(List.of(), problems);
    assertTrue(alive > 0 && ended > 0 && acknowledged > 100, "something was done");
  }

  private String wrong(SessionWriter.Kept session, HostPort door, String tenant) throws Exception {
    HttpResponse<String> answer = get(door, tenant, session.id());
    if (answer.statusCode() == 410) {
      return session.lives() ? "lost" : "";
    }
    assertEquals(200, answer.statusCode(), answer.body());
    var attributes = new TreeMap<String, String>();
    JsonMapper.shared()
        .readTree(answer.body())
        .path("attributes")
        .forEachEntry((name, value) -> attributes.put(name, value.toString()));
    return session.wrong(attributes);
  }

  private Set<String> listed(HostPort door, String tenant) throws Exception {
    var ids = new HashSet<String>();
    String after = "";
    do {
      String path = "/v1/sessions?limit=1000" + after;
      JsonNode page =
          JsonMapper.shared()
              .readTree(answer(door, tenant, path, SessionSurvivalTest::complete).body());
      page.path("sessions").forEach(each -> ids.add(each.path("session").asString()));
      String next = page.path("next").asString("");
      after = next.isEmpty() ? "" : "&after=" + next;
    } while (!after.isEmpty());
    return ids;
  }

  private HttpResponse<String> get(HostPort door, String tenant, String session) throws Exception {
    return answer(door, tenant, "/v1/sessions/" + session, answer -> answer.statusCode() < 500);
  }

  private static boolean complete(HttpResponse<String> answer) {
    return answer.statusCode() == 200
        && JsonMapper.shared().readTree(answer.body()).path("complete").booleanValue();
  }

  /** The first answer that is one: a gateway on a busy machine may have none for the moment. */
  private HttpResponse<String> answer(
      HostPort door, String tenant, String path, Predicate<HttpResponse<String>> good) {
    var last = new AtomicReference<HttpResponse<String>>();
    within(
        SOON,
        "an answer of %s to %s".formatted(door, path),
        () -> {
          try {
            last.set(send(door, tenant, path));
            return good.test(last.get());
          } catch (IOException e) {
            return false;
          }
        });
    return last.get();
  }

  private HttpResponse<String> send(HostPort door, String tenant, String path) throws Exception {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://" + door + path))
            .timeout(Duration.ofSeconds(60))
            .header("Authorization", "Bearer " + key(tenant))
            .build(),
        BodyHandlers.ofString(StandardCharsets.UTF_8));
  }
}
