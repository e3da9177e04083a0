package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.measure.Conditions.MachineLoad;
import dev.heddle.process.testing.ManualTicker;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ConditionsTest {
  private static final List<String> STAT =
      List.of(
          "cpu  1000 50 300 7000 200 10 40 60 500 0",
          "cpu0 500 25 150 3500 100 5 20 30 250 0",
          "cpu1 500 25 150 3500 100 5 20 30 250 0",
          "intr 1 2 3");

  private static Conditions conditions(
      long lateNanos, double clientCpu, double busy, double stolen) {
    var late = new LatencyRecorder();
    late.record(lateNanos);
    return new Conditions(10, late, clientCpu, Optional.of(new MachineLoad(2, busy, stolen)));
  }

  @Test
  void nothingIsWarnedOfOnAQuietMachine() {
    assertEquals(List.of(), conditions(900_000, 4, 9, 0.3).warnings());
  }

  @Test
  void warnsWhereTheMachineOrTheClientWasTheLimit() {
    assertEquals(
        List.of("the machine was late: it woke a sleeping thread 3.0 ms late at p99"),
        conditions(3_000_000, 4, 9, 0).warnings());
    assertEquals(
        List.of("the machine was the limit: its 2 processors were busy 95 % of the time"),
        conditions(0, 4, 19, 0).warnings());
    assertEquals(
        List.of("the machine had not all of its processors: 5 % of their time went to others"),
        conditions(0, 4, 9, 1).warnings());
    assertEquals(
        List.of("the client may have been the limit: it took 78 % of the processor time"),
        conditions(0, 7, 9, 0).warnings());
  }

  @Test
  void readsTheMachinesProcessorTime() {
    assertEquals(Optional.of(new SystemCpu(2, 14.0, 0.6)), SystemCpu.parse(STAT));
    assertEquals(Optional.empty(), SystemCpu.parse(List.of("cpu  1 2 3", "cpu0 1 2 3")));
    assertEquals(Optional.empty(), SystemCpu.parse(List.of("intr 1")));
  }

  @Test
  void aWatchTellsTheTimeAndTheClientsProcessorTime() throws InterruptedException {
    var ticker = new ManualTicker();
    try (var meter = ConditionsMeter.start(ticker)) {
      ticker.advance(Duration.ofSeconds(7));
      var conditions = meter.stop();
      assertEquals(7, conditions.seconds());
      assertTrue(conditions.clientCpuSeconds() >= 0);
    }
  }

  @Test
  void versionsAreThoseOfTheJars() {
    assertEquals(
        Map.of("grpc-netty", "1.85.1", "heddle-loadtest", "0.1.0-SNAPSHOT"),
        Versions.ofClassPath(
            "/lib/grpc-netty-1.85.1.jar:/lib/heddle-loadtest-0.1.0-SNAPSHOT.jar"
                + ":/lib/other-1.0.jar:/classes:grpc-netty.jar"));
  }
}
