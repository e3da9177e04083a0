package dev.heddle.cli.demo;

import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.cli.client.RemoteFailure;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Asks as a user would, until the whole dataset answers. */
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
          ErrorCode.DEADLINE_EXCEEDED);

  private final ClusterHttp http;
  private final DemoSupervisor supervisor;
  private final Ticker ticker;

  Probe(ClusterHttp http, DemoSupervisor supervisor, Ticker ticker) {
    this.http = http;
    this.supervisor = supervisor;
    this.ticker = ticker;
  }

  /**
   * @throws RemoteFailure with the last answer, if there is no good one in time
   */
  void await(String dataset) throws InterruptedException {
    long deadline = ticker.nanoTime() + LIMIT.toNanos();
    ObjectNode query =
        JsonMapper.shared().createObjectNode().put("k", 1).put("minCoverage", 1).put("query", "a");
    while (true) {
      try {
        var _ = http.post(query, "v1", "datasets", dataset, "query");
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
