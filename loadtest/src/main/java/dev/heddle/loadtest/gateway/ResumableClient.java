package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.process.HostPort;
import io.netty.handler.codec.http.websocketx.WebSocketClientHandshakeException;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A connection that survives its sockets, over WebSockets, as docs/connections.md has it: what
 * comes is acknowledged, and whoever loses its socket comes back after a random time, which doubles
 * with each try. Thread-safe.
 */
final class ResumableClient implements SocketListener {
  private static final double FIRST_WAIT_MILLIS = 500;
  private static final double LONGEST_WAIT_MILLIS = 5_000;
  private static final int NORMAL = 1000;
  private static final List<Integer> FINAL = List.of(401, 403, 404, 410);

  private final SocketFleet fleet;
  private final String path;
  private final List<HostPort> gateways;
  private final Random random;
  private final Events events;
  private final CompletableFuture<String> id = new CompletableFuture<>();
  private final ReentrantLock lock = new ReentrantLock();

  /** Guarded by the lock, as what follows. */
  private String token = "";

  private long offset;
  private int tries;
  private boolean over;
  private @Nullable ClientSocket socket;

  /** What becomes of it. Called by the thread of an event loop, with the client's lock held. */
  interface Events {
    /** A frame of the app, in order. */
    void frame(String body);

    /** It is back. */
    default void back() {}

    /** Frames are missing, came twice, or it cannot come back. */
    void broken(String why);
  }

  /**
   * @param gateways to come back to
   * @param seed of the times that it waits
   */
  ResumableClient(
      SocketFleet fleet, String path, List<HostPort> gateways, long seed, Events events) {
    this.fleet = fleet;
    this.path = path;
    this.gateways = List.copyOf(gateways);
    this.random = new Random(seed);
    this.events = events;
  }

  /** Opens it; the future has the connection's id. */
  CompletableFuture<String> open(HostPort gateway) {
    connect(Door.resumable(gateway, path));
    return id;
  }

  private void connect(Door door) {
    var _ =
        fleet
            .open(door, this)
            .whenComplete((_, failure) -> {
              if (failure != null) {
                failed(failure);
              }
            });
  }

  private void failed(Throwable failure) {
    lock.lock();
    try {
      if (over) {
        return;
      }
      if (!id.isDone()) {
        over = true;
        id.completeExceptionally(failure);
      } else if (FINAL.contains(status(failure))) {
        over = true;
        events.broken("cannot come back: " + failure.getMessage());
      } else {
        comeBack();
      }
    } finally {
      lock.unlock();
    }
  }

  private static int status(Throwable failure) {
    return failure instanceof WebSocketClientHandshakeException refused
            && refused.response() != null
        ? refused.response().status().code()
        : 0;
  }

  private void comeBack() {
    double most = Math.min(LONGEST_WAIT_MILLIS, FIRST_WAIT_MILLIS * Math.scalb(1.0, tries));
    tries++;
    var gateway = gateways.get(random.nextInt(gateways.size()));
    var query = "?resume=" + URLEncoder.encode(token, UTF_8) + "&offset=" + offset;
    var wait = Duration.ofNanos((long) (random.nextDouble() * most * 1e6));
    fleet.later(wait, () -> connect(Door.resumable(gateway, path + query)));
  }

  /** Sends a frame of the app, if it has a socket. */
  void send(String frame) {
    lock.lock();
    try {
      var open = socket;
      if (open == null) {
        events.broken("no socket to send with");
      } else {
        open.send(frame);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Says goodbye; nothing is told any more. */
  void end() {
    lock.lock();
    try {
      over = true;
      var open = socket;
      if (open != null) {
        open.send("{\"heddle\":\"close\"}");
      }
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void text(ClientSocket from, String text) {
    var frame = JsonMapper.shared().readTree(text);
    lock.lock();
    try {
      if (over) {
        return;
      }
      switch (frame.path("heddle").asString("")) {
        case "welcome" -> welcome(from, frame);
        case "message" -> message(from, frame);
        case "error" -> events.broken("an error: " + text);
        default -> {
          // It counts no frames of its own.
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void welcome(ClientSocket from, JsonNode frame) {
    socket = from;
    token = frame.path("resume").asString("");
    tries = 0;
    long at = frame.path("offset").asLong(-1);
    if (id.complete(frame.path("connection").asString(""))) {
      offset = at;
      return;
    }
    if (!frame.path("recovered").asBoolean(false) || at != offset) {
      events.broken("not recovered: offset %d (expected: %d)".formatted(at, offset));
      offset = at;
    }
    events.back();
  }

  private void message(ClientSocket from, JsonNode frame) {
    long at = frame.path("offset").asLong(-1);
    if (at != offset + 1) {
      events.broken("offset %d (expected: %d)".formatted(at, offset + 1));
    }
    offset = at;
    from.send(JsonMapper.shared().writeValueAsString(Map.of("heddle", "ack", "offset", at)));
    events.frame(frame.path("body").asString(""));
  }

  @Override
  public void closed(int code) {
    lock.lock();
    try {
      socket = null;
      if (over) {
        return;
      }
      if (code == NORMAL || !id.isDone()) {
        over = true;
        id.completeExceptionally(new IllegalStateException("closed with " + code));
        events.broken("closed with " + code);
        return;
      }
      comeBack();
    } finally {
      lock.unlock();
    }
  }
}
