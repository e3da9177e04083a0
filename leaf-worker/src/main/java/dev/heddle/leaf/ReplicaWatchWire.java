package dev.heddle.leaf;

import dev.heddle.internal.v1.ReplicaReport;
import dev.heddle.process.Ticker;
import dev.heddle.shard.ShardStatus;
import io.grpc.stub.ServerCallStreamObserver;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One watcher of this leaf's replicas: all of them first, then those that changed, as often as it
 * asked for and can take. Run by the thread that looks at the replicas, and at first by the
 * caller's.
 */
final class ReplicaWatchWire {
  private static final Logger log = LoggerFactory.getLogger(ReplicaWatchWire.class);

  /** Watchers get no more than so many a second, whatever they ask for. */
  private static final Duration SHORTEST = Duration.ofMillis(100);

  /** Summaries of a message, of some KiB each; others come with the next. */
  private static final int MOST_SUMMARIES = 100;

  private final String node;
  private final ReplicaReports reports;
  private final Duration interval;
  private final Ticker ticker;
  private final ServerCallStreamObserver<dev.heddle.internal.v1.ReplicaReports> observer;
  private final Map<ReplicaReports.Place, ReplicaReport> sent = new HashMap<>();

  /** Views whose summaries were sent. */
  private final Map<ReplicaReports.Place, Long> views = new HashMap<>();

  private long sentNanos;
  private boolean any;
  private boolean ended;

  ReplicaWatchWire(
      String node,
      ReplicaReports reports,
      Duration interval,
      Ticker ticker,
      ServerCallStreamObserver<dev.heddle.internal.v1.ReplicaReports> observer) {
    this.node = node;
    this.reports = reports;
    this.interval = interval.compareTo(SHORTEST) < 0 ? SHORTEST : interval;
    this.ticker = ticker;
    this.observer = observer;
  }

  void open() {
    AutoCloseable watching = reports.onLook(this::look);
    observer.setOnCancelHandler(() -> end(watching));
    look();
  }

  private static void end(AutoCloseable watching) {
    try {
      watching.close();
    } catch (Exception e) {
      log.debug("watch of replicas ended badly", e);
    }
  }

  private synchronized void look() {
    long now = ticker.nanoTime();
    if (ended
        || observer.isCancelled()
        || !observer.isReady()
        || (any && now - sentNanos < interval.toNanos())) {
      return;
    }
    var message = dev.heddle.internal.v1.ReplicaReports.newBuilder();
    Map<ReplicaReports.Place, ReplicaReport> present = new HashMap<>();
    for (ShardStatus status : reports.all()) {
      var place = new ReplicaReports.Place(status.datasetId(), status.shard());
      ReplicaReport report = LeafWire.report(node, status, reports);
      present.put(place, report);
      if (!report.equals(sent.get(place))) {
        message.addReplicas(report);
      }
      if (status.available()
          && message.getSummariesCount() < MOST_SUMMARIES
          && !Objects.equals(views.get(place), status.view())) {
        views.put(place, status.view());
        reports
            .summary(place)
            .map(held -> LeafWire.summary(node, held))
            .ifPresent(message::addSummaries);
      }
    }
    views.keySet().retainAll(present.keySet());
    sent.forEach((place, report) -> {
      if (!present.containsKey(place)) {
        message.addGone(report);
      }
    });
    if (any
        && message.getReplicasCount() == 0
        && message.getGoneCount() == 0
        && message.getSummariesCount() == 0) {
      return;
    }
    sent.clear();
    sent.putAll(present);
    any = true;
    sentNanos = now;
    try {
      observer.onNext(message.build());
    } catch (RuntimeException e) {
      // The others' watches must not suffer.
      ended = true;
      log.debug("watch of replicas ended by a failure", e);
    }
  }
}
