package dev.heddle.shard;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.internal.v1.ShardChange;
import dev.heddle.internal.v1.ShardChanges;
import dev.heddle.internal.v1.ShardSchema;
import dev.heddle.process.ErrorCode;
import dev.heddle.v1.BulkError;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/** Entries of a shard's log as bytes. */
final class ShardEntryWire {
  private ShardEntryWire() {}

  static byte[] encode(ShardEntry entry) {
    return switch (entry) {
      case ShardEntry.Changes changes -> encode(changes);
      case ShardEntry.SchemaChange schema ->
          dev.heddle.internal.v1.ShardEntry.newBuilder()
              .setSchema(
                  ShardSchema.newBuilder()
                      .setVersion(schema.version())
                      .setSchemaJson(StoredSchema.write(schema.schema())))
              .build()
              .toByteArray();
    };
  }

  private static byte[] encode(ShardEntry.Changes entry) {
    ShardChanges.Builder changes =
        ShardChanges.newBuilder()
            .setClientId(uuid(entry.request().client()))
            .setCallId(entry.request().call())
            .setWrittenMillis(entry.writtenMillis())
            .setOutcomes(UnsafeByteOperations.unsafeWrap(entry.outcomes()));
    for (Change change : entry.changes()) {
      ShardChange.Builder one = ShardChange.newBuilder().setId(change.id());
      byte[] json = change.json();
      if (json != null) {
        one.setJson(UnsafeByteOperations.unsafeWrap(json));
      }
      changes.addChanges(one);
    }
    for (OperationError error : entry.errors()) {
      changes.addErrors(error(error));
    }
    return dev.heddle.internal.v1.ShardEntry.newBuilder().setChanges(changes).build().toByteArray();
  }

  static BulkError error(OperationError error) {
    return BulkError.newBuilder()
        .setIndex(error.index())
        .setId(error.id())
        .setCode(error.code().number())
        .setName(error.code().name())
        .setMessage(error.message())
        .build();
  }

  static ShardEntry decode(byte[] bytes) throws IOException {
    dev.heddle.internal.v1.ShardEntry entry;
    try {
      entry = dev.heddle.internal.v1.ShardEntry.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new IOException("entry of the log: " + e.getMessage() + " (expected: a known form)", e);
    }
    return switch (entry.getKindCase()) {
      case CHANGES -> decode(entry.getChanges());
      case SCHEMA ->
          new ShardEntry.SchemaChange(
              entry.getSchema().getVersion(), StoredSchema.read(entry.getSchema().getSchemaJson()));
      case KIND_NOT_SET ->
          throw new IOException("entry of the log: empty (expected: a known form)");
    };
  }

  private static ShardEntry decode(ShardChanges entry) throws IOException {
    List<Change> changes = new ArrayList<>(entry.getChangesCount());
    for (ShardChange change : entry.getChangesList()) {
      changes.add(
          new Change(change.getId(), change.hasJson() ? change.getJson().toByteArray() : null));
    }
    List<OperationError> errors = new ArrayList<>(entry.getErrorsCount());
    for (BulkError error : entry.getErrorsList()) {
      errors.add(
          new OperationError(
              error.getIndex(),
              error.getId(),
              ErrorCode.of(error.getCode()).orElse(ErrorCode.INTERNAL),
              error.getMessage()));
    }
    return new ShardEntry.Changes(
        new RequestId(uuid(entry.getClientId()), entry.getCallId()),
        entry.getWrittenMillis(),
        changes,
        entry.getOutcomes().toByteArray(),
        errors);
  }

  private static ByteString uuid(UUID id) {
    ByteBuffer bytes = ByteBuffer.allocate(2 * Long.BYTES);
    bytes.putLong(id.getMostSignificantBits()).putLong(id.getLeastSignificantBits()).flip();
    return ByteString.copyFrom(bytes);
  }

  private static UUID uuid(ByteString bytes) throws IOException {
    if (bytes.size() != 2 * Long.BYTES) {
      throw new IOException("client: " + bytes.size() + " bytes (expected: 16)");
    }
    ByteBuffer buffer = bytes.asReadOnlyByteBuffer();
    return new UUID(buffer.getLong(), buffer.getLong());
  }
}
