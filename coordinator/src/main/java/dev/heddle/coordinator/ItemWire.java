package dev.heddle.coordinator;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.BulkError;
import dev.heddle.v1.BulkItem;
import java.util.Optional;

/** Single writes and what becomes of them. */
final class ItemWire {
  private static final int MOST_ID_BYTES = 512;

  private ItemWire() {}

  /** Why a write cannot be taken, whatever its document and schema; empty: it can. */
  static Optional<HeddleException> wrong(BulkItem item, DataSize maxDocument) {
    int id = item.getIdBytes().size();
    if (id == 0 || id > MOST_ID_BYTES) {
      return Optional.of(
          new HeddleException(
              ErrorCode.INVALID_DOCUMENT,
              "id: " + id + " bytes (expected: 1.." + MOST_ID_BYTES + " bytes in UTF-8)"));
    }
    return switch (item.getOperationCase()) {
      case PUT_JSON -> large(item, "document", item.getPutJson().size(), maxDocument);
      case PATCH_JSON -> large(item, "patch of document", item.getPatchJson().size(), maxDocument);
      case DELETE -> item.getDelete() ? Optional.empty() : Optional.of(noOperation(item));
      case OPERATION_NOT_SET -> Optional.of(noOperation(item));
    };
  }

  /** Throws what {@link #wrong} finds. */
  static BulkItem checked(BulkItem item, DataSize maxDocument) {
    var wrong = wrong(item, maxDocument);
    if (wrong.isPresent()) {
      throw wrong.get();
    }
    return item;
  }

  private static Optional<HeddleException> large(
      BulkItem item, String what, int bytes, DataSize most) {
    return bytes <= most.bytes()
        ? Optional.empty()
        : Optional.of(
            new HeddleException(
                ErrorCode.TOO_LARGE,
                what
                    + " "
                    + item.getId()
                    + ": "
                    + bytes
                    + " bytes (expected: at most "
                    + most
                    + ")"));
  }

  private static HeddleException noOperation(BulkItem item) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "operation on " + item.getId() + ": none (expected: a put, a patch or a delete)");
  }

  /** What became of an item, by its place in the request. */
  static BulkError error(int index, String id, HeddleException cause) {
    return BulkError.newBuilder()
        .setIndex(index)
        .setId(id)
        .setCode(cause.code().number())
        .setName(cause.code().name())
        .setMessage(String.valueOf(cause.getMessage()))
        .build();
  }

  static HeddleException failure(BulkError error) {
    return new HeddleException(
        ErrorCode.of(error.getCode()).orElse(ErrorCode.INTERNAL), error.getMessage());
  }
}
