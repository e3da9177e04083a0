package dev.heddle.shard;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Member;
import dev.heddle.replication.ReplicatedGroup;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes the groups of the shards that this node leads follow the catalog, one {@link
 * MembershipStep} at a time, and tells the catalog when a move is done. Safe for any thread.
 */
final class Membership {
  private static final Logger log = LoggerFactory.getLogger(Membership.class);

  private final String node;
  private final CatalogClient catalog;
  private final Duration changeLimit;
  private final ThreadFactory threads = Threads.virtual("shard-membership");

  /** A group that was closed is forgotten with whatever was left undone. */
  private final Map<ReplicatedGroup, Progress> groups =
      Collections.synchronizedMap(new WeakHashMap<>());

  /** How far a group is. */
  private static final class Progress {
    /** Whether a step is on its way. */
    final AtomicBoolean busy = new AtomicBoolean();

    /** The step that was last said to have failed; null: the last one went well. */
    volatile @Nullable MembershipStep failed;
  }

  /**
   * @param node this one
   * @param changeLimit a change of members that takes longer is no more waited for: what is to be
   *     done then may be another one
   */
  Membership(String node, CatalogClient catalog, Duration changeLimit) {
    this.node = node;
    this.catalog = catalog;
    this.changeLimit = changeLimit;
  }

  /**
   * Takes the next step of a shard, if this node leads it, one is due, and none is on its way. Does
   * not block; call again and again: what fails is tried again by a later look.
   *
   * @param placement of the dataset, both as in the view
   */
  void look(
      CatalogView view, DatasetRecord dataset, ShardPlacement placement, ReplicatedGroup group) {
    GroupStatus status = group.status();
    if (!status.leading()) {
      return;
    }
    Progress progress = groups.computeIfAbsent(group, any -> new Progress());
    if (!progress.busy.compareAndSet(false, true)) {
      return;
    }
    String shard = dataset.name() + "/" + placement.shard();
    CompletableFuture<Void> done;
    MembershipStep step = new MembershipStep.Nothing();
    try {
      Map<String, Member> known = reachable(view, status);
      step =
          MembershipStep.next(
              node,
              placement,
              status.members().stream().map(Member::node).toList(),
              known.keySet());
      done = start(step, known, dataset, placement, group, status);
    } catch (RuntimeException e) {
      done = CompletableFuture.failedFuture(e);
    }
    MembershipStep taken = step;
    var _ = done.whenComplete((nothing, failure) -> ended(shard, taken, progress, failure));
  }

  private CompletableFuture<Void> start(
      MembershipStep step,
      Map<String, Member> known,
      DatasetRecord dataset,
      ShardPlacement placement,
      ReplicatedGroup group,
      GroupStatus status) {
    return switch (step) {
      case MembershipStep.Nothing() -> CompletableFuture.completedFuture(null);
      case MembershipStep.Reconfigure(List<String> to) ->
          group
              .change(status.members(), members(to, known, status))
              .copy()
              .orTimeout(changeLimit.toNanos(), TimeUnit.NANOSECONDS);
      case MembershipStep.HandOver(String to) -> group.handOver(to);
      case MembershipStep.Settle(List<String> nodes) ->
          CompletableFuture.runAsync(
              () -> settle(dataset.id(), placement, nodes),
              task -> threads.newThread(task).start());
    };
  }

  /** The nodes that live and replicate, this one included. */
  private Map<String, Member> reachable(CatalogView view, GroupStatus status) {
    Map<String, Member> known = new HashMap<>();
    for (Member member : status.members()) {
      if (member.node().equals(node)) {
        known.put(node, member);
      }
    }
    for (NodeRecord record : view.nodes()) {
      if (!record.replication().isEmpty()) {
        known.put(record.node(), new Member(record.node(), HostPort.parse(record.replication())));
      }
    }
    return known;
  }

  /** Those that are away stay where the group knows them. */
  private static List<Member> members(
      List<String> to, Map<String, Member> known, GroupStatus status) {
    Map<String, Member> all = new HashMap<>();
    status.members().forEach(member -> all.put(member.node(), member));
    all.putAll(known);
    return to.stream().flatMap(name -> Optional.ofNullable(all.get(name)).stream()).toList();
  }

  private void settle(String datasetId, ShardPlacement acted, List<String> nodes) {
    CatalogView now = catalog.view();
    Optional<DatasetRecord> dataset = now.datasetById(datasetId);
    if (dataset.isEmpty() || !dataset.get().shards().get(acted.shard()).equals(acted)) {
      return;
    }
    DatasetRecord settled = dataset.get().with(acted.on(nodes));
    long _ = catalog.write(List.of(Change.replace(settled, now.revisionOf(settled.key()))));
  }

  private static void ended(
      String shard, MembershipStep step, Progress progress, @Nullable Throwable failure) {
    if (failure == null) {
      progress.failed = null;
      if (!(step instanceof MembershipStep.Nothing)) {
        log.info("shard follows its placement shard={} step={}", shard, step);
      }
    } else {
      HeddleException known = GrpcErrors.fromStatus(failure);
      if (known.code() == ErrorCode.REVISION_CONFLICT) {
        // Someone else changed the dataset or the members first, as is their right.
        log.debug("step taken back shard={} step={}", shard, step, failure);
      } else if (!step.equals(progress.failed)) {
        progress.failed = step;
        log.warn("step failed: trying again shard={} step={}", shard, step, failure);
      }
    }
    progress.busy.set(false);
  }
}
