package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.hazelcast.core.Hazelcast;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.json.Json;
import dev.heddle.process.DataSize;
import dev.heddle.process.testing.Eventually;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Subscribers that vanish and come back at either gateway, while messages are published at both: by
 * a seeded schedule, audited by what each has read. Set {@code heddle.seed} to play one again.
 */
@Timeout(240)
class ChannelRecoveryTest {
  private static final List<String> CHANNELS = List.of("room.a", "room.b", "room.hot");
  private static final int READERS = 6;
  private static final int STEPS = 300;

  private static TwoGateways gateways;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    gateways =
        new TwoGateways(
            directory, config -> GatewaySettings.of(config).channels(limits()).config());
    gateways.app(
        "acme",
        "chat",
        "name: chat\nroutes: {a: {function: f}}\nchannels: {'room.*': {subscribe: true}}\n");
  }

  /** Small enough that a few large messages are more than a channel keeps. */
  private static ChannelLimits limits() {
    ChannelLimits usual = ChannelLimits.defaults();
    return new ChannelLimits(
        usual.message(),
        DataSize.ofKiB(64),
        usual.messages(),
        usual.index(),
        usual.replay(),
        usual.total(),
        usual.tenantTotal(),
        usual.channels(),
        usual.tenantChannels(),
        usual.subscriptions(),
        usual.idle(),
        usual.look());
  }

  @AfterAll
  static void stop() throws Exception {
    gateways.close();
  }

  private final Map<String, Long> published = new HashMap<>();

  /** Messages of each channel that are gone for good up to here. */
  private final Map<String, Long> forgotten = new HashMap<>();

  private int recoveries;
  private int losses;

  /** Returns where it is. */
  private JsonNode publish(GatewayFixture at, String channel, int padding) throws Exception {
    long number = published.merge(channel, 1L, Long::sum);
    var request =
        at.request("POST", "/v1/channels/" + channel, number + " " + "x".repeat(padding))
            .header("Authorization", "Bearer " + TwoGateways.ACME);
    var response = at.send(request);
    assertEquals(200, response.statusCode(), response.body());
    return Json.parse(response.body());
  }

  /** What a reader knows of one channel. */
  private static final class Read {
    private String epoch = "";
    private long offset;

    /** Of the last message; 0: none since its last beginning. */
    private long number;

    @Override
    public String toString() {
      return number + " at " + epoch + ":" + offset;
    }
  }

  /** A client that checks what it gets. */
  private final class Reader {
    private final Map<String, Read> channels = new LinkedHashMap<>();
    private final Set<String> begun = new HashSet<>();
    private @Nullable SocketClient socket;
    private String resume = "";

    /** How many messages of each channel there were when it left. */
    private final Map<String, Long> left = new HashMap<>();

    private void connect(GatewayFixture at) throws Exception {
      begun.clear();
      String query = "";
      if (!resume.isEmpty()) {
        String positions =
            channels.entrySet().stream()
                .map(each ->
                    each.getKey() + ":" + each.getValue().epoch + ":" + each.getValue().offset)
                .collect(Collectors.joining(","));
        query = "&offset=0&resume=" + resume + "&channels=" + positions;
      }
      socket = gateways.socket(at, "chat", query, "heddle.v1");
      JsonNode welcome = socket.next();
      assertEquals("welcome", welcome.path("heddle").asString());
      resume = welcome.path("resume").asString();
      if (query.isEmpty()) {
        for (String channel : CHANNELS) {
          socket.send("{\"heddle\":\"subscribe\",\"channel\":\"" + channel + "\"}");
        }
      }
      while (begun.size() < CHANNELS.size()) {
        heard(socket.next());
      }
    }

    private void heard(JsonNode frame) {
      String channel = frame.path("channel").asString("");
      Read read = channels.computeIfAbsent(channel, _ -> new Read());
      String epoch = frame.path("epoch").asString("");
      long offset = frame.path("offset").longValue();
      switch (frame.path("heddle").asString()) {
        case "subscribed" -> begins(channel, read, frame, epoch, offset);
        case "publication" -> {
          String body = frame.path("body").asString();
          long number = Long.parseLong(body.substring(0, body.indexOf(' ')));
          if (read.number > 0) {
            assertEquals(read.number + 1, number, channel + ": none is missing, none comes twice");
          }
          assertEquals(read.offset + 1, offset, channel + ": offsets have no gaps");
          read.number = number;
          read.epoch = epoch;
          read.offset = offset;
        }
        default -> throw new AssertionError(frame.toString());
      }
    }

    private void begins(String channel, Read read, JsonNode frame, String epoch, long offset) {
      begun.add(channel);
      if (frame.path("recovered").booleanValue()) {
        recoveries += read.epoch.isEmpty() ? 0 : 1;
        assertTrue(read.epoch.isEmpty() || read.offset == offset, "it goes on where it was");
      } else {
        losses++;
        boolean reason = left.getOrDefault(channel, 0L) < forgotten.getOrDefault(channel, 0L);
        assertTrue(reason, channel + ": nothing was lost, and it says so: " + frame);
        read.number = 0;
      }
      read.epoch = epoch;
      read.offset = offset;
    }

    private void drain() {
      SocketClient open = socket;
      if (open == null) {
        return;
      }
      String frame = open.frames.poll();
      while (frame != null) {
        heard(Json.parse(frame));
        frame = open.frames.poll();
      }
    }

    @Override
    public String toString() {
      return (socket == null ? "away" : "here") + channels;
    }

    private boolean isAt(String channel, Map<String, JsonNode> places) {
      JsonNode place = Objects.requireNonNull(places.get(channel), channel);
      Read read = channels.get(channel);
      return read != null
          && read.epoch.equals(place.path("epoch").asString())
          && read.offset == place.path("offset").longValue();
    }

    /** Of the last message of a channel; -1: it does not know the channel. */
    private long number(String channel) {
      Read read = channels.get(channel);
      return read == null ? -1 : read.number;
    }

    private void vanish() {
      SocketClient open = socket;
      if (open != null) {
        open.vanish();
        drain();
        socket = null;
        channels.forEach((channel, read) -> left.put(channel, read.number));
      }
    }
  }

  @Test
  void everyMissedMessageInOrderOrNone() throws Exception {
    long seed = Long.getLong("heddle.seed", new Random().nextLong());
    var random = new Random(seed);
    var readers = new ArrayList<Reader>();
    try {
      for (int i = 0; i < READERS; i++) {
        var reader = new Reader();
        reader.connect(gateways.both().get(i % 2));
        readers.add(reader);
      }
      for (int step = 0; step < STEPS; step++) {
        step(random, readers);
      }
      // One after another: all are back, and hear of what comes now.
      for (Reader reader : readers) {
        if (reader.socket == null) {
          reader.connect(gateways.both().get(random.nextInt(2)));
        }
      }
      // Whom nobody has told yet that the grid lost its channels is told by the first message,
      // which
      // then is before its new beginning; the second one comes to all.
      publishToAll(readers, "all are there");
      publishToAll(readers, "all is read");
      for (Reader reader : readers) {
        CHANNELS.forEach(each -> assertEquals(published.get(each), reader.number(each), each));
      }
    } catch (AssertionError | RuntimeException e) {
      throw new AssertionError(
          "seed " + seed + ": " + e.getMessage() + "; published " + published + ", read " + readers,
          e);
    } finally {
      readers.forEach(Reader::vanish);
    }
    assertTrue(recoveries > 20, recoveries + " recoveries, seed " + seed);
    assertTrue(losses > 0, losses + " losses, seed " + seed);
  }

  /** Publishes one message in each channel, and waits until all readers are there. */
  private void publishToAll(List<Reader> readers, String what) throws Exception {
    var places = new HashMap<String, JsonNode>();
    for (String channel : CHANNELS) {
      places.put(channel, publish(gateways.two, channel, 0));
    }
    for (Reader reader : readers) {
      Eventually.eventually(
          what,
          () -> {
            reader.drain();
            return CHANNELS.stream().allMatch(each -> reader.isAt(each, places));
          });
    }
  }

  private void step(Random random, List<Reader> readers) throws Exception {
    GatewayFixture at = gateways.both().get(random.nextInt(2));
    Reader reader = readers.get(random.nextInt(readers.size()));
    int dice = random.nextInt(100);
    if (dice < 55) {
      publish(at, CHANNELS.get(random.nextInt(2)), random.nextInt(100));
    } else if (dice < 62) {
      overtake(at);
    } else if (dice < 98) {
      if (reader.socket == null) {
        reader.connect(at);
      } else {
        reader.vanish();
      }
    } else {
      lose(readers);
    }
    readers.forEach(Reader::drain);
  }

  /** More than a channel keeps: who is away has lost its place there, but not in the others. */
  private void overtake(GatewayFixture at) throws Exception {
    for (int i = 0; i < 3; i++) {
      publish(at, "room.hot", 30_000);
    }
    // Of three such messages the channel keeps two, at most.
    forgotten.put("room.hot", published.getOrDefault("room.hot", 0L) - 1);
  }

  /** The grid loses its channels: nobody is told of a position that now is another's. */
  private void lose(List<Reader> readers) {
    for (String channel : CHANNELS) {
      forgotten.put(channel, published.getOrDefault(channel, 0L) + 1);
    }
    for (Reader reader : readers) {
      reader.drain();
      reader.begun.clear();
      reader.channels.forEach((channel, read) -> reader.left.put(channel, read.number));
    }
    Hazelcast.getAllHazelcastInstances().iterator().next().getMap("channels").clear();
    for (Reader reader : readers) {
      if (reader.socket != null) {
        Eventually.eventually(
            "it is told",
            () -> {
              reader.drain();
              return reader.begun.size() == CHANNELS.size();
            });
      }
    }
  }
}
