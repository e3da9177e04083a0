package dev.heddle.loadtest.measure;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the machine did while something was measured on it.
 *
 * @param seconds on the clock
 * @param schedulerDelay how late a thread was woken that asked for a millisecond
 * @param clientCpuSeconds of the process that measured, compiler and garbage collector included
 * @param load of the whole machine; empty where the system does not tell
 */
public record Conditions(
    double seconds,
    LatencyRecorder schedulerDelay,
    double clientCpuSeconds,
    Optional<MachineLoad> load) {
  /** Above this the machine itself was late too often for a p99 to mean much. */
  private static final double LATE_MICROS = 1_000;

  private static final double BUSY = 0.9;
  private static final double STOLEN = 0.02;
  private static final double CLIENT = 0.5;

  /** Below this a client's share says nothing: hardly anything was done. */
  private static final double LEAST_CPU_SECONDS = 0.1;

  /**
   * Processor time of the machine.
   *
   * @param processors of the machine
   * @param busySeconds of all processors together, whoever used them
   * @param stolenSeconds that a hypervisor gave to others, in which work of this machine waited
   */
  public record MachineLoad(int processors, double busySeconds, double stolenSeconds) {}

  /** Reasons why figures say as much about the machine or the client as about the subject. */
  public List<String> warnings() {
    var warnings = new ArrayList<String>();
    double late = schedulerDelay.percentiles().p99();
    if (late > LATE_MICROS) {
      warnings.add(
          String.format(
              Locale.ROOT,
              "the machine was late: it woke a sleeping thread %.1f ms late at p99",
              late / 1e3));
    }
    load.ifPresent(machine -> {
      double all = seconds * machine.processors();
      if (all > 0 && machine.busySeconds() / all > BUSY) {
        warnings.add(
            String.format(
                Locale.ROOT,
                "the machine was the limit: its %d processors were busy %.0f %% of the time",
                machine.processors(),
                100 * machine.busySeconds() / all));
      }
      if (all > 0 && machine.stolenSeconds() / all > STOLEN) {
        warnings.add(
            String.format(
                Locale.ROOT,
                "the machine had not all of its processors: %.0f %% of their time went to others",
                100 * machine.stolenSeconds() / all));
      }
      if (machine.busySeconds() > LEAST_CPU_SECONDS
          && clientCpuSeconds / machine.busySeconds() > CLIENT) {
        warnings.add(
            String.format(
                Locale.ROOT,
                "the client may have been the limit: it took %.0f %% of the processor time",
                100 * Math.min(1, clientCpuSeconds / machine.busySeconds())));
      }
    });
    return warnings;
  }
}
