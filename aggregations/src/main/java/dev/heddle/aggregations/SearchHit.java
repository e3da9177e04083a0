package dev.heddle.aggregations;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One of the best documents of an answer.
 *
 * @param score NaN where the order did not need it
 * @param json the requested stored fields, a JSON object in UTF-8
 * @param highlights fragments by field: escaped HTML with the matches inside {@code <em>}
 * @param sortValues by the sort's keys: Long, Double, String or {@code TopDocument.MISSING}; empty
 *     for the order by score
 */
public record SearchHit(
    String id,
    float score,
    int shard,
    byte[] json,
    Map<String, List<String>> highlights,
    List<Object> sortValues) {

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof SearchHit hit
        && id.equals(hit.id)
        && Float.compare(score, hit.score) == 0
        && shard == hit.shard
        && Arrays.equals(json, hit.json)
        && highlights.equals(hit.highlights)
        && sortValues.equals(hit.sortValues);
  }

  @Override
  public int hashCode() {
    return 31 * id.hashCode() + shard;
  }
}
