package dev.heddle.aggregations;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Shard;
import dev.heddle.function.Shard.FieldKind;
import java.util.ArrayList;
import java.util.Locale;

/** Holds the fields of a request against what they are. */
final class FieldKinds {
  private FieldKinds() {}

  static FieldKind expect(String what, Shard shard, String field, FieldKind... kinds) {
    var kind = shard.kind(field);
    var expected = new ArrayList<String>(kinds.length);
    for (var candidate : kinds) {
      if (kind == candidate) {
        return kind;
      }
      expected.add(word(candidate));
    }
    throw new BadRequestException(
        "%s: %s is a %s field (expected: %s)"
            .formatted(what, field, word(kind), String.join(", ", expected)));
  }

  static FieldKind expectNumber(String what, Shard shard, String field) {
    return expect(what, shard, field, FieldKind.LONG, FieldKind.DOUBLE, FieldKind.DATE);
  }

  private static String word(FieldKind kind) {
    return kind == FieldKind.GEO_POINT ? "geoPoint" : kind.name().toLowerCase(Locale.ROOT);
  }
}
