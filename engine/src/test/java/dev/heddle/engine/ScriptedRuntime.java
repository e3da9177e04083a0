package dev.heddle.engine;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.function.JsonObject;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A runtime whose sandboxes do what their event says, and remember what was done to them. */
final class ScriptedRuntime implements FunctionRuntime {
  /** What the sandbox of an entry whose name begins so takes to make. */
  static final String SLOW = "slow";

  private static final Duration SLOW_INIT = Duration.ofSeconds(2);

  final List<Room> rooms = new CopyOnWriteArrayList<>();
  final AtomicInteger inside = new AtomicInteger();
  final AtomicInteger mostInside = new AtomicInteger();

  /** How often each of the numbered events ran. */
  final AtomicIntegerArray counts = new AtomicIntegerArray(100_000);

  private final Consumer<Duration> work;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition released = lock.newCondition();
  private boolean release;

  /**
   * @param work passes time in which code runs
   */
  ScriptedRuntime(Consumer<Duration> work) {
    this.work = work;
  }

  ScriptedRuntime() {
    this(time -> {});
  }

  /** Lets all events that block go on. */
  void release() {
    lock.lock();
    try {
      release = true;
      released.signalAll();
    } finally {
      lock.unlock();
    }
  }

  @Override
  public String name() {
    return "scripted";
  }

  @Override
  public CheckedCode check(Code code, Manifest manifest) {
    throw new UnsupportedOperationException();
  }

  @Override
  public LoadedCode load(ShippedCode code, String label) {
    return new LoadedCode() {
      @Override
      public FunctionKind kind() {
        return FunctionKind.HANDLER;
      }

      @Override
      public Sandbox newSandbox(SandboxLimits limits) {
        var entry = code.version().entry();
        if (entry.equals("broken")) {
          throw new HeddleException(
              ErrorCode.FUNCTION_INIT_FAILED, "function " + label + ": init failed: exit(3)");
        }
        if (entry.startsWith(SLOW)) {
          work.accept(SLOW_INIT);
        }
        var room = new Room(entry, limits.memory().bytes());
        rooms.add(room);
        return room;
      }

      @Override
      public ScatterInstance newScatterInstance(SandboxLimits limits, Consumer<String> log) {
        throw new UnsupportedOperationException();
      }

      @Override
      public long footprint() {
        return 0;
      }

      @Override
      public void close() {}
    };
  }

  List<Room> alive() {
    return rooms.stream().filter(room -> !room.destroyed).toList();
  }

  final class Room implements Sandbox {
    final String entry;
    final long memory;
    volatile int events;
    volatile int pauses;
    volatile boolean paused;
    volatile boolean destroyed;
    volatile boolean broken;
    private boolean interrupted;

    Room(String entry, long memory) {
      this.entry = entry;
      this.memory = memory;
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // By one thread at a time.
    public byte[] invoke(byte[] event, Call call) {
      if (paused || destroyed) {
        throw new AssertionError("an event for a sandbox that is paused or gone");
      }
      events++;
      mostInside.accumulateAndGet(inside.incrementAndGet(), Math::max);
      try {
        return run(event, call);
      } finally {
        inside.decrementAndGet();
      }
    }

    private byte[] run(byte[] event, Call call) {
      var script = JsonValues.read(event) instanceof JsonObject object ? object : JsonObject.EMPTY;
      return switch (script.string("do", "echo")) {
        case "events" -> JsonValues.write(events);
        case "count" -> {
          counts.incrementAndGet((int) script.integer("n", 0, 0, counts.length() - 1));
          yield event;
        }
        case "work" -> {
          work.accept(Duration.ofMillis(script.integer("millis", 0, 0, 100_000)));
          yield event;
        }
        case "block" -> block(event);
        case "call" ->
            call.platform()
                .call(
                    script.string("operation"),
                    JsonValues.write(script.object("arguments").orElse(JsonObject.EMPTY)));
        case "calls" -> {
          var replies = new ArrayList<@Nullable Object>();
          for (var one : script.list("list")) {
            replies.add(JsonValues.read(run(JsonValues.write(one), call)));
          }
          yield JsonValues.write(replies);
        }
        case "text" -> script.string("text").getBytes(StandardCharsets.UTF_8);
        case "large" -> JsonValues.write("x".repeat(100_000));
        case "die" -> {
          broken = true;
          counts.incrementAndGet((int) script.integer("n", 0, 0, counts.length() - 1));
          throw new HeddleException(ErrorCode.FUNCTION_FAILED, "function x: handle failed: died");
        }
        default -> event;
      };
    }

    private byte[] block(byte[] event) {
      lock.lock();
      try {
        while (!release && !interrupted && !destroyed) {
          released.awaitUninterruptibly();
        }
        if (interrupted) {
          interrupted = false;
          throw new HeddleException(ErrorCode.CANCELLED, "function x: interrupted");
        }
        return event;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public boolean reusable() {
      return !broken && !entry.equals("fresh");
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // By one thread at a time.
    public void pause() {
      pauses++;
      paused = true;
    }

    @Override
    public void resume() {
      paused = false;
    }

    @Override
    public void interrupt() {
      lock.lock();
      try {
        interrupted = true;
        released.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void destroy() {
      lock.lock();
      try {
        destroyed = true;
        released.signalAll();
      } finally {
        lock.unlock();
      }
    }

    @Override
    public SandboxStatistics statistics() {
      return new SandboxStatistics(events, 0, memory / 4, memory);
    }
  }
}
