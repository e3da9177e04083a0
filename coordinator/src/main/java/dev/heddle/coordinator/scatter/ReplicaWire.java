package dev.heddle.coordinator.scatter;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.KnownSummary;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.ReplicaState;
import dev.heddle.coordinator.scatter.LeafReply.Replica;
import dev.heddle.function.ShardSummary.Bounds;
import dev.heddle.internal.v1.ReadRequirement;
import dev.heddle.internal.v1.ReplicaReport;
import dev.heddle.internal.v1.ReplicaSummary;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.ReplicaRole;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;

/** Replicas, positions and what reads require, between messages and the coordinator's own types. */
public final class ReplicaWire {
  private ReplicaWire() {}

  /** What a node told. */
  public static Replica replica(ReplicaReport report) {
    var replica = report.getReplica();
    return new Replica(
        report.getDatasetId(),
        report.getShard(),
        new ReplicaState(
            replica.getNode(),
            report.getIncarnation(),
            role(replica.getRole()),
            replica.getAvailable(),
            replica.getReason(),
            report.getLeader(),
            replica.getTerm(),
            replica.getApplied(),
            replica.getVisible(),
            replica.getLag(),
            replica.getDocuments(),
            report.getSegments(),
            report.getDeletedRatio(),
            replica.hasProgress()
                ? OptionalDouble.of(replica.getProgress())
                : OptionalDouble.empty(),
            report.getStalenessMicros()),
        report.getQueueLength(),
        report.getServiceMicros());
  }

  /** What a node told, for another coordinator. */
  static ReplicaReport report(Replica replica) {
    var state = replica.state();
    return ReplicaReport.newBuilder()
        .setDatasetId(replica.datasetId())
        .setShard(replica.shard())
        .setIncarnation(state.incarnation())
        .setReplica(replica(state))
        .setLeader(state.leader())
        .setSegments(state.segments())
        .setDeletedRatio(state.deletedRatio())
        .setQueueLength(replica.queueLength())
        .setServiceMicros(replica.serviceMicros())
        .setStalenessMicros(state.stalenessMicros())
        .build();
  }

  /** What a node's replica holds. */
  static KnownSummary summary(ReplicaSummary message) {
    Map<String, Bounds> bounds = new HashMap<>();
    for (var field : message.getBoundsList()) {
      bounds.put(field.getField(), new Bounds(field.getLeast(), field.getGreatest()));
    }
    Map<String, Set<String>> terms = new HashMap<>();
    for (var field : message.getTermsList()) {
      terms.put(field.getField(), Set.copyOf(field.getTermsList()));
    }
    return new KnownSummary(
        message.getNode(),
        message.getShard(),
        message.getPosition().getIncarnation(),
        message.getPosition().getIndex(),
        message.getDocuments(),
        bounds,
        terms);
  }

  private static ReplicaState.Role role(ReplicaRole role) {
    return switch (role) {
      case REPLICA_ROLE_LEADER -> ReplicaState.Role.LEADER;
      case REPLICA_ROLE_FOLLOWER -> ReplicaState.Role.FOLLOWER;
      case REPLICA_ROLE_CANDIDATE -> ReplicaState.Role.CANDIDATE;
      case REPLICA_ROLE_JOINING -> ReplicaState.Role.JOINING;
      case REPLICA_ROLE_UNSPECIFIED, UNRECOGNIZED -> ReplicaState.Role.UNKNOWN;
    };
  }

  private static ReplicaRole role(ReplicaState.Role role) {
    return switch (role) {
      case LEADER -> ReplicaRole.REPLICA_ROLE_LEADER;
      case FOLLOWER -> ReplicaRole.REPLICA_ROLE_FOLLOWER;
      case CANDIDATE -> ReplicaRole.REPLICA_ROLE_CANDIDATE;
      case JOINING -> ReplicaRole.REPLICA_ROLE_JOINING;
      case UNKNOWN -> ReplicaRole.REPLICA_ROLE_UNSPECIFIED;
    };
  }

  /** The replica for clients. */
  public static dev.heddle.v1.Replica replica(ReplicaState state) {
    var message =
        dev.heddle.v1.Replica.newBuilder()
            .setNode(state.node())
            .setRole(role(state.role()))
            .setAvailable(state.available())
            .setReason(state.reason())
            .setTerm(state.term())
            .setApplied(state.applied())
            .setVisible(state.visible())
            .setLag(state.lag())
            .setDocuments(state.documents());
    state.progress().ifPresent(message::setProgress);
    return message.build();
  }

  static dev.heddle.v1.Position position(Position position) {
    return dev.heddle.v1.Position.newBuilder()
        .setShard(position.shard())
        .setIncarnation(position.incarnation())
        .setIndex(position.index())
        .build();
  }

  public static Position position(dev.heddle.v1.Position message) {
    return new Position(message.getShard(), message.getIncarnation(), message.getIndex());
  }

  /**
   * The level that a request names, or {@code otherwise} where it names none.
   *
   * @throws HeddleException INVALID_REQUEST for a level of another version
   */
  public static Reading.Level level(ReadLevel level, Reading.Level otherwise) {
    return switch (level) {
      case READ_LEVEL_UNSPECIFIED -> otherwise;
      case READ_LEVEL_ANY -> Reading.Level.ANY;
      case READ_LEVEL_SESSION -> Reading.Level.SESSION;
      case READ_LEVEL_LINEARIZABLE -> Reading.Level.LINEARIZABLE;
      case UNRECOGNIZED ->
          throw new HeddleException(
              ErrorCode.INVALID_REQUEST,
              "read: unknown (expected: one of any, session, linearizable)");
    };
  }

  /**
   * What a read has to have seen.
   *
   * @param positions of the shards that are read, for a session
   * @param waitNanos that the replica may wait for it at most; 0: up to the deadline
   */
  public static ReadRequirement requirement(
      Reading.Level level, List<Position> positions, long waitNanos) {
    var message =
        ReadRequirement.newBuilder()
            .setLevel(
                switch (level) {
                  case ANY -> ReadLevel.READ_LEVEL_ANY;
                  case SESSION -> ReadLevel.READ_LEVEL_SESSION;
                  case LINEARIZABLE -> ReadLevel.READ_LEVEL_LINEARIZABLE;
                })
            .setWaitMicros(waitNanos == 0 ? 0 : Math.max(1, waitNanos / 1_000));
    positions.forEach(position -> message.addPositions(position(position)));
    return message.build();
  }
}
