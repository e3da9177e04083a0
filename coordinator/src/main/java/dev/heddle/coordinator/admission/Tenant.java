package dev.heddle.coordinator.admission;

import dev.heddle.process.Priority;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One tenant's part in a {@link FairQueue}: what it has in work, what it has waiting by priority,
 * and what is left of its rate. Guarded by the queue's owner.
 *
 * <p>Of its own requests the more important ones come first, but never only those: 16 : 4 : 1, by
 * smooth weighted round robin, so that what can wait does not wait for ever.
 */
final class Tenant {
  private static final Map<Priority, Integer> TURNS =
      Map.of(Priority.HIGH, 16, Priority.NORMAL, 4, Priority.LOW, 1);
  private static final double SMOOTHING = 1.0 / 16;

  final String name;
  final double weight;

  /** In flight at most. */
  final int most;

  private final double rate;
  private final Map<Priority, ArrayDeque<Ticket>> waiting = new EnumMap<>(Priority.class);
  private final Map<Priority, Integer> credit = new EnumMap<>(Priority.class);
  private double tokens;
  private long refilledAt;
  private int waits;
  int inFlight;

  /** When it last came. */
  long seenAt;

  /** When it last had nothing waiting. */
  private long emptyAt;

  /** Number of its last admission: among equals, who was served longest ago is next. */
  long servedAs;

  private double serviceNanos;

  /**
   * @param most of its requests in flight
   * @param rate requests a second; 0: any
   */
  Tenant(String name, double weight, int most, double rate, long now) {
    this.name = name;
    this.weight = weight;
    this.most = most;
    this.rate = rate;
    this.tokens = burst();
    this.refilledAt = now;
    this.emptyAt = now;
    this.seenAt = now;
    for (var priority : Priority.values()) {
      waiting.put(priority, new ArrayDeque<>());
      credit.put(priority, 0);
    }
  }

  private double burst() {
    return Math.max(1, rate);
  }

  /** Whether its rate has room for a request, which is then spent. */
  boolean spend(long now) {
    if (rate == 0) {
      return true;
    }
    tokens = Math.min(burst(), tokens + (now - refilledAt) * rate / 1e9);
    refilledAt = now;
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }

  /** How long until its rate has room again; after {@link #spend} said no. */
  long nanosToToken() {
    return (long) Math.ceil((1 - tokens) / rate * 1e9);
  }

  /** Gives back what a request had spent that was refused for another reason. */
  void unspend() {
    if (rate != 0) {
      tokens = Math.min(burst(), tokens + 1);
    }
  }

  int waits() {
    return waits;
  }

  /** Since when it has had something waiting all the time; now: it has nothing waiting. */
  long waitsSince(long now) {
    return waits == 0 ? now : emptyAt;
  }

  void enqueue(Ticket ticket, long now) {
    if (waits++ == 0) {
      emptyAt = now;
    }
    queue(ticket.priority).addLast(ticket);
  }

  void remove(Ticket ticket) {
    if (queue(ticket.priority).remove(ticket)) {
      left(ticket.priority);
    }
  }

  /**
   * Takes the next one.
   *
   * @param newest whether the newest is the next of its priority
   */
  Ticket next(boolean newest) {
    @Nullable Priority best = null;
    int all = 0;
    for (var priority : Priority.values()) {
      if (!queue(priority).isEmpty()) {
        int turns = TURNS.getOrDefault(priority, 1);
        all += turns;
        int now = credit.merge(priority, turns, Integer::sum);
        if (best == null || now > credit.getOrDefault(best, 0)) {
          best = priority;
        }
      }
    }
    if (best == null) {
      throw new IllegalStateException("tenant " + name + ": nothing waits (expected: something)");
    }
    credit.merge(best, -all, Integer::sum);
    var queue = queue(best);
    var ticket = newest ? queue.removeLast() : queue.removeFirst();
    left(best);
    return ticket;
  }

  /** The priority that has most waiting for its turns. */
  Priority fullest() {
    var fullest = Priority.LOW;
    for (var priority : Priority.values()) {
      long one = (long) queue(priority).size() * TURNS.getOrDefault(fullest, 1);
      long other = (long) queue(fullest).size() * TURNS.getOrDefault(priority, 1);
      if (one > other) {
        fullest = priority;
      }
    }
    return fullest;
  }

  /** The one that came first, or last, of a priority that has some waiting. */
  Ticket end(Priority priority, boolean first) {
    return first ? queue(priority).getFirst() : queue(priority).getLast();
  }

  private void left(Priority priority) {
    waits--;
    if (queue(priority).isEmpty()) {
      credit.put(priority, 0);
    }
  }

  private ArrayDeque<Ticket> queue(Priority priority) {
    return waiting.computeIfAbsent(priority, missing -> new ArrayDeque<>());
  }

  /** One of its requests took so long. */
  void took(long nanos) {
    serviceNanos = serviceNanos == 0 ? nanos : serviceNanos + (nanos - serviceNanos) * SMOOTHING;
  }

  /** What its requests lately took; 0: not known. */
  double serviceNanos() {
    return serviceNanos;
  }

  /** Whether it has anything here, or came a short while ago. */
  boolean present(long now, long shortNanos) {
    return inFlight > 0 || waits > 0 || now - seenAt <= shortNanos;
  }

  /** Whether nothing would be lost with it, once it is not {@link #present}. */
  boolean forgettable(long now) {
    return rate == 0 || tokens + (now - refilledAt) * rate / 1e9 >= burst();
  }
}
