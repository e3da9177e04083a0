package dev.heddle.engine;

import dev.heddle.process.Ticker;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;

/**
 * What one invocation takes. Written by the thread that runs it; whoever waits for the answer reads
 * it, also while it still runs.
 */
@SuppressWarnings("NonAtomicVolatileUpdate") // One thread writes.
final class InvocationMeter {
  private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

  private final Ticker ticker;
  private final long created;
  private final long bytesIn;
  private volatile long queueNanos = -1;
  private volatile long initNanos;
  private volatile boolean cold;
  private volatile boolean entered;
  private boolean gone;
  private volatile long enteredAt;
  private volatile long cpuAtEntry;
  private volatile long sandboxCpuAtEntry;
  private volatile long parkedAt;
  private volatile boolean parking;
  private volatile long parkedNanos;

  /** Of a caller who left: what was parked until then; -1: it has not. */
  private volatile long parkedUntilLeft = -1;

  private volatile long activeNanos;
  private volatile long cpuNanos;
  private volatile long bytesOut;

  /** What it took after its caller had left with the bill. */
  private volatile long restActiveNanos;

  private volatile long restCpuNanos;
  private volatile List<String> open = List.of();

  InvocationMeter(Ticker ticker, long bytesIn) {
    this.ticker = ticker;
    this.bytesIn = bytesIn;
    this.created = ticker.nanoTime();
  }

  void dispatched() {
    queueNanos = ticker.nanoTime() - created;
  }

  /** A sandbox was made for it, or was not in spite of that time. */
  void made(long nanos) {
    initNanos += nanos;
    cold = true;
  }

  /** Whether a sandbox had to be made for it. */
  boolean cold() {
    return cold;
  }

  void entered(Sandbox sandbox) {
    sandboxCpuAtEntry = sandbox.statistics().cpuNanos();
    cpuAtEntry = CPU.getCurrentThreadCpuTime();
    enteredAt = ticker.nanoTime();
    entered = true;
  }

  void parked() {
    parkedAt = ticker.nanoTime();
    parking = true;
  }

  void unparked() {
    parking = false;
    parkedNanos += ticker.nanoTime() - parkedAt;
  }

  void sent(long bytes) {
    bytesOut = bytes;
  }

  synchronized void left(Sandbox sandbox) {
    gone = true;
    long active = ticker.nanoTime() - enteredAt - parkedNanos;
    long cpu =
        CPU.getCurrentThreadCpuTime()
            - cpuAtEntry
            + sandbox.statistics().cpuNanos()
            - sandboxCpuAtEntry;
    if (open.isEmpty()) {
      activeNanos = active;
      cpuNanos = cpu;
    } else {
      restActiveNanos = Math.max(0, active - activeNanos);
      restCpuNanos = Math.max(0, cpu - cpuNanos);
    }
  }

  /**
   * The caller leaves while the code goes on: what it took so far, and that there is more. Nothing
   * is to come of code that has just ended.
   */
  synchronized void stillRuns(Thread runner, String invocationId) {
    if (gone) {
      return;
    }
    if (entered) {
      long now = ticker.nanoTime();
      long parked = parkedNanos + (parking ? now - parkedAt : 0);
      parkedUntilLeft = parked;
      activeNanos = Math.max(0, now - enteredAt - parked);
      cpuNanos = Math.max(0, CPU.getThreadCpuTime(runner.threadId()) - cpuAtEntry);
    }
    open = List.of(invocationId);
  }

  /** Whether its bill named it as open: then another one closes it. */
  boolean open() {
    return !open.isEmpty();
  }

  /** Time for which it held its place. */
  long ranNanos() {
    return initNanos + activeNanos + restActiveNanos + parkedNanos;
  }

  /**
   * What it took after its caller had left, as far as its bill did not have it: nothing where it
   * ended in time.
   *
   * @param memoryBytes cap of the sandbox
   */
  Bill rest(long memoryBytes) {
    long active = restActiveNanos;
    long charged = Bill.memoryMibNanos(active, memoryBytes);
    return new Bill(active, restCpuNanos, 0, 0, 0, 0, 0, 0, charged, 0, true, List.of(), 0, 0);
  }

  /**
   * What it came to, without what it asked of others.
   *
   * @param memoryBytes cap of the sandbox
   */
  Bill bill(long memoryBytes) {
    long active = activeNanos;
    return new Bill(
        active,
        cpuNanos,
        queueNanos < 0 ? ticker.nanoTime() - created : queueNanos,
        0,
        bytesIn,
        bytesOut,
        0,
        0,
        Bill.memoryMibNanos(active, memoryBytes),
        0,
        open.isEmpty(),
        open,
        initNanos,
        parkedUntilLeft < 0 ? parkedNanos : parkedUntilLeft);
  }
}
