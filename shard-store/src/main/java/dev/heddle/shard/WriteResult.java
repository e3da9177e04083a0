package dev.heddle.shard;

import java.util.List;

/**
 * A batch that a majority of the replicas has on disk.
 *
 * @param index position of the batch in the shard's log
 * @param incarnation of the shard that the index belongs to
 * @param results one each for the operations that were done
 * @param errors one each for the others
 */
public record WriteResult(
    long index, String incarnation, List<OperationResult> results, List<OperationError> errors) {
  public WriteResult {
    results = List.copyOf(results);
    errors = List.copyOf(errors);
  }
}
