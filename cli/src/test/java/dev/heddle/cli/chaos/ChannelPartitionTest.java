package dev.heddle.cli.chaos;

import static dev.heddle.process.testing.Eventually.within;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.cli.chaos.GatewayNodes.Place;
import dev.heddle.loadtest.chaos.ClusterLayout;
import dev.heddle.loadtest.chaos.NetworkNamespaces;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.process.Closer;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToIntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * One of three gateways is cut off from the others while subscribers come and go at all of them,
 * and both halves take messages; then the halves find each other. Audited by offset. A new seed
 * each time; {@code -Dheddle.chaos.seed=N} repeats a schedule.
 */
@Tag("chaos")
@Timeout(1_200)
class ChannelPartitionTest {
  private static final List<String> CHANNELS = List.of("room.a", "room.b", "room.c", "room.d");
  private static final String KEY = "0123456789abcdef-chaos";
  private static final int GATEWAYS = 3;
  private static final int READERS = 6;
  private static final int BETWEEN_MILLIS = 25;
  private static final Duration START = Duration.ofMinutes(4);
  private static final Duration SOON = Duration.ofMinutes(3);
  private static final Duration LOOK = Duration.ofMillis(250);

  /** Fewer than a channel keeps of each; what comes then comes slowly. */
  private static final int PLENTY = 2_400;

  private static final Duration SLOWLY = Duration.ofSeconds(1);
  private static final Duration CALL = Duration.ofSeconds(30);

  @TempDir Path directory;

  private final Closer closer = new Closer();
  private final List<String> doors = new ArrayList<>();
  private final List<ChannelReader> readers = new ArrayList<>();
  private final Map<String, String> bodies = new ConcurrentHashMap<>();
  private final ConcurrentLinkedQueue<Ack> acks = new ConcurrentLinkedQueue<>();
  private final CountDownLatch stop = new CountDownLatch(1);

  /** Whether the grid is to be in two halves, as far as the test does it. */
  private volatile boolean apart;

  /** Whether it was without that, as where the machine stood still for longer than members wait. */
  private volatile boolean fellApart;

  private Random random;
  private NetworkNamespaces network;
  private HttpClient http;

  /** A message that was taken at a door. */
  private record Ack(String channel, String body, int door, long began, long ended) {}

  @BeforeEach
  void start() throws Exception {
    var missing = NetworkNamespaces.missing();
    assumeTrue(missing.isEmpty(), () -> "skipped: " + missing);
    long seed = Long.getLong("heddle.chaos.seed", System.nanoTime() & 0xffff_ffffL);
    System.out.println("chaos: -Dheddle.chaos.seed=" + seed);
    random = new Random(seed);
    network = closer.register("network", new NetworkNamespaces(GATEWAYS + 1));
    // Halves look for each other soon.
    var java =
        NodeJava.command()
            .withFlags(
                "-Dhazelcast.merge.first.run.delay.seconds=3",
                "-Dhazelcast.merge.next.run.delay.seconds=3");
    var cluster = closer.register("cluster", new ProcessCluster(layout(), java, Ticker.system()));
    cluster.start(START);
    http = closer.register("http", HttpClient.newHttpClient());
    String app =
        "name: chat\nroutes: {a: {function: f}}\nchannels: {'room.*': {subscribe: true}}\n";
    soon("the app is taken", () -> send(0, "PUT", "/v1/apps/chat", app).statusCode() / 100 == 2);
    for (int i = 0; i < GATEWAYS; i++) {
      int door = i;
      soon("the app is known", () -> get(door, "/v1/apps/chat").statusCode() == 200);
      soon("all are there", () -> members(door) == GATEWAYS);
    }
  }

  @AfterEach
  void close() {
    closer.close();
  }

  private ClusterLayout layout() throws IOException {
    var places = new ArrayList<Place>();
    for (int i = 0; i < GATEWAYS; i++) {
      places.add(new Place(network.host(i), network.openHost(i), network.wrapper(i)));
    }
    var home = network.host(GATEWAYS);
    var core = new Place(home, home, network.wrapper(GATEWAYS));
    var keys = List.of("{id: test, key: %s, tenant: default}".formatted(KEY));
    var laidOut = GatewayNodes.of(directory, keys, places, core, false);
    laidOut.doors().forEach(door -> doors.add(door.toString()));
    return new ClusterLayout(laidOut.nodes());
  }

  @Test
  void whoComesBackHasEveryMessageInOrderOrIsToldThoughHalvesOfTheGridHaveGoneOnAlone()
      throws Exception {
    int cut = random.nextInt(GATEWAYS);
    long cutAt;
    long joinedAt;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var running = new ArrayList<Future<?>>();
      try {
        for (int i = 0; i < READERS; i++) {
          var reader =
              new ChannelReader(
                  http, doors, KEY, CHANNELS, bodies, new Random(random.nextLong()), stop);
          readers.add(reader);
          running.add(threads.submit(reader));
        }
        for (int i = 0; i < GATEWAYS; i++) {
          int door = i;
          var own = new Random(random.nextLong());
          running.add(threads.submit(() -> publish(door, own)));
        }
        running.add(threads.submit(this::watch));
        after(3_000, 5_000);
        readers.forEach(ChannelReader::mayLose);
        apart = true;
        cutAt = System.nanoTime();
        System.out.println("chaos: cut gateway-" + cut);
        network.cut(cut);
        for (int i = 0; i < GATEWAYS; i++) {
          int door = i;
          int expected = i == cut ? 1 : GATEWAYS - 1;
          soon("the halves know", () -> members(door) == expected);
        }
        after(3_000, 5_000);
        soon("the smaller half goes on", () -> goesOn(cut, cutAt));
        System.out.println("chaos: heal");
        network.heal(cut);
        for (int i = 0; i < GATEWAYS; i++) {
          int door = i;
          soon("they are one", () -> members(door) == GATEWAYS);
        }
        apart = false;
        joinedAt = System.nanoTime();
        after(2_000, 3_000);
        soon(
            "readers come back, and some to what is no more",
            () -> sum(ChannelReader::recoveries) > 20 && sum(ChannelReader::losses) > 0);
      } finally {
        stop.countDown();
      }
      for (Future<?> each : running) {
        each.get(SOON.toSeconds(), TimeUnit.SECONDS);
      }
    }
    audit(cut, cutAt, joinedAt);
  }

  private void after(int least, int most) throws InterruptedException {
    assertFalse(stop.await(random.nextInt(least, most), TimeUnit.MILLISECONDS), "nobody stops it");
  }

  /** As {@link dev.heddle.process.testing.Eventually}; an answer that is late comes later. */
  private static void soon(String what, Callable<Boolean> condition) {
    within(
        SOON,
        what,
        () -> {
          try {
            return condition.call();
          } catch (IOException e) {
            return false;
          }
        });
  }

  private int sum(ToIntFunction<ChannelReader> count) {
    return readers.stream().mapToInt(count).sum();
  }

  /** Whether the half that was cut off has taken a message since, and somebody has read there. */
  private boolean goesOn(int cut, long since) {
    return acks.stream().anyMatch(each -> each.door() == cut && each.began() - since > 0)
        && readers.stream().anyMatch(each -> each.heard(doors.get(cut), since));
  }

  /** Looks whether the grid falls apart by itself. */
  private void watch() {
    try {
      for (int i = 0; !stop.await(LOOK.toMillis(), TimeUnit.MILLISECONDS); i++) {
        boolean before = apart;
        try {
          int there = members(i % GATEWAYS);
          if (!before && !apart && there > 0 && there < GATEWAYS) {
            fellApart = true;
          }
        } catch (IOException e) {
          // It does not answer now.
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void publish(int door, Random own) {
    try {
      for (int i = 0; !stop.await(pause(), TimeUnit.MILLISECONDS); i++) {
        String channel = CHANNELS.get(own.nextInt(CHANNELS.size()));
        String body = door + "-" + i;
        long began = System.nanoTime();
        try {
          if (send(door, "POST", "/v1/channels/" + channel, body).statusCode() == 200) {
            acks.add(new Ack(channel, body, door, began, System.nanoTime()));
          }
        } catch (IOException e) {
          // Nobody knows whether it was published.
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private long pause() {
    return acks.size() < PLENTY ? GATEWAYS * BETWEEN_MILLIS : SLOWLY.toMillis();
  }

  private void audit(int cut, long cutAt, long joinedAt) throws Exception {
    for (String channel : CHANNELS) {
      var tried = new AtomicInteger();
      soon(
          "the last message",
          () -> {
            var body = "last-" + tried.incrementAndGet();
            return send(0, "POST", "/v1/channels/" + channel, body).statusCode() == 200;
          });
    }
    var problems = new ArrayList<String>();
    for (ChannelReader reader : readers) {
      long end = System.nanoTime() + SOON.toNanos();
      while (!atTheEnd(reader) && System.nanoTime() < end) {
        reader.visit(doors.get(random.nextInt(GATEWAYS)), 500);
      }
      problems.addAll(reader.problems());
      if (!fellApart) {
        problems.addAll(reader.early());
      }
    }
    int kept = 0;
    for (String channel : CHANNELS) {
      Map<Long, ChannelReader.Read> history = history(0, channel);
      assertEquals(history, history(1, channel));
      assertEquals(history, history(2, channel));
      kept += history.size();
      for (ChannelReader reader : readers) {
        List<ChannelReader.Read> read = reader.read(channel);
        for (ChannelReader.Read each : read) {
          if (!each.equals(history.get(each.offset()))) {
            problems.add(channel + ": read " + each + ", there " + history.get(each.offset()));
          }
        }
        if (reader.offset(channel) != history.size()) {
          problems.add(channel + ": read up to " + reader.offset(channel));
        }
      }
      var there = history.values().stream().map(ChannelReader.Read::body).toList();
      assertEquals(there.size(), there.stream().distinct().count(), "none is there twice");
      for (Ack each : acks) {
        // What the smaller half alone has taken goes with it.
        boolean stays = each.door() != cut || each.ended() < cutAt || each.began() > joinedAt;
        // Of a grid that fell apart by itself nobody knows which half went on.
        stays &= !fellApart;
        if (stays && each.channel().equals(channel) && !there.contains(each.body())) {
          problems.add(channel + ": acknowledged, and lost: " + each);
        }
      }
    }
    long lost =
        acks.stream()
            .filter(each -> each.door() == cut && each.began() > cutAt && each.ended() < joinedAt)
            .count();
    System.out.printf(
        "chaos: acknowledged=%d kept=%d bySmaller=%d recoveries=%d losses=%d fellApart=%s%n",
        acks.size(),
        kept,
        lost,
        sum(ChannelReader::recoveries),
        sum(ChannelReader::losses),
        fellApart);
    assertEquals(List.of(), problems);
    assertTrue(lost > 0, "both halves went on");
  }

  private boolean atTheEnd(ChannelReader reader) {
    for (String channel : CHANNELS) {
      if (reader.offset(channel) != history(0, channel).size()) {
        return false;
      }
    }
    return true;
  }

  /** By offset; from the first message on, as a channel keeps more than is published here. */
  private Map<Long, ChannelReader.Read> history(int door, String channel) {
    var told = new AtomicReference<>("");
    soon(
        "the history at door " + door,
        () -> {
          HttpResponse<String> answer = get(door, "/v1/channels/" + channel + "?limit=1000");
          told.set(answer.body());
          return answer.statusCode() == 200;
        });
    JsonNode all = JsonMapper.shared().readTree(told.get());
    var history = new TreeMap<Long, ChannelReader.Read>();
    for (JsonNode each : all.path("messages")) {
      long offset = each.path("offset").longValue();
      history.put(
          offset,
          new ChannelReader.Read(
              each.path("epoch").asString(), offset, each.path("body").asString()));
    }
    return history;
  }

  private int members(int door) throws IOException, InterruptedException {
    return get(door, "/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("heddle_gateway_grid_members"))
        .mapToInt(line -> (int) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  private HttpResponse<String> get(int door, String path) throws IOException, InterruptedException {
    return send(door, "GET", path, "");
  }

  private HttpResponse<String> send(int door, String method, String path, String body)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://" + doors.get(door) + path))
            .timeout(CALL)
            .header("Authorization", "Bearer " + KEY)
            .method(
                method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }
}
