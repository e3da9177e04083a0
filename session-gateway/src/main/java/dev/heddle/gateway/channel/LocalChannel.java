package dev.heddle.gateway.channel;

import dev.heddle.gateway.session.ChannelKey;
import dev.heddle.gateway.session.ChannelPosition;
import dev.heddle.gateway.session.ChannelTable;
import dev.heddle.gateway.session.ChannelTable.Line;
import dev.heddle.gateway.session.ChannelTable.Message;
import dev.heddle.gateway.session.ChannelTable.News;
import dev.heddle.gateway.session.ChannelTable.Part;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this gateway has of one channel: who listens here, and its newest messages. All of it is
 * done by one thread at a time, in the order in which it was asked for: so the messages of a
 * channel reach each subscriber in their order, and none between a subscription's begin and what
 * was missed.
 */
final class LocalChannel {
  private static final Logger log = LoggerFactory.getLogger(LocalChannel.class);

  /** Messages that wait to be handed on; others are read from the grid later. */
  private static final int MOST_NEWS = 1_024;

  /** Bytes that are read from the grid at once. */
  private static final long READ = 256 << 10;

  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  private final ChannelKey key;
  private final ChannelTable table;
  private final ChannelLimits limits;
  private final AtomicLong indexed;
  private final ThreadFactory threads;
  private final ConcurrentLinkedQueue<Runnable> todo = new ConcurrentLinkedQueue<>();
  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger news = new AtomicInteger();

  /**
   * Owned by whoever runs what was asked for, as all that follows: who listens, and whether only
   * the newest message counts for it.
   */
  private final Map<Subscriber, Boolean> subscribers = new LinkedHashMap<>();

  private final ArrayDeque<Publication> recent = new ArrayDeque<>();
  private @Nullable Line line;
  private long last;
  private long bytes;

  /**
   * Nothing yet.
   *
   * @param indexed bytes that all channels of this gateway have
   */
  LocalChannel(
      ChannelKey key,
      ChannelTable table,
      ChannelLimits limits,
      AtomicLong indexed,
      ThreadFactory threads) {
    this.key = key;
    this.table = table;
    this.limits = limits;
    this.indexed = indexed;
    this.threads = threads;
  }

  /** Has it done after all that was asked for before. */
  void run(Runnable work) {
    todo.add(work);
    if (asked.getAndIncrement() == 0) {
      threads.newThread(this::work).start();
    }
  }

  private void work() {
    boolean more = true;
    while (more) {
      Runnable next = todo.poll();
      try {
        if (next != null) {
          next.run();
        }
      } catch (RuntimeException | Error e) {
        // The next look at the grid tries again; whatever it was, the channel goes on.
        log.warn("channel={} error={}", key.name(), e.toString());
      } finally {
        more = asked.decrementAndGet() > 0;
      }
    }
  }

  /** How a subscription is to begin. */
  enum Begin {
    /** With the messages from now on. */
    NOW,
    /** After a position that was asked for, with all since then or none. */
    AFTER,
    /** As above, of who comes back: it waited. */
    BACK,
    /** It was before, and nobody says how far it had come. */
    LOST
  }

  /**
   * Begins a subscription, anew if there is one.
   *
   * @param after of {@link Begin#AFTER} and {@link Begin#BACK}
   * @param latest whether only the newest message counts
   */
  void subscribe(
      Subscriber subscriber, Begin begin, @Nullable ChannelPosition after, boolean latest) {
    Line known = line();
    if (after != null && (!known.holds(after) || after.offset() > last)) {
      // The client was at another gateway, which knew more.
      refresh();
      known = line();
    }
    subscribers.put(subscriber, latest);
    ChannelPosition head = new ChannelPosition(known.last().epoch(), last);
    if (latest) {
      boolean kept = !recent.isEmpty();
      boolean holds =
          after == null
              ? kept || last == 0
              : known.holds(after) && (kept || after.offset() == last);
      newest(subscriber, head, after, holds);
      return;
    }
    List<Publication> missed = after == null || after.offset() > last ? null : missed(known, after);
    boolean waited = begin == Begin.BACK;
    long size = missed == null ? 0 : size(missed);
    if (after == null || missed == null || !subscriber.takes(size, waited)) {
      subscriber.subscribed(key, head, begin == Begin.NOW);
      return;
    }
    try {
      subscriber.subscribed(key, after, true);
      for (Publication each : missed) {
        if (!subscriber.publication(each, waited)) {
          subscribers.remove(subscriber);
          return;
        }
        size -= each.size();
        subscriber.given(each.size(), waited);
      }
    } finally {
      subscriber.given(size, waited);
    }
  }

  /**
   * Of states, the newest is all that counts.
   *
   * @param after what the subscriber has; null: nothing
   * @param holds whether that is of this line, and nothing came since that is lost
   */
  private void newest(
      Subscriber subscriber, ChannelPosition head, @Nullable ChannelPosition after, boolean holds) {
    Publication newest = recent.peekLast();
    boolean fresh = newest != null && !newest.at().equals(after);
    subscriber.subscribed(key, fresh ? before(newest) : head, fresh || holds);
    if (fresh && !subscriber.publication(newest, false)) {
      subscribers.remove(subscriber);
    }
  }

  private static long size(List<Publication> messages) {
    return messages.stream().mapToLong(Publication::size).sum();
  }

  /** All messages after a position, up to the last that is known; null: some are lost. */
  private @Nullable List<Publication> missed(Line known, ChannelPosition after) {
    if (!known.holds(after)) {
      return null;
    }
    var missed = new ArrayList<Publication>();
    long at = after.offset();
    // What is no more in the index may be in the grid.
    while (at < base()) {
      Part part = table.read(key, at, READ);
      if (part.from() != at || part.messages().isEmpty() || !part.line().holds(position(known))) {
        return null;
      }
      for (Message message : part.messages()) {
        at = message.at().offset();
        if (at <= base()) {
          missed.add(new Publication(key, message));
        }
      }
    }
    for (Publication each : recent) {
      if (each.at().offset() > after.offset()) {
        missed.add(each);
      }
    }
    return missed;
  }

  private static ChannelPosition before(Publication newest) {
    return new ChannelPosition(newest.at().epoch(), newest.at().offset() - 1);
  }

  /** Tells a subscriber once more where it is. */
  void where(Subscriber subscriber) {
    Line known = line;
    if (known != null && subscribers.containsKey(subscriber)) {
      subscriber.subscribed(key, position(known), true);
    }
  }

  void unsubscribe(Subscriber subscriber) {
    subscribers.remove(subscriber);
  }

  private long base() {
    return last - recent.size();
  }

  /** Loaded where it was not yet. */
  private Line line() {
    Line known = line;
    if (known == null) {
      known = restart(table.read(key, 0, READ));
    }
    return known;
  }

  /** What the grid tells; dropped where too much waits, as the next look finds it. */
  void news(News told) {
    if (news.incrementAndGet() > MOST_NEWS) {
      news.decrementAndGet();
      return;
    }
    run(() -> {
      news.decrementAndGet();
      heard(told);
    });
  }

  private void heard(News told) {
    Line known = line;
    if (known == null) {
      return;
    }
    boolean next = told.at().offset() == last + 1 && told.at().epoch().equals(known.last().epoch());
    if (next) {
      line = grown(known, told.at().offset());
      add(table.open(told));
    } else if (told.at().offset() > last || !known.holds(told.at())) {
      refresh();
    }
  }

  /** Where the channel is by now: whether there was news that did not come. */
  void looked(Line now) {
    Line known = line;
    if (known != null && (now.last().offset() > last || !now.holds(position(known)))) {
      refresh();
    }
  }

  private ChannelPosition position(Line known) {
    return new ChannelPosition(known.last().epoch(), last);
  }

  /** Reads what is new; where that does not go on from what is known, all begin anew. */
  private void refresh() {
    Line known = line;
    if (known == null) {
      return;
    }
    while (true) {
      Part part = table.read(key, last, READ);
      if (part.from() != last || !part.line().holds(position(known))) {
        // From its beginning: it may be no longer than what was known of another line.
        ChannelPosition head = restart(table.read(key, 0, READ)).last();
        for (Map.Entry<Subscriber, Boolean> each : List.copyOf(subscribers.entrySet())) {
          if (each.getValue()) {
            newest(each.getKey(), head, null, false);
          } else {
            each.getKey().subscribed(key, head, false);
          }
        }
        return;
      }
      for (Message message : part.messages()) {
        add(message);
      }
      known = upTo(part.line());
      line = known;
      if (part.messages().isEmpty() || last >= part.line().last().offset()) {
        return;
      }
    }
  }

  /** A line as it was when the last message that is known was the newest one. */
  private Line upTo(Line now) {
    Publication newest = recent.peekLast();
    if (newest == null || last >= now.last().offset()) {
      return now;
    }
    return new Line(now.spans(), new ChannelPosition(newest.at().epoch(), last));
  }

  private static Line grown(Line known, long offset) {
    var spans = new ArrayList<>(known.spans());
    Line.Span newest = spans.removeLast();
    spans.add(new Line.Span(newest.epoch(), offset));
    return new Line(List.copyOf(spans), new ChannelPosition(newest.epoch(), offset));
  }

  /** Begins anew with what the grid keeps; returns where that ends. */
  private Line restart(Part first) {
    clear();
    Part part = first;
    last = part.from();
    line = part.line();
    while (true) {
      for (Message message : part.messages()) {
        keep(new Publication(key, message));
      }
      if (part.messages().isEmpty() || last >= part.line().last().offset()) {
        break;
      }
      part = table.read(key, last, READ);
      Publication newest = recent.peekLast();
      if (part.from() != last || (newest != null && !part.line().holds(newest.at()))) {
        clear();
        last = part.from();
      }
      line = part.line();
    }
    last = part.line().last().offset();
    return part.line();
  }

  private void add(Message message) {
    var publication = new Publication(key, message);
    keep(publication);
    publication.shareFrames();
    try {
      FanOut.hand(publication, subscribers.keySet(), threads, PROCESSORS)
          .forEach(subscribers::remove);
    } finally {
      publication.dropFrames();
    }
  }

  private void keep(Publication publication) {
    last = publication.at().offset();
    recent.addLast(publication);
    grow(publication.size());
    while (recent.size() > 1
        && (bytes > limits.history().bytes()
            || recent.size() > limits.messages()
            || indexed.get() > limits.index().bytes())) {
      grow(-recent.removeFirst().size());
    }
  }

  private void grow(int more) {
    bytes += more;
    var _ = indexed.addAndGet(more);
  }

  /** Forgets the messages. */
  void clear() {
    recent.clear();
    grow((int) -bytes);
    line = null;
  }
}
