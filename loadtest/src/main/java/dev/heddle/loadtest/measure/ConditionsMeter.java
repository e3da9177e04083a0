package dev.heddle.loadtest.measure;

import dev.heddle.loadtest.measure.Conditions.MachineLoad;
import dev.heddle.process.Ticker;
import java.util.Optional;

/** Watches the machine while something is measured. Used by one thread. */
public final class ConditionsMeter implements AutoCloseable {
  private final Ticker ticker;
  private final SchedulerFloor floor;
  private final Optional<SystemCpu> machineBefore = SystemCpu.now();
  private final long clientBefore = ProcessCpu.nanos();
  private final long began;

  private ConditionsMeter(Ticker ticker) {
    this.ticker = ticker;
    this.floor = SchedulerFloor.start(ticker);
    this.began = ticker.nanoTime();
  }

  public static ConditionsMeter start(Ticker ticker) {
    return new ConditionsMeter(ticker);
  }

  /** Ends the watch. */
  public Conditions stop() throws InterruptedException {
    double seconds = (ticker.nanoTime() - began) / 1e9;
    double client = (ProcessCpu.nanos() - clientBefore) / 1e9;
    var load = machineBefore.flatMap(before -> SystemCpu.now().map(now -> between(before, now)));
    return new Conditions(seconds, floor.stop(), client, load);
  }

  private static MachineLoad between(SystemCpu before, SystemCpu now) {
    // The counters of a virtual machine may step back a little.
    return new MachineLoad(
        now.processors(),
        Math.max(0, now.busySeconds() - before.busySeconds()),
        Math.max(0, now.stolenSeconds() - before.stolenSeconds()));
  }

  @Override
  public void close() {
    floor.close();
  }
}
