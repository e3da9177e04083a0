package dev.heddle.cli.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.gateway.DeliveriesExperiment;
import dev.heddle.loadtest.gateway.EchoExperiment;
import dev.heddle.loadtest.gateway.FanoutExperiment;
import dev.heddle.loadtest.gateway.IdleExperiment;
import dev.heddle.loadtest.gateway.LongPollExperiment;
import dev.heddle.loadtest.gateway.RedeployExperiment;
import dev.heddle.loadtest.gateway.SessionsExperiment;
import dev.heddle.loadtest.gateway.StormExperiment;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.measure.Peers;
import dev.heddle.loadtest.measure.ReportText;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The experiments about the gateway with few connections: that nothing is lost, not how fast. */
@Tag("chaos")
@Timeout(1_200)
class GatewayExperimentsTest {
  private static final int FEW = 8;

  @TempDir Path directory;

  private static ExperimentResult run(Experiment experiment) throws InterruptedException {
    var result =
        experiment.run(
            BenchOptions.DEFAULTS
                .withQuick()
                .withLoad(new BenchOptions.Load(40, 1, 80, 1))
                .withPeers(Peers.of(Peer.NETTY, Peer.JETTY)),
            Ticker.system(),
            line -> System.out.println(experiment.name() + ": " + line));
    System.out.println(ReportText.of(result));
    assertEquals(List.of(), result.problems());
    return result;
  }

  private static long count(ExperimentResult result, String series) {
    return result.series().stream()
        .filter(each -> each.name().equals(series))
        .mapToLong(each -> each.latency().count())
        .sum();
  }

  private static double figure(ExperimentResult result, String name) {
    return Objects.requireNonNull(result.summary().get(name), name);
  }

  @Test
  void connectionsThatSayNothingStay() throws Exception {
    var result = run(new IdleExperiment(NodeJava.command(), directory, directory, 150));

    for (var subject : List.of("heddlePlain", "heddleResumable", "netty", "jetty")) {
      assertTrue(Double.isFinite(figure(result, subject + "HeapBytes")), subject);
      assertTrue(Double.isFinite(figure(result, subject + "RssKib")), subject);
    }
    assertEquals(4, result.curves().getFirst().lines().size());
  }

  @Test
  void everyFrameComesBack() throws Exception {
    var result = run(new EchoExperiment(NodeJava.command(), directory, directory, List.of(1, 4)));

    for (var subject : List.of("heddle", "netty", "jetty")) {
      assertEquals(80, count(result, subject + ", 1 client, run 1"));
      assertEquals(80, count(result, subject + ", 4 clients, run 1"));
    }
  }

  @Test
  void everyPollIsAnsweredWithTheFrameOfItsRound() throws Exception {
    var experiment = new LongPollExperiment(NodeJava.command(), directory, FEW);
    var result = run(experiment);

    assertEquals(80, count(result, "heddle, each, run 1"));
    assertEquals(10, count(result, "heddle, last of a round, run 1"));
    assertEquals(80, count(result, "jetty, each, run 1"));
  }

  @Test
  void everySubscriberGetsEveryFrameOnce() throws Exception {
    var result = run(new FanoutExperiment(NodeJava.command(), directory, directory, FEW));

    for (var subject : List.of("heddle", "netty", "jetty")) {
      assertEquals(30 * FEW, count(result, subject + ", each, run 1"));
    }
  }

  @Test
  void everyMemberGetsEveryMessageOfItsRoomBesideOneThatDoesNotRead() throws Exception {
    var experiment =
        new DeliveriesExperiment(
            NodeJava.command(), directory, 2 * FEW, 10 * FEW, Duration.ofSeconds(1));
    var result = run(experiment);

    // At whatever rate was kept.
    assertTrue(count(result, "all read, run 1") >= 2 * FEW);
    assertEquals(count(result, "all read, run 1"), count(result, "one does not read, run 1"));
    assertTrue(Double.isFinite(figure(result, "stalledKib")));
  }

  @Test
  void noAttributeIsLostOfThoseThatTwoGatewaysWriteAtOnce() throws Exception {
    var result = run(new SessionsExperiment(NodeJava.command(), directory, 2_000));

    assertEquals(80, count(result, "visible, run 1"));
    assertEquals(2_000, figure(result, "writes"));
    assertEquals(0, figure(result, "writesLost"));
    assertEquals(0, figure(result, "staleReads"));
  }

  @Test
  void connectionsOfAKilledGatewayComeBackWithEveryFrame() throws Exception {
    var result = run(new StormExperiment(NodeJava.command(), directory, FEW));

    assertEquals(FEW, count(result, "back, run 1"));
    assertEquals(FEW, figure(result, "recovered"));
    assertEquals(0, figure(result, "auditFindings"));
    assertTrue(figure(result, "pushesAccepted") > FEW);
  }

  @Test
  void deploysCloseNoConnectionAndLoseNoFrame() throws Exception {
    var result = run(new RedeployExperiment(NodeJava.command(), directory, 4, 2));

    assertEquals(3, figure(result, "versionsSeen"));
    assertEquals(0, figure(result, "closes"));
    assertEquals(0, figure(result, "lost"));
    assertTrue(figure(result, "frames") >= 5 * 80);
  }
}
