package dev.heddle.coordinator;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.coordinator.plan.ReplicaState;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.scatter.ReplicaWire;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.ShardPlacement;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Between the messages of datasets and the catalog's records. */
final class DatasetWire {
  private DatasetWire() {}

  static Schema schema(dev.heddle.v1.Schema message) {
    try {
      return new Schema(
          fields(message.getFieldsList()),
          message.getRankField(),
          message.getRankWeight(),
          message.getDynamic());
    } catch (IllegalArgumentException e) {
      throw new HeddleException(ErrorCode.INVALID_SCHEMA, String.valueOf(e.getMessage()), e);
    }
  }

  static List<Field> fields(List<dev.heddle.v1.Field> messages) {
    return messages.stream().map(DatasetWire::field).toList();
  }

  private static Field field(dev.heddle.v1.Field message) {
    return new Field(
        message.getName(),
        type(message),
        message.getAnalyzer(),
        message.getWeight(),
        message.getMulti());
  }

  private static FieldType type(dev.heddle.v1.Field message) {
    return switch (message.getType()) {
      case FIELD_TYPE_TEXT -> FieldType.TEXT;
      case FIELD_TYPE_KEYWORD -> FieldType.KEYWORD;
      case FIELD_TYPE_LONG -> FieldType.LONG;
      case FIELD_TYPE_DOUBLE -> FieldType.DOUBLE;
      case FIELD_TYPE_DATE -> FieldType.DATE;
      case FIELD_TYPE_GEO_POINT -> FieldType.GEO_POINT;
      case FIELD_TYPE_STORED -> FieldType.STORED;
      case FIELD_TYPE_UNSPECIFIED, UNRECOGNIZED ->
          throw new HeddleException(
              ErrorCode.INVALID_SCHEMA,
              "schema.fields."
                  + message.getName()
                  + ".type: missing (expected: text, keyword, long, double, date, geoPoint or"
                  + " stored)");
    };
  }

  private static dev.heddle.v1.FieldType type(FieldType type) {
    return switch (type) {
      case TEXT -> dev.heddle.v1.FieldType.FIELD_TYPE_TEXT;
      case KEYWORD -> dev.heddle.v1.FieldType.FIELD_TYPE_KEYWORD;
      case LONG -> dev.heddle.v1.FieldType.FIELD_TYPE_LONG;
      case DOUBLE -> dev.heddle.v1.FieldType.FIELD_TYPE_DOUBLE;
      case DATE -> dev.heddle.v1.FieldType.FIELD_TYPE_DATE;
      case GEO_POINT -> dev.heddle.v1.FieldType.FIELD_TYPE_GEO_POINT;
      case STORED -> dev.heddle.v1.FieldType.FIELD_TYPE_STORED;
    };
  }

  /**
   * The dataset with what its leaves tell.
   *
   * @param documents by shard, of the shards that answered
   * @param table of the replicas
   */
  static Dataset dataset(DatasetRecord record, Map<Integer, Long> documents, ReplicaTable table) {
    var schema =
        dev.heddle.v1.Schema.newBuilder()
            .setRankField(record.schema().rankField())
            .setRankWeight(record.schema().rankWeight())
            .setDynamic(record.schema().dynamic());
    for (var field : record.schema().fields()) {
      schema.addFields(
          dev.heddle.v1.Field.newBuilder()
              .setName(field.name())
              .setType(type(field.type()))
              .setAnalyzer(field.analyzer())
              .setWeight(field.weight())
              .setMulti(field.multi()));
    }
    var message =
        Dataset.newBuilder()
            .setName(record.name())
            .setId(record.id())
            .setSchema(schema)
            .setReplicas(record.replicas())
            .setSchemaVersion(record.schemaVersion())
            .setCreatedAt(record.createdAt().toString());
    long total = 0;
    for (var placement : record.shards()) {
      Long count = documents.get(placement.shard());
      total += count == null ? 0 : count;
      message.addShards(shard(record, placement, count, table));
    }
    return message.setDocuments(total).build();
  }

  private static ShardPlacement shard(
      DatasetRecord record,
      dev.heddle.catalog.ShardPlacement placement,
      @Nullable Long documents,
      ReplicaTable table) {
    var shard =
        ShardPlacement.newBuilder()
            .setShard(placement.shard())
            .setGeneration(placement.generation())
            .addAllNodes(placement.nodes())
            .setDocuments(documents == null ? 0 : documents);
    placement.joining().ifPresent(shard::addJoining);
    placement.leaving().ifPresent(shard::addLeaving);
    boolean available = documents != null;
    for (var replica : table.replicas(record.id(), placement.shard())) {
      if (replica.incarnation().equals(placement.incarnation())) {
        shard.addReplicas(ReplicaWire.replica(replica));
        available |= replica.available() && placement.nodes().contains(replica.node());
      }
    }
    return shard.setAvailable(available).build();
  }

  /**
   * Documents by shard as the table has them, of the replica that is furthest ahead; of shards with
   * a replica that can be read.
   */
  static Map<Integer, Long> documents(DatasetRecord record, ReplicaTable table) {
    Map<Integer, Long> documents = new HashMap<>();
    for (var placement : record.shards()) {
      table.replicas(record.id(), placement.shard()).stream()
          .filter(ReplicaState::available)
          .max(Comparator.comparingLong(ReplicaState::visible))
          .ifPresent(ahead -> documents.put(placement.shard(), ahead.documents()));
    }
    return documents;
  }
}
