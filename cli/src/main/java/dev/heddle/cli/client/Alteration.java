package dev.heddle.cli.client;

import java.util.List;
import java.util.Optional;

/**
 * What is to change in a dataset.
 *
 * @param addFields new fields
 * @param replicas copies wanted of each shard; empty: as before
 * @param dynamic whether documents may have fields that the schema lacks; empty: as before
 */
public record Alteration(
    List<FieldSpec> addFields, Optional<Integer> replicas, Optional<Boolean> dynamic) {
  public Alteration {
    addFields = List.copyOf(addFields);
  }

  /** Whether nothing would change. */
  public boolean empty() {
    return addFields.isEmpty() && replicas.isEmpty() && dynamic.isEmpty();
  }
}
