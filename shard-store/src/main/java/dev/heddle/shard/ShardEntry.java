package dev.heddle.shard;

import dev.heddle.catalog.Schema;
import java.util.ArrayList;
import java.util.List;

/** An entry of a shard's log. */
sealed interface ShardEntry {
  /**
   * What one request came to.
   *
   * @param writtenMillis by the leader's clock
   * @param outcomes a letter for each operation: {@link #PUT}, {@link #DELETED}, {@link #NOTHING},
   *     {@link #ERROR}
   */
  record Changes(
      RequestId request,
      long writtenMillis,
      List<Change> changes,
      byte[] outcomes,
      List<OperationError> errors)
      implements ShardEntry {
    static final byte PUT = 'p';
    static final byte DELETED = 'd';
    static final byte NOTHING = 'n';
    static final byte ERROR = 'e';

    /** What the requester is told once the entry stands at {@code index}. */
    WriteResult result(long index, String incarnation) {
      return result(index, incarnation, outcomes, errors);
    }

    static WriteResult result(
        long index, String incarnation, byte[] outcomes, List<OperationError> errors) {
      List<OperationResult> results = new ArrayList<>(outcomes.length);
      for (int i = 0; i < outcomes.length; i++) {
        switch (outcomes[i]) {
          case PUT -> results.add(new OperationResult(i, index, false));
          case DELETED -> results.add(new OperationResult(i, 0, true));
          case NOTHING -> results.add(new OperationResult(i, 0, false));
          default -> {
            // Stands among the errors.
          }
        }
      }
      return new WriteResult(index, incarnation, results, errors);
    }
  }

  /** From here on documents are read by this schema. */
  record SchemaChange(long version, Schema schema) implements ShardEntry {}
}
