package dev.heddle.engine;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Who may have a sandbox: idle ones of the same version and tenant are taken again, and all of them
 * together stay within the node's memory for sandboxes. Where that is used up, idle ones go: first
 * paused ones, then those that are cheap to make again for what they hold, and were not used for
 * long. A sandbox that is idle for some time is paused and gives back what memory it can, and ends
 * after some more.
 *
 * <p>An invocation that waits for others lends them the memory that its sandbox does not have in
 * use: otherwise a node full of callers would have none left for those that they call. So that this
 * ends, the invocations of each depth of calls within calls share a budget of their own, and one at
 * each depth below the first is let in even where no memory is left.
 *
 * <p>Safe for any thread. Sandboxes are ended and paused without a lock held.
 */
final class SandboxPool implements AutoCloseable {
  private static final int OF_A_QUERY = -1;

  /** What is to go first, first: paused ones before others, then by value. */
  private final Comparator<Room> byValue =
      Comparator.<Room, Boolean>comparing(room -> !room.paused).thenComparingDouble(this::value);

  /**
   * The right to one sandbox, and that sandbox once it is made. Used by one invocation at a time,
   * or by none.
   */
  static final class Room {
    final LoadedVersion version;
    private @Nullable Sandbox sandbox;
    private long initNanos;
    // Guarded by the pool's lock while nobody uses it.
    private long held;
    private long lent;
    private int depth;
    private long usedAt;
    private boolean paused;

    private Room(LoadedVersion version) {
      this.version = version;
    }

    /** Null until it is made. */
    @Nullable Sandbox sandbox() {
      return sandbox;
    }

    /** Whether a sandbox is there that needs no waking up. */
    boolean ready() {
      return sandbox != null && !paused;
    }

    void made(Sandbox made, long nanos) {
      sandbox = made;
      initNanos = nanos;
    }

    /** Ends a pause, if there is one; call before use. */
    void wake() {
      if (paused && sandbox != null) {
        sandbox.resume();
      }
      paused = false;
    }
  }

  private final long budget;
  private final int maxIdle;
  private final long pauseAfter;
  private final long destroyAfter;
  private final Ticker ticker;
  private final Runnable freed;
  private final EngineMetrics metrics;

  private final ReentrantLock sweeping = new ReentrantLock();
  private final ReentrantLock lock = new ReentrantLock();
  private final ConcurrentLinkedQueue<Sandbox> doomed = new ConcurrentLinkedQueue<>();

  // Guarded by the lock.
  private final long[] byDepth = new long[InvocationScope.MAX_DEPTH + 1];
  private final Set<Room> idle = new LinkedHashSet<>();
  private long reserved;
  private long taken;
  private long parked;

  /** What queries of each tenant hold, within {@link #reserved}. */
  private final Map<String, Long> queries = new HashMap<>();

  /** The same of its invocations, without what they lend while they wait for others. */
  private final Map<String, Long> invocations = new HashMap<>();

  /** Whether there are several tenants, who share the node. */
  private boolean several;

  /** What idle ones hold, within {@link #reserved}. */
  private long idleBytes;

  /**
   * @param freed told, without a lock held, when memory became free besides by {@link #give} and
   *     {@link #park}
   */
  SandboxPool(EngineConfig config, Ticker ticker, Runnable freed, EngineMetrics metrics) {
    this.budget = config.sandboxMemory().bytes();
    this.maxIdle = config.idleInstances();
    this.pauseAfter = config.pauseAfter().toNanos();
    this.destroyAfter = config.destroyAfter().toNanos();
    this.ticker = ticker;
    this.freed = freed;
    this.metrics = metrics;
    metrics.sandboxes(this);
  }

  /** Refuses a version whose sandbox could never find room. */
  void checkFits(LoadedVersion version) {
    if (version.reserves() > budget) {
      throw Refusals.refuse(
          ErrorCode.LIMIT_REACHED,
          "memory of function " + version.ref().label(),
          version.reserves() + " bytes",
          "at most the node's sandbox-memory of " + budget + " bytes");
    }
  }

  /** Room for an invocation at a depth; null while there is none. */
  @Nullable Room take(LoadedVersion version, int depth) {
    lock.lock();
    try {
      long bytes = version.reserves();
      if (byDepth[depth] + bytes > budget) {
        return null;
      }
      var room = version.idle.pollLast();
      if (room != null) {
        removed(room);
      }
      // Whoever called waits for it, and so on up: one at each depth is let in, come what may.
      boolean last = depth > 0 && byDepth[depth] == 0;
      if (!makeRoom(bytes - (room == null ? 0 : room.held)) && !last) {
        if (room != null) {
          addIdle(room);
        }
        return null;
      }
      if (room == null) {
        room = new Room(version);
      }
      reserved += bytes - room.held;
      room.held = bytes;
      room.depth = depth;
      byDepth[depth] += bytes;
      holds(invocations, version, bytes);
      taken++;
      return room;
    } finally {
      lock.unlock();
    }
  }

  /** Whether there are several tenants on this node: then none's queries get more than half. */
  void several(boolean tenants) {
    lock.lock();
    try {
      several = tenants;
    } finally {
      lock.unlock();
    }
  }

  /** Bytes that the queries of a tenant hold. */
  long ofQueries(String tenant) {
    lock.lock();
    try {
      return queries.getOrDefault(tenant, 0L);
    } finally {
      lock.unlock();
    }
  }

  /**
   * Room for an instance that serves one query, which never waits for others.
   *
   * @throws HeddleException OVERLOADED if there is none
   */
  Room takeForQuery(LoadedVersion version) {
    lock.lock();
    try {
      var tenant = version.ref().tenant();
      long mine = queries.getOrDefault(tenant, 0L);
      long held = mine + invocations.getOrDefault(tenant, 0L);
      // One query may run in any case.
      if (several && mine > 0 && held + version.reserves() > budget / 2) {
        throw Refusals.refuse(
            ErrorCode.OVERLOADED,
            "sandboxes of tenant " + tenant,
            held + " bytes in use",
            "with %d for function %s, at most half of the node's %d, as others need it, too"
                .formatted(version.reserves(), version.ref().label(), budget));
      }
      if (!makeRoom(version.reserves())) {
        throw Refusals.refuse(
            ErrorCode.OVERLOADED,
            "sandboxes",
            reserved + " bytes in use",
            "%d free for function %s".formatted(version.reserves(), version.ref().label()));
      }
      var room = new Room(version);
      room.held = version.reserves();
      room.depth = OF_A_QUERY;
      taken++;
      reserved += room.held;
      holds(queries, version, room.held);
      return room;
    } finally {
      lock.unlock();
      settle();
    }
  }

  /** A tenant holds so much more, or less. Call with the lock held. */
  private static void holds(Map<String, Long> tenants, LoadedVersion version, long change) {
    var tenant = version.ref().tenant();
    long now = tenants.getOrDefault(tenant, 0L) + change;
    if (now == 0) {
      tenants.remove(tenant);
    } else {
      tenants.put(tenant, now);
    }
  }

  /** Evicts what it takes; nothing and false if that is not enough. Call with the lock held. */
  private boolean makeRoom(long bytes) {
    if (reserved + bytes <= budget) {
      return true;
    }
    if (reserved - idleBytes + bytes > budget) {
      return false;
    }
    while (reserved + bytes > budget) {
      var least = idle.stream().min(byValue).orElseThrow();
      removeIdle(least);
      doom(least);
      metrics.evicted();
    }
    return true;
  }

  /** What it took to make, by what it holds and how long nobody wanted it. */
  private double value(Room room) {
    double age = Math.max(1, ticker.nanoTime() - room.usedAt);
    return (1.0 + room.initNanos) / Math.max(1, room.held) / age;
  }

  /** Call with the lock held. */
  private void doom(Room room) {
    reserved -= room.held;
    room.held = 0;
    if (room.sandbox != null) {
      doomed.add(room.sandbox);
    }
  }

  /** Call with the lock held. */
  private void addIdle(Room room) {
    room.version.idle.addLast(room);
    added(room);
  }

  /** Call with the lock held. */
  private void added(Room room) {
    idle.add(room);
    idleBytes += room.held;
  }

  /** Call with the lock held, and before its bytes change. */
  private void removed(Room room) {
    idle.remove(room);
    idleBytes -= room.held;
  }

  /**
   * Takes a room back.
   *
   * @param reuse whether its sandbox may serve another event
   */
  void give(Room room, boolean reuse) {
    lock.lock();
    try {
      taken--;
      if (room.depth == OF_A_QUERY) {
        holds(queries, room.version, -room.held);
      } else {
        holds(invocations, room.version, -room.held);
        byDepth[room.depth] -= room.version.reserves();
      }
      boolean kept =
          reuse
              && room.sandbox != null
              && !room.version.closed
              && room.version.idle.size() < maxIdle;
      if (kept) {
        room.usedAt = ticker.nanoTime();
        addIdle(room);
      } else {
        doom(room);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Lends the memory of an invocation that waits, but for what its sandbox has in use. */
  void park(Room room) {
    long keeps = room.sandbox == null ? 0 : room.sandbox.statistics().memoryBytes();
    lock.lock();
    try {
      parked++;
      room.lent = room.held - Math.clamp(keeps, 0, room.held);
      reserved -= room.lent;
      holds(invocations, room.version, -room.lent);
    } finally {
      lock.unlock();
    }
  }

  /** Takes it back, even beyond the budget: whoever has it must give it back first. */
  void unpark(Room room) {
    lock.lock();
    try {
      parked--;
      reserved += room.lent;
      holds(invocations, room.version, room.lent);
      room.lent = 0;
    } finally {
      lock.unlock();
    }
  }

  /** Ends the sandboxes that lost their room. Call without locks. */
  void settle() {
    for (Sandbox sandbox; (sandbox = doomed.poll()) != null; ) {
      sandbox.destroy();
    }
  }

  /** Pauses and ends what was idle for long. Call now and then. */
  void sweep() {
    sweeping.lock();
    try {
      sweepOnce();
    } finally {
      sweeping.unlock();
    }
    freed.run();
  }

  private void sweepOnce() {
    var tired = new ArrayList<Room>();
    lock.lock();
    try {
      long now = ticker.nanoTime();
      for (var room : List.copyOf(idle)) {
        long age = now - room.usedAt;
        if (age >= destroyAfter) {
          removeIdle(room);
          doom(room);
        } else if (age >= pauseAfter && !room.paused) {
          removeIdle(room);
          tired.add(room);
        }
      }
    } finally {
      lock.unlock();
    }
    settle();
    tired.forEach(this::pause);
    settle();
  }

  /** Call with the lock held. */
  private void removeIdle(Room room) {
    removed(room);
    room.version.idle.remove(room);
  }

  private void pause(Room room) {
    var sandbox = room.sandbox;
    if (sandbox == null) {
      return;
    }
    sandbox.pause();
    long holds = sandbox.statistics().memoryBytes();
    lock.lock();
    try {
      room.paused = true;
      reserved -= room.held;
      room.held = Math.clamp(holds, 0, room.held);
      reserved += room.held;
      if (room.version.closed) {
        doom(room);
      } else {
        // First in line to go, and last to be taken.
        room.version.idle.addFirst(room);
        added(room);
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the idle sandboxes of a version that is to be closed; others end when they are given. */
  void drop(LoadedVersion version) {
    lock.lock();
    try {
      version.closed = true;
      for (Room room; (room = version.idle.pollFirst()) != null; ) {
        removed(room);
        doom(room);
      }
    } finally {
      lock.unlock();
    }
    settle();
    freed.run();
  }

  int idle(LoadedVersion version) {
    return (int) counted(version.idle::size);
  }

  /** Sandboxes, or the room for them, that serve an event or a query and do not wait. */
  long running() {
    return counted(() -> taken - parked);
  }

  /** Those whose function waits for others. */
  long parked() {
    return counted(() -> parked);
  }

  /** Sandboxes that wait for an event. */
  long idle() {
    return counted(idle::size);
  }

  long paused() {
    return counted(() -> idle.stream().filter(room -> room.paused).count());
  }

  /** Bytes set aside. */
  long reserved() {
    return counted(() -> reserved);
  }

  private long counted(LongSupplier what) {
    lock.lock();
    try {
      return what.getAsLong();
    } finally {
      lock.unlock();
    }
  }

  /** How often {@link #sweep} has something to do at most. */
  Duration pace() {
    return Duration.ofNanos(Math.clamp(pauseAfter / 4, 1_000_000, 1_000_000_000));
  }

  /** Ends all idle sandboxes. */
  @Override
  public void close() {
    lock.lock();
    try {
      for (var room : List.copyOf(idle)) {
        removeIdle(room);
        doom(room);
      }
    } finally {
      lock.unlock();
    }
    settle();
  }
}
