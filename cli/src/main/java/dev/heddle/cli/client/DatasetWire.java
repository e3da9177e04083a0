package dev.heddle.cli.client;

import dev.heddle.v1.Dataset;
import dev.heddle.v1.Replica;
import dev.heddle.v1.ReplicaRole;
import dev.heddle.v1.ShardPlacement;
import java.util.Optional;

/** A dataset's message as our records. */
final class DatasetWire {
  private DatasetWire() {}

  static DatasetInfo info(Dataset dataset) {
    return new DatasetInfo(
        dataset.getName(),
        dataset.getId(),
        SchemaWire.toJson(dataset.getSchema()),
        dataset.getSchemaVersion(),
        dataset.getReplicas(),
        dataset.getShardsList().stream().map(DatasetWire::shard).toList(),
        dataset.getDocuments(),
        dataset.getCreatedAt());
  }

  private static ShardInfo shard(ShardPlacement shard) {
    return new ShardInfo(
        shard.getShard(),
        shard.getGeneration(),
        shard.getNodesList(),
        shard.getJoiningList(),
        shard.getLeavingList(),
        shard.getDocuments(),
        shard.getAvailable(),
        shard.getReplicasList().stream().map(DatasetWire::replica).toList());
  }

  private static ReplicaInfo replica(Replica replica) {
    return new ReplicaInfo(
        replica.getNode(),
        role(replica.getRole()),
        replica.getAvailable(),
        replica.getReason(),
        replica.getTerm(),
        replica.getApplied(),
        replica.getVisible(),
        replica.getLag(),
        replica.getDocuments(),
        replica.hasProgress() ? Optional.of(replica.getProgress()) : Optional.empty());
  }

  private static String role(ReplicaRole role) {
    return switch (role) {
      case REPLICA_ROLE_LEADER -> "leader";
      case REPLICA_ROLE_FOLLOWER -> "follower";
      case REPLICA_ROLE_CANDIDATE -> "candidate";
      case REPLICA_ROLE_JOINING -> "joining";
      case REPLICA_ROLE_UNSPECIFIED, UNRECOGNIZED -> "unknown";
    };
  }
}
