package dev.heddle.engine;

import dev.heddle.process.Carriers;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decides when an event gets a thread and a sandbox: at once where there is room, else after a
 * bounded wait, the functions in turn. Room is a place among the node's threads, one among those
 * that the function may use at once, and memory for a sandbox: so a function has as many sandboxes
 * as it has work, within its limits.
 *
 * <p>Calls within calls cannot block each other: a handler that waits lends its thread and its
 * memory to others, and each depth of calls has places of its own. The deepest ones wait for
 * nobody, so they end, and then those above them.
 *
 * <p>Where there are several tenants, they come before functions: each has its turn, and {@link
 * TenantShares} of everything. An event that waits for memory is overtaken by smaller ones only so
 * often.
 *
 * <p>A handler that does not stop at its deadline is stuck: up to a limit its place is made up for
 * by another.
 *
 * <p>Handlers that compute get a place only while they are not a {@link Crowd}.
 *
 * <p>Safe for any thread; it calls tasks without its lock held.
 */
final class Dispatcher implements AutoCloseable {
  /** An event on its way. */
  interface Task extends Runnable {
    LoadedVersion version();

    /** 0..{@link InvocationScope#MAX_DEPTH}. */
    int depth();

    /** Called with the dispatcher's lock held, before it is run. */
    void room(SandboxPool.Room room);

    /** Whether it will be short, as far as can be known once it has its room. */
    boolean brief();

    /** Of the virtual thread that waits for it; null: it is none of theirs. */
    default @Nullable Carriers carriers() {
      return null;
    }

    /** It will never run: say why. */
    void refuse(HeddleException why);
  }

  /** Events that may get the memory for which another one waits. */
  private static final int MAX_OVERTAKERS = 100;

  private static final double SMOOTHING = 1.0 / 16;
  private static final Duration SHORTEST_RETRY = Duration.ofMillis(100);
  private static final Duration LONGEST_RETRY = Duration.ofSeconds(30);

  private record LaneKey(String tenant, String function, int depth) {}

  /** The events of one function at one depth. Guarded by the lock. */
  private static final class Lane {
    final LaneKey key;
    final ArrayDeque<Task> waiting = new ArrayDeque<>();
    int running;

    Lane(LaneKey key) {
      this.key = key;
    }
  }

  /** The lanes of one tenant with waiting events, the one to be served next first. */
  private record Turn(String tenant, ArrayDeque<Lane> lanes) {}

  private final int maxThreads;
  private final int maxQueue;
  private final int maxPerFunction;
  private final int maxStuck;
  private final SandboxPool pool;
  private final InvocationThreads threads;
  private final Crowd crowd;
  private final int processors;
  private final Consumer<Runnable> soon;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private final Map<LaneKey, Lane> lanes = new HashMap<>();

  private final TenantShares shares;

  /** Tenants with waiting events, the one to be served next first. */
  private final ArrayDeque<Turn> turns = new ArrayDeque<>();

  /** The first lane whose next event found no memory. */
  private @Nullable Lane hungry;

  private int overtakers;

  private final int[] running = new int[InvocationScope.MAX_DEPTH + 1];
  private int active;
  private int parked;
  private int queued;
  private int stuck;
  private double serviceNanos;
  private boolean closed;

  /** Whether {@link #soon} has been asked to look again. */
  private boolean looking;

  /**
   * @param processors that handlers share with everything else
   * @param soon runs something a moment later, on a thread of its own
   */
  Dispatcher(
      EngineConfig config,
      SandboxPool pool,
      InvocationThreads threads,
      Crowd crowd,
      int processors,
      Consumer<Runnable> soon) {
    this.crowd = crowd;
    this.processors = processors;
    this.soon = soon;
    this.maxThreads = config.invocationThreads();
    this.maxQueue = config.invocationQueue();
    this.maxPerFunction = config.functionQueue();
    this.maxStuck = config.maxStuckThreads();
    this.pool = pool;
    this.threads = threads;
    this.shares = new TenantShares(config, pool::ofQueries);
  }

  /** Whether there are several tenants on this node, who share it. */
  void several(boolean tenants) {
    lock.lock();
    try {
      shares.several(tenants);
    } finally {
      lock.unlock();
    }
    again();
  }

  /**
   * Runs the task as soon as there is room.
   *
   * @throws HeddleException QUEUE_FULL if too much waits, UNAVAILABLE on a node that stops
   */
  void submit(Task task) {
    boolean starts;
    lock.lock();
    try {
      if (closed) {
        throw closing();
      }
      var ref = task.version().ref();
      var lane =
          lanes.computeIfAbsent(new LaneKey(ref.tenant(), ref.name(), task.depth()), Lane::new);
      starts = lane.waiting.isEmpty() && place(lane, task);
      if (!starts) {
        enqueue(lane, task);
      }
    } finally {
      lock.unlock();
    }
    pool.settle();
    if (starts) {
      start(task, task.brief());
    }
  }

  private static HeddleException closing() {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, "invocations: shutting down (expected: a running node)");
  }

  /** Call with the lock held. */
  private void enqueue(Lane lane, Task task) {
    if (queued >= maxQueue || lane.waiting.size() >= maxPerFunction) {
      forget(lane);
      throw Refusals.refuse(
          ErrorCode.QUEUE_FULL,
          "invocations",
          "%d waiting, %d of them for function %s"
              .formatted(queued, lane.waiting.size(), task.version().ref().label()),
          "fewer than %d waiting, and fewer than %d for one function"
              .formatted(maxQueue, maxPerFunction));
    }
    if (!shares.admitsWaiting(task)) {
      forget(lane);
      throw Refusals.refuse(
          ErrorCode.QUEUE_FULL,
          "invocations of tenant " + lane.key.tenant,
          "half of the node's queue",
          "less, as others need it, too");
    }
    if (lane.waiting.isEmpty()) {
      turn(lane.key.tenant).lanes.addLast(lane);
    }
    lane.waiting.addLast(task);
    queued++;
    shares.queued(task, 1);
  }

  /** Call with the lock held. */
  private Turn turn(String tenant) {
    for (var turn : turns) {
      if (turn.tenant.equals(tenant)) {
        return turn;
      }
    }
    var turn = new Turn(tenant, new ArrayDeque<>());
    turns.addLast(turn);
    return turn;
  }

  /** A task has left the queue. Call with the lock held. */
  private void dequeued(Lane lane, Task task) {
    queued--;
    shares.queued(task, -1);
    if (lane.waiting.isEmpty() && lane == hungry) {
      hungry = null;
    }
  }

  /** Whether memory is kept for another one, which has waited long enough. Needs the lock. */
  private boolean yields(Lane lane) {
    // Those at a greater depth are what others wait for, and give their memory back.
    return hungry != null
        && hungry != lane
        && overtakers >= MAX_OVERTAKERS
        && lane.key.depth <= hungry.key.depth;
  }

  /** Call with the lock held. */
  private void foundNoMemory(Lane lane) {
    if (hungry == null) {
      hungry = lane;
      overtakers = 0;
    }
  }

  /** Call with the lock held. */
  private void foundMemory(Lane lane) {
    if (lane == hungry) {
      hungry = null;
    } else if (hungry != null) {
      overtakers++;
    }
  }

  /** Whether there was room for the task, which it now has. Call with the lock held. */
  private boolean place(Lane lane, Task task) {
    if (!shares.admits(task) || yields(lane)) {
      return false;
    }
    int most = task.version().version().concurrency();
    if (active >= capacity()
        || running[task.depth()] >= capacity()
        || (most > 0 && lane.running >= most)
        || crowded(lane)) {
      return false;
    }
    var room = pool.take(task.version(), task.depth());
    if (room == null) {
      foundNoMemory(lane);
      return false;
    }
    foundMemory(lane);
    shares.began(task);
    task.room(room);
    crowd.began();
    active++;
    running[task.depth()]++;
    lane.running++;
    return true;
  }

  /**
   * Whether its event had better wait for the handlers that compute. Each function may use all
   * processors, so that none has to wait for the end of another one's long work. Call with the lock
   * held.
   */
  private boolean crowded(Lane lane) {
    if (lane.running < processors || !crowd.full(Math.min(stuck, maxStuck))) {
      return false;
    }
    if (!looking) {
      // One may begin to wait without telling anybody.
      looking = true;
      soon.accept(this::look);
    }
    return true;
  }

  private void look() {
    lock.lock();
    try {
      looking = false;
    } finally {
      lock.unlock();
    }
    again();
  }

  /** Call with the lock held. */
  private int capacity() {
    // A thread may come back before it was counted.
    return maxThreads + Math.clamp(stuck, 0, maxStuck);
  }

  /** Starts one that waited, and so does its caller. */
  private void start(Task task) {
    try {
      var carriers = task.carriers();
      if (carriers != null && task.brief()) {
        threads.run(task, carriers);
      } else {
        threads.run(task, false);
      }
    } catch (HeddleException e) {
      task.refuse(e);
    }
  }

  /**
   * @param brief whether it will be short, and this thread is about to wait for it
   */
  private void start(Task task, boolean brief) {
    try {
      threads.run(task, brief);
    } catch (HeddleException e) {
      task.refuse(e);
    }
  }

  /** Finds room for what waits, one event of each function in turn. Call with the lock held. */
  private List<Task> pump() {
    if (turns.isEmpty()) {
      return List.of();
    }
    var starting = new ArrayList<Task>();
    boolean progress = true;
    while (progress) {
      progress = false;
      for (int left = turns.size(); left > 0 && active < capacity(); left--) {
        var turn = turns.removeFirst();
        var task = next(turn.lanes);
        if (task != null) {
          starting.add(task);
          progress = true;
        }
        if (!turn.lanes.isEmpty()) {
          turns.addLast(turn);
        }
      }
    }
    return starting;
  }

  /** The first of a tenant's events for which there is room. Call with the lock held. */
  private @Nullable Task next(ArrayDeque<Lane> lanes) {
    for (int left = lanes.size(); left > 0; left--) {
      var lane = lanes.removeFirst();
      var task = lane.waiting.getFirst();
      boolean placed = place(lane, task);
      if (placed) {
        lane.waiting.removeFirst();
        dequeued(lane, task);
      }
      if (!lane.waiting.isEmpty()) {
        lanes.addLast(lane);
      }
      if (placed) {
        return task;
      }
    }
    return null;
  }

  /** Looks whether what waits has room now. */
  void again() {
    List<Task> starting;
    lock.lock();
    try {
      starting = pump();
    } finally {
      lock.unlock();
    }
    pool.settle();
    starting.forEach(this::start);
  }

  /**
   * Takes back the place and the room of a task that ran, or that was refused after it had them.
   *
   * @param reuse whether its sandbox may serve another event
   * @param nanos that it ran; 0: it did not
   */
  void leave(Task task, SandboxPool.Room room, boolean reuse, long nanos) {
    List<Task> starting;
    lock.lock();
    try {
      pool.give(room, reuse);
      crowd.ended();
      shares.ended(task);
      active--;
      running[task.depth()]--;
      var ref = task.version().ref();
      var lane = lanes.get(new LaneKey(ref.tenant(), ref.name(), task.depth()));
      if (lane != null) {
        lane.running--;
        forget(lane);
      }
      if (nanos > 0) {
        serviceNanos += (nanos - serviceNanos) * SMOOTHING;
      }
      starting = pump();
    } finally {
      lock.unlock();
    }
    pool.settle();
    starting.forEach(this::start);
  }

  /** Call with the lock held. */
  private void forget(Lane lane) {
    if (lane.running == 0 && lane.waiting.isEmpty()) {
      lanes.remove(lane.key);
    }
    if (lane.waiting.isEmpty() && lane == hungry) {
      hungry = null;
    }
  }

  /** Takes a waiting task out of the queue; whether it was there. */
  boolean withdraw(Task task) {
    lock.lock();
    try {
      var ref = task.version().ref();
      var lane = lanes.get(new LaneKey(ref.tenant(), ref.name(), task.depth()));
      if (lane == null || !lane.waiting.remove(task)) {
        return false;
      }
      dequeued(lane, task);
      if (lane.waiting.isEmpty()) {
        turn(ref.tenant()).lanes.remove(lane);
        turns.removeIf(turn -> turn.lanes.isEmpty());
        forget(lane);
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The task's thread is about to wait for others: its place is theirs meanwhile. */
  void park(SandboxPool.Room room) {
    List<Task> starting;
    lock.lock();
    try {
      parked++;
      crowd.ended();
      active--;
      shares.active(room.version, -1);
      pool.park(room);
      starting = pump();
    } finally {
      lock.unlock();
    }
    pool.settle();
    starting.forEach(this::start);
  }

  /** It goes on, at once: for a while there may be more than there should be. */
  void unpark(SandboxPool.Room room) {
    lock.lock();
    try {
      parked--;
      crowd.began();
      active++;
      shares.active(room.version, 1);
      pool.unpark(room);
    } finally {
      lock.unlock();
    }
  }

  /** Counts a thread that passed its deadline, or with -1 one that came back. */
  void stuck(int change) {
    List<Task> starting;
    lock.lock();
    try {
      stuck += change;
      starting = pump();
    } finally {
      lock.unlock();
    }
    pool.settle();
    starting.forEach(this::start);
  }

  /** About how long it takes until what waits now has gone through. */
  Duration retryAfter() {
    lock.lock();
    try {
      // Those that run now: there may be fewer than threads, where they compute or want memory.
      int atOnce = Math.clamp(active, 1, capacity());
      long nanos = (long) (serviceNanos * (queued + 1) / atOnce);
      return Duration.ofNanos(Math.clamp(nanos, SHORTEST_RETRY.toNanos(), LONGEST_RETRY.toNanos()));
    } finally {
      lock.unlock();
    }
  }

  /** Invocations that hold a thread and do not wait. */
  long active() {
    return counted(() -> active);
  }

  /** Invocations that wait for others. */
  long parked() {
    return counted(() -> parked);
  }

  /** Invocations that hold a thread. */
  long running() {
    return counted(() -> active + parked);
  }

  long queued() {
    return counted(() -> queued);
  }

  long stuck() {
    return counted(() -> stuck);
  }

  private long counted(LongSupplier what) {
    lock.lock();
    try {
      return what.getAsLong();
    } finally {
      lock.unlock();
    }
  }

  /** Refuses what waits and what comes. */
  @Override
  public void close() {
    var refused = new ArrayList<Task>();
    lock.lock();
    try {
      closed = true;
      turns.forEach(turn ->
          turn.lanes.forEach(lane -> {
            refused.addAll(lane.waiting);
            lane.waiting.forEach(task -> shares.queued(task, -1));
            lane.waiting.clear();
            forget(lane);
          }));
      turns.clear();
      queued = 0;
    } finally {
      lock.unlock();
    }
    refused.forEach(task -> task.refuse(closing()));
  }
}
