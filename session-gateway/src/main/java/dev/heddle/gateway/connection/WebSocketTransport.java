package dev.heddle.gateway.connection;

import dev.heddle.gateway.channel.Publication;
import dev.heddle.gateway.http.EdgeErrors;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.websocket.CloseCodes;
import dev.heddle.gateway.websocket.FramedSocket;
import dev.heddle.gateway.websocket.SocketListener;
import dev.heddle.gateway.websocket.WireFrame;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.concurrent.ThreadFactory;
import org.jspecify.annotations.Nullable;

/**
 * One WebSocket. Frames are handled on the thread that read them, and the next one is demanded only
 * when the last one has been answered: that keeps their order, and a client that sends faster than
 * it is served meets TCP's back-pressure; always on a virtual thread. The socket calls the listener
 * methods one at a time; the keep-alive thread calls {@link #tick}.
 */
final class WebSocketTransport implements SocketListener, Transport {
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(5);
  private static final ThreadFactory THREADS = Threads.virtual("heddle-socket");

  /** Ping intervals in which something waits, and not a byte of it can be written. */
  private static final int STALLED = 3;

  private final Setting setting;
  private final Connections connections;
  private final Connections.Place place;
  private final Ticker ticker;
  private final Ending ending;

  /**
   * Messages of the client. The thread that reads counts; its end comes after it, or cuts it off.
   */
  private long frames;

  /** Guarded by the monitor. */
  private boolean left;

  private volatile @Nullable FramedSocket socket;
  private volatile boolean demanding;
  private volatile long heardNanos;
  private volatile long pingedNanos;
  private volatile long closingNanos;

  /** What had left at the last tick, or when the grace began. */
  private volatile long departures;

  /** Ticks in a row at which something waited, and nothing had left. Owned by their thread. */
  private int stalled;

  private volatile boolean closing;
  private volatile boolean slow;
  private volatile int closeCode;
  private volatile String closeReason = "";

  /** Who the socket is of. Called by one thread at a time. */
  interface Holder {
    /** The socket is open; frames come after {@link WebSocketTransport#demand}. */
    void opened(WebSocketTransport transport);

    /**
     * Frames have come, of which none need be whole.
     *
     * @param bytes of the one that {@link #frame} follows with, at the dearest; 0: none does
     */
    default void came(int frames, int bytes) {}

    /** A frame; blocks until it is answered. */
    void frame(Payload frame);

    /**
     * A ping, or a pong.
     *
     * @param bytes of a ping
     */
    default void control(int bytes) {}

    /** The socket has failed: what waits for it may end. Its end follows. */
    void failed();

    /**
     * The socket is gone, or was never opened.
     *
     * @param opened whether it ever was
     */
    void closed(boolean opened, int code, String reason);
  }

  /** Told once of a socket's end, where it was ever open. */
  interface Ending {
    /**
     * It is gone.
     *
     * @param frames messages that the client has sent
     */
    void ended(int code, long frames);
  }

  /**
   * How the socket is used.
   *
   * @param envelopes whether frames to the client go in envelopes, with their offsets
   */
  record Setting(Holder holder, boolean envelopes) {}

  WebSocketTransport(
      Setting setting,
      Connections connections,
      Connections.Place place,
      Ticker ticker,
      Ending ending) {
    this.setting = setting;
    this.connections = connections;
    this.place = place;
    this.ticker = ticker;
    this.ending = ending;
  }

  @Override
  public void opened(FramedSocket opened) {
    pingedNanos = ticker.nanoTime();
    socket = opened;
    connections.opened(this);
    setting.holder().opened(this);
  }

  @Override
  public void came(int frames, int bytes) {
    setting.holder().came(frames, bytes);
  }

  @Override
  public void message(byte[] payload, boolean binary) {
    demanding = false;
    frames++;
    if (closing) {
      // It was on its way when we said goodbye: what we wait for comes after it.
      demand();
      return;
    }
    try {
      setting.holder().frame(new Payload(payload, binary));
    } finally {
      demand();
    }
  }

  /**
   * Runs it on this thread if that is a virtual one. Jetty's are few: without them nobody is
   * accepted any more.
   */
  private static void mayBlock(Runnable work) {
    if (Thread.currentThread().isVirtual()) {
      work.run();
    } else {
      THREADS.newThread(work).start();
    }
  }

  @Override
  public void control(int bytes) {
    heardNanos = ticker.nanoTime();
    setting.holder().control(bytes);
  }

  /** Whether it is closed because its client does not read. */
  boolean isSlow() {
    return slow;
  }

  /** Asks for the next frame; after our goodbye, for the client's. */
  void demand() {
    FramedSocket open = socket;
    if (open != null) {
      heardNanos = ticker.nanoTime();
      demanding = true;
      open.demand();
    }
  }

  @Override
  public boolean send(long offset, Payload frame) {
    return send(setting.envelopes() ? Envelopes.message(offset, frame) : frame);
  }

  private boolean send(Payload frame) {
    FramedSocket open = socket;
    return open != null
        && !closing
        && open.send(WireFrame.message(frame.bytes(), frame.binary()), true);
  }

  @Override
  public boolean publication(Publication message, boolean missed) {
    FramedSocket open = socket;
    return open != null
        && !closing
        && open.send(setting.envelopes() ? message.envelopeFrame() : message.frame(), !missed);
  }

  @Override
  public void subscribed(String channel, ChannelPosition at, boolean recovered) {
    // On a plain socket all frames are the application's.
    if (setting.envelopes()) {
      control(Envelopes.subscribed(channel, at, recovered));
    }
  }

  @Override
  public void unsubscribed(String channel) {
    if (setting.envelopes()) {
      control(Envelopes.unsubscribed(channel));
    }
  }

  @Override
  public void control(byte[] json) {
    var _ = send(Payload.text(json));
  }

  @Override
  public void replayed() {
    FramedSocket open = socket;
    if (open != null) {
      open.replayed();
    }
  }

  @Override
  public long uncounted() {
    FramedSocket open = socket;
    return open == null ? 0 : open.uncounted();
  }

  @Override
  public long room() {
    FramedSocket open = socket;
    return open == null ? 0 : open.room();
  }

  @Override
  public boolean lags() {
    FramedSocket open = socket;
    return open != null && open.waiting();
  }

  /** Who comes back gets what waits, unless nothing is left to come back to. */
  @Override
  public void close(int code, String reason) {
    close(code, reason, setting.envelopes() && code != CloseCodes.NORMAL);
  }

  private void close(int code, String reason, boolean drop) {
    FramedSocket open = socket;
    if (open != null && !closing) {
      closingNanos = ticker.nanoTime();
      closeCode = code;
      closeReason = reason;
      closing = true;
      connections.closing(this);
      open.close(code, reason, drop);
      departures = open.departures();
    }
  }

  @Override
  public void slow() {
    if (!closing) {
      slow = true;
      connections.countSlow();
      close(EdgeErrors.SLOW_CONSUMER, "slow consumer", true);
    }
  }

  @Override
  public void tick() {
    FramedSocket open = socket;
    if (open == null || closing) {
      return;
    }
    long interval = connections.pingInterval().toNanos();
    boolean late = ticker.nanoTime() - pingedNanos > 2 * interval;
    boolean reads = open.waiting() && open.departures() != departures;
    boolean stalls = stalls(open);
    if (demanding && pingedNanos - heardNanos > 0 && !late && !reads) {
      // Nothing came since the last ping, though it was welcome. Where this node itself stood still
      // meanwhile, an answer may be there and not be read yet: the next ping tells. So does it
      // where
      // the ping waits behind a large message, of which the client reads.
      open.abort();
    } else if (stalls) {
      open.abort();
    } else {
      pingedNanos = ticker.nanoTime();
      open.ping();
    }
  }

  /** Whoever does not read may yet write: what says so is that nothing leaves. */
  private boolean stalls(FramedSocket open) {
    long now = open.departures();
    stalled = open.waiting() && now == departures ? stalled + 1 : 0;
    departures = now;
    return stalled >= STALLED;
  }

  /** The grace begins anew whenever something has left, as the goodbye comes after what waits. */
  @Override
  public void endIfOverdue() {
    FramedSocket open = socket;
    if (!closing || open == null) {
      return;
    }
    long now = ticker.nanoTime();
    long since = open.departures();
    if (since != departures) {
      departures = since;
      closingNanos = now;
    } else if (now - closingNanos > CLOSE_GRACE.toNanos()) {
      connections.countOverdue();
      abort();
    }
  }

  @Override
  public void abort() {
    FramedSocket open = socket;
    if (open != null) {
      open.abort();
    }
  }

  @Override
  public void failed() {
    setting.holder().failed();
  }

  @Override
  public void ended(int code, String reason) {
    // Never on the thread that found it: that may be handing a message to many.
    THREADS
        .newThread(() -> {
          // Clients answer a close with whatever they like: what counts is who has begun, and why.
          if (closing) {
            leave(closeCode, closeReason);
          } else {
            leave(code, reason);
          }
        })
        .start();
  }

  /** The handshake did not reach its client. Does not block. */
  void neverOpened() {
    mayBlock(() -> leave(CloseCodes.ABNORMAL, "never opened"));
  }

  private synchronized boolean leavesFirst() {
    boolean first = !left;
    left = true;
    return first;
  }

  /** Gives the place free, once, whether or not the socket was ever open. */
  void leave(int code, String reason) {
    if (leavesFirst()) {
      connections.left(this);
      try {
        setting.holder().closed(socket != null, code, reason);
        if (socket != null) {
          ending.ended(code, frames);
        }
      } finally {
        // Last: a gateway that stops waits for places, and then leaves the grid.
        place.close();
      }
    }
  }
}
