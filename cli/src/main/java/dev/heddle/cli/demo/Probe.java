package dev.heddle.cli.demo;

import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.cli.client.RemoteFailure;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Asks a gateway as a user would, until it answers as it should. */
final class Probe {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final Duration PAUSE = Duration.ofMillis(50);

  /** What a cluster says that is not yet complete. */
  private static final Set<ErrorCode> NOT_YET =
      Set.of(
          ErrorCode.UNAVAILABLE,
          ErrorCode.COVERAGE_TOO_LOW,
          ErrorCode.CATALOG_UNAVAILABLE,
          ErrorCode.NOT_OWNER,
          ErrorCode.NOT_LEADER,
          ErrorCode.NO_MAJORITY,
          ErrorCode.STALE_REPLICA,
          ErrorCode.UNKNOWN_DATASET,
          ErrorCode.UNKNOWN_APP,
          ErrorCode.DEADLINE_EXCEEDED);

  private static final Pattern MEMBERS =
      Pattern.compile("(?m)^heddle_gateway_grid_members (\\S+)$");

  private final ClusterHttp http;
  private final DemoSupervisor supervisor;
  private final Ticker ticker;

  Probe(ClusterHttp http, DemoSupervisor supervisor, Ticker ticker) {
    this.http = http;
    this.supervisor = supervisor;
    this.ticker = ticker;
  }

  /**
   * Asks until the whole dataset answers.
   *
   * @throws RemoteFailure with the last answer, if there is no good one in time
   */
  void await(String dataset) throws InterruptedException {
    ObjectNode query =
        JsonMapper.shared().createObjectNode().put("k", 1).put("minCoverage", 1).put("query", "a");
    await(() -> http.post(query, "v1", "datasets", dataset, "query"));
  }

  /**
   * Asks a gateway that may not have heard of an app yet.
   *
   * @throws RemoteFailure with the last answer, if there is no good one in time
   */
  void awaitApp(String app) throws InterruptedException {
    await(() -> http.get("v1", "apps", app));
  }

  /**
   * Asks a gateway until it shares sessions and connections with the others.
   *
   * @param gateways how many they are
   * @throws RemoteFailure with what it said last, if they have not met in time
   */
  void awaitGrid(int gateways) throws InterruptedException {
    await(() -> {
      Matcher found = MEMBERS.matcher(http.text("metrics"));
      double members = found.find() ? Double.parseDouble(found.group(1)) : 0;
      if (members != gateways) {
        throw new RemoteFailure(
            new HeddleException(
                ErrorCode.UNAVAILABLE,
                "gateways in one grid: " + (long) members + " (expected: " + gateways + ")"),
            "");
      }
    });
  }

  /** A question over HTTP. */
  private interface Question {
    void ask() throws InterruptedException;
  }

  private void await(Question question) throws InterruptedException {
    long deadline = ticker.nanoTime() + LIMIT.toNanos();
    while (true) {
      try {
        question.ask();
        return;
      } catch (RemoteFailure e) {
        if (!NOT_YET.contains(e.code()) || ticker.nanoTime() - deadline > 0) {
          throw e;
        }
      }
      if (supervisor.awaitStop(PAUSE)) {
        throw new HeddleException(ErrorCode.CANCELLED, "stopped");
      }
    }
  }
}
