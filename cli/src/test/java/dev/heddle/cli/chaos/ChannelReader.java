package dev.heddle.cli.chaos;

import dev.heddle.cli.testing.TextFrames;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A subscriber that vanishes and comes back at another gateway, by its connection's token or on a
 * new connection, and checks that what it gets goes on where it was. One thread runs it.
 */
final class ChannelReader implements Runnable {
  private static final Duration CALL = Duration.ofSeconds(20);
  private static final Duration AFTER_FAILURE = Duration.ofMillis(300);
  private static final int SHOWN = 5;

  private final HttpClient http;
  private final List<String> doors;
  private final String key;
  private final List<String> names;
  private final Map<String, String> bodies;
  private final Random random;
  private final CountDownLatch stop;
  private final Map<String, Channel> channels = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();
  private String resume = "";
  private final AtomicInteger recoveries = new AtomicInteger();
  private final AtomicInteger losses = new AtomicInteger();

  /** What was lost before anything could be. */
  private final List<String> early = new ArrayList<>();

  private final Map<String, Long> heard = new ConcurrentHashMap<>();

  /** Of others to read; what was lost until then was lost for no reason. */
  private volatile boolean mayLose;

  /**
   * @param doors where gateways are
   * @param names of the channels
   * @param bodies by channel, epoch and offset, of all readers
   */
  ChannelReader(
      HttpClient http,
      List<String> doors,
      String key,
      List<String> names,
      Map<String, String> bodies,
      Random random,
      CountDownLatch stop) {
    this.http = http;
    this.doors = doors;
    this.key = key;
    this.names = names;
    this.bodies = bodies;
    this.random = random;
    this.stop = stop;
  }

  /** A message that was read. */
  record Read(String epoch, long offset, String body) {}

  /** What it knows of a channel since it was last told that something is lost. */
  private static final class Channel {
    private final Map<Long, Read> read = new ConcurrentHashMap<>();
    private String epoch = "";
    private volatile long offset;
  }

  /** From now on a position may be one that nobody knows. */
  void mayLose() {
    mayLose = true;
  }

  /** For any thread, as the next two. */
  int recoveries() {
    return recoveries.get();
  }

  int losses() {
    return losses.get();
  }

  /** Whether a message came through a door since then, by {@link System#nanoTime}. */
  boolean heard(String door, long since) {
    Long last = heard.get(door);
    return last != null && last - since > 0;
  }

  /** What was lost before {@link #mayLose}; of a grid that was whole until then: for no reason. */
  List<String> early() {
    return early;
  }

  List<String> problems() {
    return problems;
  }

  /** Offset of the last message that it has. */
  long offset(String channel) {
    Channel known = channels.get(channel);
    return known == null ? 0 : known.offset;
  }

  /** What it has read since it was last told that something is lost. */
  List<Read> read(String channel) {
    Channel known = channels.get(channel);
    return known == null ? List.of() : List.copyOf(known.read.values());
  }

  @Override
  public void run() {
    try {
      while (stop.getCount() > 0) {
        visit(doors.get(random.nextInt(doors.size())), random.nextInt(300, 2_500));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Listens for a while. */
  void visit(String door, int millis) throws InterruptedException {
    boolean back = !resume.isEmpty() && random.nextBoolean();
    var socket = new Socket();
    try {
      String query = back ? "?offset=0&resume=" + resume + "&channels=" + positions() : "";
      socket.open(door, query);
      resume = socket.next().path("resume").asString();
      if (!back) {
        for (String name : names) {
          socket.subscribe(name);
        }
      }
      long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
      for (long left = millis; left > 0; left = (end - System.nanoTime()) / 1_000_000) {
        socket
            .frames
            .next(Duration.ofMillis(left))
            .ifPresent(frame -> {
              JsonNode read = JsonMapper.shared().readTree(frame);
              heard(read);
              if (read.path("heddle").asString("").equals("publication")) {
                heard.put(door, System.nanoTime());
              }
            });
      }
    } catch (ExecutionException | TimeoutException e) {
      resume = "";
      var _ = stop.await(AFTER_FAILURE.toMillis(), TimeUnit.MILLISECONDS);
    } finally {
      socket.close();
    }
  }

  private String positions() {
    return channels.entrySet().stream()
        .filter(each -> !each.getValue().epoch.isEmpty())
        .map(each -> each.getKey() + ":" + each.getValue().epoch + ":" + each.getValue().offset)
        .collect(Collectors.joining(","));
  }

  private void heard(JsonNode frame) {
    String kind = frame.path("heddle").asString("");
    String name = frame.path("channel").asString("");
    String epoch = frame.path("epoch").asString("");
    long offset = frame.path("offset").asLong(0);
    switch (kind) {
      case "subscribed" -> begins(name, frame.path("recovered").booleanValue(), epoch, offset);
      case "publication" -> {
        Channel known = channels.computeIfAbsent(name, _ -> new Channel());
        String body = frame.path("body").asString();
        if (offset != known.offset + 1) {
          problem(name + ": " + frame + " after offset " + known.offset);
        }
        String other = bodies.putIfAbsent(name + ":" + epoch + ":" + offset, body);
        if (other != null && !other.equals(body)) {
          problem(name + ": two messages at one position: " + frame + ", and " + other);
        }
        known.epoch = epoch;
        known.read.put(offset, new Read(epoch, offset, body));
        known.offset = offset;
      }
      default -> {
        // Goodbyes, and errors of a grid that does not answer: it comes back anyhow.
      }
    }
  }

  private void begins(String name, boolean recovered, String epoch, long offset) {
    Channel known = channels.computeIfAbsent(name, _ -> new Channel());
    if (!known.epoch.isEmpty() && recovered) {
      recoveries.incrementAndGet();
      if (offset != known.offset) {
        problem(name + ": recovered from " + offset + " (expected: " + known.offset + ")");
      }
    } else if (!known.epoch.isEmpty()) {
      losses.incrementAndGet();
      if (!mayLose && early.size() < SHOWN) {
        early.add(name + ": nothing was lost, and it says so");
      }
      known.read.clear();
    }
    known.epoch = epoch;
    known.offset = offset;
  }

  private void problem(String what) {
    if (problems.size() < SHOWN) {
      problems.add(what);
    }
  }

  /** One WebSocket. */
  private final class Socket {
    private final TextFrames frames = new TextFrames();
    private @Nullable WebSocket open;

    void open(String door, String query)
        throws InterruptedException, ExecutionException, TimeoutException {
      open =
          http.newWebSocketBuilder()
              .subprotocols("heddle.v1")
              .header("Authorization", "Bearer " + key)
              .connectTimeout(CALL)
              .buildAsync(URI.create("ws://" + door + "/ws/chat" + query), frames)
              .get(CALL.toMillis(), TimeUnit.MILLISECONDS);
    }

    JsonNode next() throws InterruptedException, TimeoutException {
      String frame = frames.next(CALL).orElseThrow(() -> new TimeoutException("no frame"));
      return JsonMapper.shared().readTree(frame);
    }

    void subscribe(String name) throws InterruptedException, ExecutionException, TimeoutException {
      Channel known = channels.get(name);
      String after =
          known == null || known.epoch.isEmpty()
              ? ""
              : ",\"epoch\":\"%s\",\"offset\":%d".formatted(known.epoch, known.offset);
      WebSocket socket = open;
      if (socket != null) {
        var _ =
            socket
                .sendText(
                    "{\"heddle\":\"subscribe\",\"channel\":\"" + name + "\"" + after + "}", true)
                .get(CALL.toMillis(), TimeUnit.MILLISECONDS);
      }
    }

    void close() {
      WebSocket socket = open;
      if (socket != null) {
        socket.abort();
      }
    }
  }
}
