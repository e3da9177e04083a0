package dev.heddle.loadtest.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpReply;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import java.io.IOException;
import java.net.URLEncoder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Clients that poll: each has a connection, and asks again as soon as it was answered. What they
 * get goes to the book. Ends with {@link #close}.
 */
final class LongPolls implements AutoCloseable {
  private static final HttpLimits LIMITS = HttpLimits.DEFAULTS.withTimeout(Duration.ofMinutes(5));

  private final RoundBook book;
  private final List<Client> clients;
  private final List<Thread> threads = new ArrayList<>();
  private final AtomicInteger asking = new AtomicInteger();
  private volatile boolean over;

  /** One client; owned by its thread. */
  interface Client {
    /** Waits for an answer with frames, and returns them. */
    List<String> next() throws IOException;

    /** From any thread: ends a wait. */
    void end() throws IOException;
  }

  LongPolls(List<? extends Client> clients, RoundBook book) {
    this.clients = List.copyOf(clients);
    this.book = book;
  }

  /** Begins to poll. */
  LongPolls start() {
    for (int i = 0; i < clients.size(); i++) {
      int number = i;
      var thread = Threads.virtual("poll").newThread(() -> poll(number));
      threads.add(thread);
      thread.start();
    }
    return this;
  }

  /** Clients that are about to ask, or wait for an answer. */
  int asking() {
    return asking.get();
  }

  private void poll(int number) {
    var client = clients.get(number);
    while (!over) {
      try {
        asking.incrementAndGet();
        List<String> frames;
        try {
          frames = client.next();
        } finally {
          asking.decrementAndGet();
        }
        frames.forEach(frame -> book.received(number, frame));
      } catch (IOException | RuntimeException e) {
        if (!over) {
          book.failed("client " + number + ": " + e);
        }
        return;
      }
    }
  }

  @Override
  public void close() {
    over = true;
    for (var client : clients) {
      try {
        client.end();
      } catch (IOException e) {
        // It has ended.
      }
    }
    Joining.all(threads);
  }

  /** Polls a path that answers with the next frame as it is. */
  static final class Bare implements Client {
    private final HttpConnection connection;
    private final HttpRequest request;

    Bare(HostPort server, String path) throws IOException {
      connection = HttpConnection.open(server, LIMITS);
      request = HttpRequest.of("GET", path, server, Map.of(), new byte[0]);
    }

    @Override
    public List<String> next() throws IOException {
      return List.of(new String(ok(connection.exchange(request)).body(), UTF_8));
    }

    @Override
    public void end() throws IOException {
      connection.close();
    }
  }

  /** A connection of a gateway, over polls. */
  static final class Resumable implements Client {
    private final HostPort gateway;
    private final String path;
    private final HttpConnection http;
    private final String id;
    private String token;
    private volatile String channels = "";
    private long offset;

    Resumable(HostPort gateway, String path) throws IOException {
      this.gateway = gateway;
      this.path = path;
      this.http = HttpConnection.open(gateway, LIMITS);
      var opened = JsonMapper.shared().readTree(ok(get(path)).body());
      this.id = opened.path("connection").asString("");
      this.token = opened.path("resume").asString("");
      this.offset = opened.path("offset").asLong(0);
    }

    /** What names it to who pushes. */
    String id() {
      return id;
    }

    /** Whether it knows how far it has read its channel: from then on it misses nothing. */
    boolean listens() {
      return !channels.isEmpty();
    }

    @Override
    public List<String> next() throws IOException {
      var frames = new ArrayList<String>();
      while (frames.isEmpty()) {
        var query = "?resume=" + URLEncoder.encode(token, UTF_8) + "&offset=" + offset;
        boolean comesBack = !channels.isEmpty();
        if (comesBack) {
          query += "&channels=" + URLEncoder.encode(channels, UTF_8);
        }
        var answer = JsonMapper.shared().readTree(ok(get(path + query)).body());
        token = answer.path("resume").asString("");
        channels = answer.path("channels").asString("");
        if (!answer.path("recovered").asBoolean(false)) {
          throw new IOException("poll: not recovered after offset " + offset);
        }
        for (var message : answer.path("messages")) {
          long at = message.path("offset").asLong(0);
          if (at != offset + 1) {
            throw new IOException("poll: offset " + at + " (expected: " + (offset + 1) + ")");
          }
          offset = at;
          frames.add(message.path("body").asString(""));
        }
        for (var envelope : answer.path("publications")) {
          published(envelope, comesBack).ifPresent(frames::add);
        }
      }
      return frames;
    }

    /**
     * The message of a channel in an envelope, if it has one.
     *
     * @param comesBack whether the poll has said how far it had read
     */
    private static Optional<String> published(JsonNode envelope, boolean comesBack)
        throws IOException {
      if (comesBack && envelope.has("recovered") && !envelope.path("recovered").asBoolean(false)) {
        throw new IOException("poll: not recovered: " + envelope);
      }
      return envelope.path("heddle").asString("").equals("publication")
          ? Optional.of(envelope.path("body").asString(""))
          : Optional.empty();
    }

    private HttpReply get(String target) throws IOException {
      return http.exchange(HttpRequest.of("GET", target, gateway, Map.of(), new byte[0]));
    }

    @Override
    public void end() throws IOException {
      http.close();
    }
  }

  private static HttpReply ok(HttpReply reply) throws IOException {
    if (!reply.ok()) {
      throw new IOException("poll: " + reply.status() + " " + reply.excerpt());
    }
    return reply;
  }
}
