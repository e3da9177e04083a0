package dev.heddle.coordinator;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.ServiceTimes;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.plan.StatisticsEpoch.Sight;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What leaves tell of shards beside their answers, put where later queries find it. */
final class Sightings {
  private final SharedState shared;
  private final DatasetRecord dataset;

  Sightings(SharedState shared, DatasetRecord dataset) {
    this.shared = shared;
    this.dataset = dataset;
  }

  /** The answer rests on what was told of some shards before. */
  void skipped(List<Plan.Skipped> skipped, StatisticsEpoch epoch) {
    for (var left : skipped) {
      var summary = left.summary();
      shared
          .known()
          .observe(
              dataset.id(),
              left.shard(),
              summary.documents(),
              new Position(left.shard(), summary.incarnation(), summary.index()));
      epoch.observe(left.shard(), new Sight(summary.incarnation(), summary.index()));
    }
  }

  /** Nodes told of some shards. */
  void observe(List<ShardReport> reports, StatisticsEpoch epoch, long now) {
    var services = shared.table().services(dataset.id());
    int shards = dataset.shards().size();
    String node = "";
    ServiceTimes.@Nullable Replicas times = null;
    for (var report : reports) {
      shared.known().observe(dataset.id(), report.shard(), report.documents(), report.position());
      epoch.observe(report.shard(), report.sight());
      report.replica().ifPresent(replica -> replica.tell(shared.table()));
      if (services != null && report.activeMicros() > 0) {
        if (times == null || !report.node().equals(node)) {
          node = report.node();
          times = services.of(node, shards);
        }
        if (times != null) {
          times.worked(report.shard(), report.activeMicros(), now);
        }
      }
    }
  }
}
