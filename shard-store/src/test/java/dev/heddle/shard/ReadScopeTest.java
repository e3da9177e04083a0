package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.Schema;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class ReadScopeTest {
  private final Map<TermKey, TermFigures> terms = new HashMap<>();
  private final ReadScope scope =
      new ReadScope(
          new StatisticsSnapshot() {
            @Override
            public Optional<FieldFigures> field(String field) {
              return Optional.of(new FieldFigures(100, 1_000, 1_000));
            }

            @Override
            public Optional<TermFigures> term(TermKey term) {
              return Optional.ofNullable(terms.get(term));
            }
          },
          () -> false,
          new ShardMeter());

  private static SchemaFields fields(String name) {
    return new SchemaFields(Schema.of(List.of(Field.text(name, "standard", 1))));
  }

  private static Query match(String field) {
    return new Query.Match("shuttle", List.of(field), false);
  }

  @Test
  void shardsWithEqualSchemasShareOneTranslation() {
    terms.put(new TermKey("title", "shuttle"), new TermFigures(3, 3));
    var query = match("title");
    var first = scope.translate(query, fields("title"));
    assertTrue(first.complete());
    assertSame(first, scope.translate(query, fields("title")));
    assertNotSame(first, scope.translate(match("title"), fields("title")));
  }

  @Test
  void aShardWithAnotherSchemaGetsItsOwn() {
    terms.put(new TermKey("title", "shuttle"), new TermFigures(3, 3));
    var query = match("title");
    scope.translate(query, fields("title"));
    assertThrows(BadRequestException.class, () -> scope.translate(query, fields("name")));
  }

  @Test
  void whatLacksFiguresIsTranslatedAgainOnceTheyAreLearnt() {
    var query = match("title");
    var schema = fields("title");
    var before = scope.translate(query, schema);
    assertFalse(before.complete());
    terms.put(new TermKey("title", "shuttle"), new TermFigures(3, 3));
    var after = scope.translate(query, schema);
    assertTrue(after.complete());
    assertEquals(1, before.missingTerms().size());
    assertTrue(after.ceiling() > 0);
  }
}
