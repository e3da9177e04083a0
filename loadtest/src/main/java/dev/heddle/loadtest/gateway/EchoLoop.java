package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Clients that each send a frame when the last one came back. Every frame is checked: it is the one
 * that was sent, and comes once. Owned by one thread.
 */
final class EchoLoop {
  /** A frame, as peers were measured with it. */
  static final int BYTES = 128;

  private static final long NANOS_EACH = 20_000_000;
  private static final int MOST_FAILURES = 10;

  private final Duration patience;
  private final Ticker ticker;
  private final List<Client> clients = new ArrayList<>();
  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final AtomicLong failed = new AtomicLong();

  /**
   * What frames took.
   *
   * @param seconds of the whole round
   */
  record Outcome(LatencyRecorder times, double seconds, List<String> failures) {
    Map<String, Double> figures() {
      return Map.of("messagesPerSecond", times.count() / Math.max(1e-9, seconds));
    }
  }

  /** Frames that are still to be sent, and clients that still wait. */
  private static final class Round {
    private final AtomicLong left;
    private final CountDownLatch waiting;

    Round(long frames, int clients) {
      this.left = new AtomicLong(frames);
      this.waiting = new CountDownLatch(clients);
    }
  }

  /**
   * @param doors of each client
   * @param patience with clients that wait, beyond 20 ms for each frame of all of them
   */
  EchoLoop(
      SocketFleet fleet, IntFunction<Door> doors, int clients, Duration patience, Ticker ticker)
      throws InterruptedException {
    this.patience = patience;
    this.ticker = ticker;
    for (int i = 0; i < clients; i++) {
      var client = new Client(i);
      this.clients.add(client);
      client.socket = fleet.openAll(doors.apply(i), 1, _ -> client).getFirst();
    }
  }

  /** Sends so many frames in all, and waits until they came back. */
  Outcome run(long frames) throws InterruptedException {
    failures.clear();
    failed.set(0);
    var next = new Round(frames, clients.size());
    long began = ticker.nanoTime();
    clients.forEach(client -> client.begin(next));
    boolean whole =
        next.waiting.await(patience.toNanos() + frames * NANOS_EACH, TimeUnit.NANOSECONDS);
    double seconds = (ticker.nanoTime() - began) / 1e9;
    if (!whole) {
      fail(next.waiting.getCount() + " clients: no frame came back (expected: one for each)");
    }
    var times = new LatencyRecorder();
    // Of clients that still wait, another thread may hold the times.
    if (whole) {
      clients.forEach(client -> times.add(client.times));
    }
    var told = new ArrayList<>(failures);
    if (failed.get() > told.size()) {
      told.add(failed.get() + " failures in all");
    }
    return new Outcome(times, seconds, told);
  }

  private void fail(String why) {
    if (failed.incrementAndGet() <= MOST_FAILURES) {
      failures.add(why);
    }
  }

  /** Ends all sockets. */
  void end() {
    clients.forEach(client -> client.over = true);
    clients.forEach(client -> {
      var socket = client.socket;
      if (socket != null) {
        socket.vanish();
      }
    });
  }

  private final class Client implements SocketListener {
    private final int number;
    private LatencyRecorder times = new LatencyRecorder();
    private volatile @Nullable ClientSocket socket;
    private volatile boolean over;
    private Round mine = new Round(0, 0);
    private String sent = "";
    private long sentAt;
    private long count;

    Client(int number) {
      this.number = number;
    }

    /** By the loop's thread, while nothing is under way. */
    void begin(Round next) {
      times = new LatencyRecorder();
      mine = next;
      var open = socket;
      if (open == null || !open.open() || next.left.getAndDecrement() <= 0) {
        if (open == null || !open.open()) {
          fail("client " + number + ": closed");
        }
        next.waiting.countDown();
        return;
      }
      send(open);
    }

    private void send(ClientSocket open) {
      var head = number + " " + count++ + " ";
      sent = head + "x".repeat(Math.max(0, BYTES - head.length()));
      sentAt = ticker.nanoTime();
      open.send(sent);
    }

    @Override
    public void text(ClientSocket from, String text) {
      long took = ticker.nanoTime() - sentAt;
      if (!text.equals(sent)) {
        fail("client " + number + ": " + excerpt(text) + " (expected: " + excerpt(sent) + ")");
        return;
      }
      sent = "";
      times.record(took);
      if (mine.left.getAndDecrement() > 0) {
        send(from);
      } else {
        mine.waiting.countDown();
      }
    }

    private String excerpt(String text) {
      return text.substring(0, Math.min(text.length(), 200));
    }

    @Override
    public void closed(int code) {
      if (!over) {
        fail("client " + number + ": closed with " + code);
        if (!sent.isEmpty()) {
          mine.waiting.countDown();
        }
      }
    }
  }
}
