package dev.heddle.aggregations;

import dev.heddle.function.Shard.KeywordValues;
import dev.heddle.function.Shard.Segment;
import org.jspecify.annotations.Nullable;

/** The ordinals of a keyword field, which hold within a segment only. */
final class TermKeys extends BucketKeys {
  private final String field;
  private @Nullable KeywordValues values;

  TermKeys(String field) {
    this.field = field;
  }

  @Override
  void enter(Segment segment) {
    values = segment.keywords(field);
  }

  /** Of the segment that was entered last. */
  KeywordValues values() {
    var entered = values;
    if (entered == null) {
      throw new IllegalStateException("no segment entered");
    }
    return entered;
  }

  @Override
  int read(int document) {
    var entered = values();
    if (!entered.advance(document)) {
      return 0;
    }
    int count = entered.count();
    room(count);
    for (int i = 0; i < count; i++) {
      keys[i] = entered.next();
    }
    return count;
  }
}
