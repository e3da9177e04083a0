package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.Schema;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Schemas that come with the log. */
class SchemaChangeTest {
  private static final Schema FIRST =
      new Schema(List.of(Field.of("type", FieldType.KEYWORD, false)), "", 0, false);
  private static final Schema SECOND = with(FIRST, false);
  private static final Schema LAX = new Schema(FIRST.fields(), "", 0, true);

  @TempDir Path directory;

  @Test
  void afterTheEntryTheNewFieldIsTaken() throws IOException {
    try (LocalShards shards = new LocalShards(directory, FIRST, 1)) {
      LocalShard shard = shards.shard(0);
      change(shard, 1, FIRST);
      assertEquals(1, shard.schemaVersion());
      assertEquals(
          "UNKNOWN_FIELD field: colour (expected: one of type)",
          shards.put("1", "{\"colour\":\"red\"}"));
      change(shard, 2, SECOND);
      assertEquals(2, shard.schemaVersion());
      assertEquals("", shards.put("1", "{\"colour\":\"red\"}"));
      assertEquals(List.of("1"), found(shards, "red"));
      // An older one that comes late changes nothing.
      change(shard, 1, FIRST);
      assertEquals(2, shard.schemaVersion());
      assertEquals("", shards.put("2", "{\"colour\":\"red\"}"));
      shard.commit();
    }
    // The commit has it, whatever the catalog said then.
    try (LocalShards shards = new LocalShards(directory, FIRST, 1)) {
      assertEquals(2, shards.shard(0).schemaVersion());
      assertEquals(List.of("1", "2"), found(shards, "red"));
      assertEquals("", shards.put("3", "{\"colour\":\"red\"}"));
    }
  }

  @Test
  void theCatalogsSchemaIsKnownToSearchesFirst() throws IOException {
    try (LocalShards shards = new LocalShards(directory, FIRST, 1)) {
      LocalShard shard = shards.shard(0);
      change(shard, 1, FIRST);
      shards.put("1", "{\"type\":\"a\"}");
      assertThrows(BadRequestException.class, () -> found(shards, "red"));
      shard.know(2, SECOND);
      assertEquals(List.of(), found(shards, "red"));
      assertEquals(
          "UNKNOWN_FIELD field: colour (expected: one of type)",
          shards.put("2", "{\"colour\":\"red\"}"),
          "what is written goes by the log");
      change(shard, 2, SECOND);
      shard.know(1, FIRST);
      shards.put("2", "{\"colour\":\"red\"}");
      assertEquals(List.of("2"), found(shards, "red"));
    }
  }

  @Test
  void whatADynamicSchemaTookIsIndexedOnceItIsWrittenAgain() throws IOException {
    try (LocalShards shards = new LocalShards(directory, LAX, 1)) {
      LocalShard shard = shards.shard(0);
      change(shard, 1, LAX);
      assertEquals("", shards.put("1", "{\"colour\":\"red\",\"other\":7}"));
      change(shard, 2, with(LAX, true));
      assertEquals("", shards.put("2", "{\"colour\":\"red\"}"));
      assertEquals(List.of("2"), found(shards, "red"));
      assertEquals(
          List.of(),
          shards
              .write(
                  shard,
                  List.of(
                      new Operation.Patch(
                          "1",
                          "{\"type\":\"x\"}".getBytes(StandardCharsets.UTF_8),
                          java.util.OptionalLong.empty())))
              .errors());
      assertEquals(List.of("1", "2"), found(shards, "red"));
    }
  }

  @Test
  void aBatchIsReadByOneSchema() throws IOException {
    try (LocalShards shards = new LocalShards(directory, FIRST, 1)) {
      LocalShard shard = shards.shard(0);
      change(shard, 1, FIRST);
      Decision before = Decision.prepare(shard, List.of(new Operation.Delete("x")));
      change(shard, 2, SECOND);
      assertEquals(1, before.schemaVersion());
      assertEquals(2, Decision.prepare(shard, List.of(new Operation.Delete("x"))).schemaVersion());
    }
  }

  @Test
  void aSchemaComesBackFromTheLogAsItWas() throws IOException {
    ShardEntry entry = new ShardEntry.SchemaChange(9, Things.SCHEMA);
    assertEquals(entry, ShardEntryWire.decode(ShardEntryWire.encode(entry)));
    for (byte[] nonsense : List.of(new byte[0], new byte[] {1, 2, 3})) {
      IOException refused = assertThrows(IOException.class, () -> ShardEntryWire.decode(nonsense));
      assertTrue(String.valueOf(refused.getMessage()).startsWith("entry of the log: "));
    }
  }

  private static void change(LocalShard shard, long version, Schema schema) throws IOException {
    shard.apply(LocalShards.next(shard), new ShardEntry.SchemaChange(version, schema), null);
  }

  private static Schema with(Schema schema, boolean dynamic) {
    List<Field> fields = new ArrayList<>(schema.fields());
    fields.add(Field.of("colour", FieldType.KEYWORD, false));
    return new Schema(fields, "", 0, dynamic);
  }

  private static List<String> found(LocalShards shards, String colour) throws IOException {
    shards.refresh();
    Query query = new Query.Term("colour", colour);
    try (ShardReader reader = shards.open(query)) {
      return reader.search(query, List.of(), 10, 0).documents().stream()
          .map(found -> found.id())
          .sorted()
          .toList();
    }
  }
}
