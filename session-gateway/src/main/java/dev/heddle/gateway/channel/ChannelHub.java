package dev.heddle.gateway.channel;

import dev.heddle.gateway.channel.LocalChannel.Begin;
import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ChannelTable;
import dev.heddle.gateway.session.ChannelTable.Line;
import dev.heddle.gateway.session.ChannelTable.Message;
import dev.heddle.gateway.session.ChannelTable.News;
import dev.heddle.gateway.session.ChannelTable.Part;
import dev.heddle.gateway.session.ChannelTable.Retention;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.PresenceTable;
import dev.heddle.gateway.session.PresenceTable.Present;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Channels as this gateway sees them: publishes, reads, and hands on what comes to who listens
 * here. News of other gateways may be lost on the way; so it looks by itself now and then. Blocking
 * where that is not said otherwise; thread-safe.
 */
public final class ChannelHub implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(ChannelHub.class);

  /** Channels that are looked at in one step. */
  private static final int BATCH = 1_000;

  /** More often than any would be forgotten. */
  private static final Duration KEEP = Duration.ofMinutes(1);

  /** How often what channels weigh is counted anew. */
  private static final Duration SWEEP = Duration.ofSeconds(5);

  private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

  /** Messages of one answer. */
  public static final int LONGEST_HISTORY = 1_000;

  private static final Duration MOST_WAIT = Duration.ofSeconds(5);
  private static final long HISTORY_BYTES = 4 << 20;

  private final ChannelTable table;
  private final ChannelLimits limits;
  private final PresenceTable presence;
  private final Presences presences;
  private final Clock clock;
  private final Timer published;
  private final AtomicLong indexed = new AtomicLong();
  private final ThreadFactory threads = Threads.virtual("heddle-channel");
  private final ConcurrentHashMap<ChannelKey, Used> here = new ConcurrentHashMap<>();

  /** Owned by the thread that counts. */
  private Instant swept = Instant.EPOCH;

  /** One that looks, and one for what must not wait for that. */
  private final ScheduledExecutorService turns =
      Executors.newScheduledThreadPool(2, Threads.named("heddle-channels"));

  public ChannelHub(
      ChannelTable table,
      PresenceTable presence,
      ChannelLimits limits,
      MeterRegistry meters,
      Clock clock) {
    this.table = table;
    this.limits = limits;
    this.clock = clock;
    this.presence = presence;
    this.presences = new Presences(told(presence), Threads.virtual("heddle-presence"), clock);
    table.bounds(limits.bounds());
    this.published = meters.timer("heddle.gateway.channel.publish");
    meters.gauge("heddle.gateway.channels", here, Map::size);
    meters.gauge("heddle.gateway.channels.index.bytes", indexed, AtomicLong::get);
    meters.gauge("heddle.gateway.channels.grid.bytes", table, ChannelTable::weight);
  }

  private static Presences.Grid told(PresenceTable table) {
    return new Presences.Grid() {
      @Override
      public long tell(
          ChannelKey key, Map<String, String> users, Set<String> gone, boolean all, Instant now) {
        return table.tell(key, users, gone, all, now);
      }

      @Override
      public long renew(ChannelKey key, Instant now) {
        return table.renew(key, now);
      }
    };
  }

  /** What bounds them. */
  public ChannelLimits limits() {
    return limits;
  }

  /** A channel that somebody uses, or did lately. Guarded by its place in the map. */
  private static final class Used {
    private final LocalChannel channel;
    private int users;
    private Instant since;

    /** When it was last kept in the grid; the first look does it. */
    private Instant kept = Instant.EPOCH;

    Used(LocalChannel channel, Instant now) {
      this.channel = channel;
      this.since = now;
    }
  }

  public void start() {
    long every = limits.look().toMillis();
    var _ = turns.scheduleWithFixedDelay(this::lookOnce, every, every, TimeUnit.MILLISECONDS);
    var _ = turns.scheduleWithFixedDelay(this::sweepOnce, every, every, TimeUnit.MILLISECONDS);
  }

  /**
   * Publishes a message: afterwards it is in the channel's history, on two gateways where there are
   * two.
   *
   * @param latest whether only the newest message counts
   * @return its position
   * @throws HeddleException TOO_LARGE, LIMIT_REACHED where the node has no room for more,
   *     UNAVAILABLE where nobody knows whether it was published
   */
  public ChannelPosition publish(ChannelKey key, byte[] bytes, boolean binary, boolean latest) {
    if (bytes.length > limits.message().bytes()) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "message: " + bytes.length + " bytes (expected: at most " + limits.message() + ")");
    }
    Timer.Sample sample = Timer.start();
    var retention = new Retention(limits.history().bytes(), latest ? 1 : limits.messages());
    ChannelPosition at =
        table.append(key, ConnectionTable.newId(), binary, bytes, retention, clock.instant());
    sample.stop(published);
    return at;
  }

  /** Bytes of the largest message. */
  public long largestMessage() {
    return limits.message().bytes();
  }

  /**
   * What a channel keeps.
   *
   * @param recovered whether these are all messages after the position that was asked for, or, with
   *     {@code more}, the first of them
   * @param at of the last of them; where not recovered, of the newest one
   * @param more whether there are others after them
   */
  public record History(
      List<Message> messages, boolean recovered, ChannelPosition at, boolean more) {}

  /**
   * Reads a channel's history.
   *
   * @param after null: from the oldest message that is kept
   * @param most messages, 1..1000
   */
  public History history(ChannelKey key, @Nullable ChannelPosition after, int most) {
    if (most < 1 || most > LONGEST_HISTORY) {
      throw new HeddleException(
          ErrorCode.OUT_OF_RANGE, "limit: " + most + " (expected: 1.." + LONGEST_HISTORY + ")");
    }
    Part part = table.read(key, after == null ? 0 : after.offset(), HISTORY_BYTES);
    Line line = part.line();
    boolean recovered = after == null || (line.holds(after) && part.from() == after.offset());
    if (!recovered) {
      return new History(List.of(), false, line.last(), false);
    }
    List<Message> messages =
        part.messages().size() > most ? part.messages().subList(0, most) : part.messages();
    if (messages.isEmpty()) {
      return new History(List.of(), true, line.last(), false);
    }
    ChannelPosition last = messages.getLast().at();
    boolean more = last.offset() < line.last().offset();
    return new History(List.copyOf(messages), true, last, more);
  }

  /**
   * Who is in a channel.
   *
   * @param most connections that are named
   */
  public Present present(ChannelKey key, int most) {
    return presence.of(key, most, clock.instant());
  }

  /**
   * Where a channel is now; one that is not known begins.
   *
   * @throws HeddleException LIMIT_REACHED for one more channel than there may be
   */
  public ChannelPosition head(ChannelKey key) {
    return table.read(key, Long.MAX_VALUE, 0).line().last();
  }

  /**
   * Refuses to listen to one more channel than there may be.
   *
   * @throws HeddleException LIMIT_REACHED
   */
  public void requireRoom(ChannelKey key) {
    if (!here.containsKey(key)) {
      var _ = head(key);
    }
  }

  /**
   * How a subscription is to be.
   *
   * @param resumed whether it was there before
   * @param after how far it had come; null: from now on, or nobody knows
   * @param presence whether others see that it is there
   */
  public record Want(
      boolean resumed, @Nullable ChannelPosition after, boolean latest, boolean presence) {}

  /** A subscription. Closing it does not wait. */
  public final class Subscription implements AutoCloseable {
    private final ChannelKey key;
    private final LocalChannel channel;
    private final Subscriber subscriber;
    private final Want want;
    private final AtomicBoolean ended = new AtomicBoolean();

    private final CompletableFuture<Boolean> begun = new CompletableFuture<>();

    /** Owned by who runs what is asked of the channel. */
    private Duration retry;

    private Subscription(ChannelKey key, LocalChannel channel, Subscriber subscriber, Want want) {
      this.key = key;
      this.channel = channel;
      this.subscriber = subscriber;
      this.want = want;
      this.retry = limits.look();
    }

    private void begin() {
      if (ended.get()) {
        return;
      }
      Begin how =
          want.after() == null
              ? want.resumed() ? Begin.LOST : Begin.NOW
              : want.resumed() ? Begin.BACK : Begin.AFTER;
      try {
        table.listen(key, ChannelHub.this::told);
        channel.subscribe(subscriber, how, want.after(), want.latest());
        var _ = begun.complete(true);
      } catch (HeddleException e) {
        log.info("not subscribed yet channel={} error={}", key.name(), e.toString());
        again();
      }
    }

    /** Its subscriber is told once more where it is. */
    public void tell() {
      channel.run(() -> channel.where(subscriber));
    }

    /** Waits until all have begun: what is published from then on arrives. Not for ever. */
    public static void await(Collection<Subscription> all) {
      try {
        CompletableFuture.allOf(
                all.stream().map(each -> each.begun).toArray(CompletableFuture<?>[]::new))
            .get(MOST_WAIT.toNanos(), TimeUnit.NANOSECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (ExecutionException | TimeoutException e) {
        log.info("not subscribed in time channels={}", all.size());
      }
    }

    private void again() {
      try {
        var _ =
            turns.schedule(() -> channel.run(this::begin), retry.toMillis(), TimeUnit.MILLISECONDS);
        Duration longer = retry.multipliedBy(2);
        retry = longer.compareTo(LONGEST_RETRY) < 0 ? longer : LONGEST_RETRY;
      } catch (RejectedExecutionException e) {
        // This gateway stops: its clients begin anew elsewhere.
      }
    }

    @Override
    public void close() {
      if (!ended.compareAndSet(false, true)) {
        return;
      }
      var _ = begun.complete(false);
      channel.run(() -> channel.unsubscribe(subscriber));
      if (want.presence()) {
        presences.leave(key, subscriber.connection());
      }
      here.computeIfPresent(
          key,
          (_, used) -> {
            used.users--;
            used.since = clock.instant();
            return used;
          });
    }
  }

  /** Subscribes. Does not wait: the subscriber is told how it begins. */
  public Subscription subscribe(ChannelKey key, Subscriber subscriber, Want want) {
    Instant now = clock.instant();
    Used used =
        here.compute(
            key,
            (_, known) -> {
              Used found =
                  known == null
                      ? new Used(new LocalChannel(key, table, limits, indexed, threads), now)
                      : known;
              found.users++;
              return found;
            });
    var subscription = new Subscription(key, used.channel, subscriber, want);
    if (want.presence()) {
      presences.join(key, subscriber.connection(), subscriber.user());
    }
    used.channel.run(subscription::begin);
    return subscription;
  }

  private void told(News news) {
    Used used = here.get(news.key());
    if (used != null) {
      used.channel.news(news);
    }
  }

  private void lookOnce() {
    try {
      look();
    } catch (RuntimeException e) {
      log.info("channels not looked at error={}", e.toString());
    }
  }

  private void sweepOnce() {
    try {
      presences.renewIfDue();
      Instant now = clock.instant();
      if (!swept.plus(SWEEP).isAfter(now)) {
        swept = now;
        table.sweep();
      }
    } catch (RuntimeException e) {
      log.info("channels not counted error={}", e.toString());
    }
  }

  /** Looks whether any channel has news that did not come, and forgets those that nobody uses. */
  void look() {
    Instant now = clock.instant();
    var looked = new ArrayList<ChannelKey>();
    var keeping = new ArrayList<ChannelKey>();
    for (ChannelKey key : here.keySet()) {
      here.computeIfPresent(
          key,
          (_, used) -> {
            if (used.users == 0 && !used.since.plus(limits.idle()).isAfter(now)) {
              used.channel.run(used.channel::clear);
              return null;
            }
            boolean due = !used.kept.plus(KEEP).isAfter(now);
            (due ? keeping : looked).add(key);
            return used;
          });
    }
    look(looked, false, now);
    look(keeping, true, now);
  }

  private void look(List<ChannelKey> keys, boolean keep, Instant now) {
    for (int from = 0; from < keys.size(); from += BATCH) {
      List<ChannelKey> batch = keys.subList(from, Math.min(keys.size(), from + BATCH));
      Map<ChannelKey, Line> lines = table.look(batch, keep);
      lines.forEach((key, line) ->
          here.computeIfPresent(
              key,
              (_, used) -> {
                used.kept = keep ? now : used.kept;
                used.channel.run(() -> used.channel.looked(line));
                return used;
              }));
    }
  }

  @Override
  public void close() {
    turns.shutdownNow();
  }
}
