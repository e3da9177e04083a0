package dev.heddle.catalog;

import dev.heddle.catalog.CatalogMembersGrpcClient.Joined;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Member;
import dev.heddle.replication.ReplicatedGroup;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells nodes what they are to the cluster. Only a leader that a majority has just confirmed can:
 * on its word members throw a log away, or begin without one. Blocks; safe for any thread.
 */
final class Admission {
  private static final Logger log = LoggerFactory.getLogger(Admission.class);

  private final CatalogConfig.Replication config;
  private final String node;
  private final CatalogMember member;
  private final CatalogMembersGrpcClient others;

  Admission(
      CatalogConfig.Replication config,
      String node,
      CatalogMember member,
      CatalogMembersGrpcClient others) {
    this.config = config;
    this.node = node;
    this.member = member;
    this.others = others;
  }

  /**
   * @param cluster that this node belongs to
   * @param other node that asks
   * @param empty whether it has no log
   */
  Joined of(UUID cluster, String other, boolean empty) {
    Optional<GroupStatus> confirmed = confirmed();
    if (confirmed.isEmpty()) {
      return new Joined(cluster, Optional.empty(), false, List.of());
    }
    GroupStatus status = confirmed.get();
    boolean voter = status.members().stream().anyMatch(one -> one.node().equals(other));
    boolean admitted = empty && (!voter || dispensable(other, status));
    if (empty && voter) {
      log.warn("a voter has lost its log node={} admitted={}", other, admitted);
    }
    return new Joined(
        cluster, Optional.of(voter), admitted, admitted && voter ? status.members() : List.of());
  }

  /** What is so for a majority; empty where this node does not lead, or cannot be sure. */
  private Optional<GroupStatus> confirmed() {
    Optional<ReplicatedGroup> group = member.group();
    if (group.isEmpty() || !group.get().status().leading()) {
      return Optional.empty();
    }
    try {
      long _ = group.get().barrier().get(config.callTimeout().toNanos() / 4, TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.debug("no majority confirms", e);
      return Optional.empty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Optional.empty();
    }
    GroupStatus status = group.get().status();
    // A change of members that is still under way may yet be undone.
    return status.leading() && status.committed() == status.last()
        ? Optional.of(status)
        : Optional.empty();
  }

  /**
   * Whether all other voters have everything that was acknowledged, and follow this leader: what a
   * voter has lost, its vote included, does not count then.
   */
  private boolean dispensable(String voter, GroupStatus status) {
    for (Member one : status.members()) {
      if (one.node().equals(voter) || one.node().equals(node)) {
        continue;
      }
      Optional<String> address =
          member.state().flatMap(state -> state.node(one.node())).map(NodeRecord::internal);
      if (address.isEmpty() || !follows(address.get(), status)) {
        return false;
      }
    }
    return true;
  }

  private boolean follows(String address, GroupStatus status) {
    try {
      CatalogMembers seen = others.members(address);
      return seen.term() == status.term() && seen.applied() >= status.committed();
    } catch (HeddleException e) {
      log.debug("no answer address={}", address, e);
      return false;
    }
  }
}
