package dev.heddle.shard;

import java.util.List;

/**
 * A batch that is durable.
 *
 * @param index position of the shard's last accepted operation in the batch, or where it stood
 * @param incarnation of the shard that the index belongs to
 * @param deleted of the batch's deletes, how many found their document
 */
public record WriteResult(
    long index, String incarnation, List<OperationError> errors, int deleted) {
  public WriteResult {
    errors = List.copyOf(errors);
  }
}
