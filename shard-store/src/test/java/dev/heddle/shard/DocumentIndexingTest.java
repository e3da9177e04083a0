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
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentIndexingTest {
  private static final Schema SCHEMA =
      Schema.of(
          List.of(
              Field.text("title", "english", 1),
              Field.of("type", FieldType.KEYWORD, false),
              Field.of("kinds", FieldType.KEYWORD, true),
              Field.of("size", FieldType.LONG, false),
              Field.of("price", FieldType.DOUBLE, false),
              Field.of("born", FieldType.DATE, false),
              Field.of("place", FieldType.GEO_POINT, false),
              Field.of("places", FieldType.GEO_POINT, true),
              Field.of("extra", FieldType.STORED, false)));

  @TempDir Path directory;
  private LocalShards shards;

  @BeforeEach
  void open() throws IOException {
    shards = new LocalShards(directory, SCHEMA, 1);
  }

  @AfterEach
  void close() throws IOException {
    shards.close();
  }

  @Test
  void everyTypeIsAccepted() {
    accepted("{}");
    accepted("{\"title\":null,\"size\":null,\"kinds\":null,\"places\":null}");
    accepted("{\"title\":\"x\",\"type\":\"a\",\"kinds\":[\"a\",\"b\"],\"size\":-7,\"price\":3}");
    accepted(
        "{\"type\":true,\"kinds\":\"single\",\"price\":1.5e10,\"kinds\":[]}"
            .replace(",\"kinds\":[]", ""));
    accepted("{\"born\":\"1879-03-14\"}");
    accepted("{\"born\":\"-0044-03-15\"}");
    accepted("{\"born\":\"2020-01-01T12:00:00Z\"}");
    accepted("{\"born\":\"2020-01-01T12:00:00.123+02:00\"}");
    accepted("{\"place\":{\"lat\":48.1,\"lon\":11}}");
    accepted("{\"place\":[11,48.1]}");
    accepted("{\"places\":[[11,48.1],{\"lon\":1,\"lat\":2}]}");
    accepted("{\"places\":[11,48.1]}");
    accepted("{\"places\":[]}");
    accepted("{\"extra\":{\"any\":[1,{\"thing\":null}]}}");
  }

  @Test
  void messagesNameFieldAndValueAndWhatWasExpected() {
    refused(
        "UNKNOWN_FIELD field: colour (expected: one of born, extra, kinds, place, places,"
            + " price, size, title, type)",
        "{\"colour\":1}");
    refused("TYPE_MISMATCH title: 7 (expected: a string)", "{\"title\":7}");
    refused(
        "TYPE_MISMATCH title: an array (expected: a single text, or multi in the schema)",
        "{\"title\":[\"a\"]}");
    refused("TYPE_MISMATCH kinds: null (expected: a string)", "{\"kinds\":[null]}");
    refused("TYPE_MISMATCH size: 1.5 (expected: an integer)", "{\"size\":1.5}");
    refused("TYPE_MISMATCH size: \"7\" (expected: an integer)", "{\"size\":\"7\"}");
    refused(
        "OUT_OF_RANGE size: 9223372036854775808 (expected:"
            + " -9223372036854775808..9223372036854775807)",
        "{\"size\":9223372036854775808}");
    refused("OUT_OF_RANGE price: 1e999 (expected: a finite double)", "{\"price\":1e999}");
    refused(
        "TYPE_MISMATCH born: \"yesterday\" (expected: an ISO-8601 date or instant)",
        "{\"born\":\"yesterday\"}");
    refused(
        "OUT_OF_RANGE place: lat 91.0, lon 0.0 (expected: lat -90..90, lon -180..180)",
        "{\"place\":[0,91]}");
    refused(
        "TYPE_MISMATCH place: \"z\" (expected: {\"lat\": degrees, \"lon\": degrees} or [lon, lat])",
        "{\"place\":{\"lat\":1,\"lon\":2,\"z\":3}}");
    refused(
        "TYPE_MISMATCH place: an array (expected: a single geoPoint, or multi in the schema)",
        "{\"place\":[[1,2]]}");
    refused(
        "TOO_LARGE type: 9000 bytes (expected: at most 8191)",
        "{\"type\":\"" + "x".repeat(9_000) + "\"}");
    refused("INVALID_DOCUMENT size: given twice (expected: once)", "{\"size\":1,\"size\":2}");
  }

  @Test
  void whatIsNotAJsonObjectIsRefused() {
    refused("INVALID_DOCUMENT document: an array (expected: a JSON object)", "[]");
    refused("INVALID_DOCUMENT document: nothing (expected: a JSON object)", "");
    refused("MALFORMED_JSON document: more after its end (expected: one JSON object)", "{} {}");
    assertTrue(shards.put("1", "{\"size\":").startsWith("MALFORMED_JSON document: "));
    assertTrue(shards.put("1", "{size:1}").startsWith("MALFORMED_JSON document: "));
    refused(
        "TOO_LARGE document: 491533 bytes (expected: at most 480KiB)",
        "{\"extra\":\"" + "x".repeat((480 << 10) + 1) + "\"}");
  }

  @Test
  void idsHaveALength() {
    assertEquals(
        "INVALID_DOCUMENT id: 0 bytes (expected: 1..512 bytes in UTF-8)", shards.put("", "{}"));
    assertEquals("", shards.put("x".repeat(512), "{}"));
    assertEquals(
        "INVALID_DOCUMENT id: 513 bytes (expected: 1..512 bytes in UTF-8)",
        shards.put("x".repeat(513), "{}"));
    assertEquals(
        "INVALID_DOCUMENT id: 513 bytes (expected: 1..512 bytes in UTF-8)",
        shards.delete("x".repeat(513)));
  }

  @Test
  void idsAreUnicode() {
    String half = "x\ud83c";
    for (String refusal : List.of(shards.put(half, "{}"), shards.delete(half))) {
      assertEquals("INVALID_DOCUMENT id: half a surrogate pair in it (expected: Unicode)", refusal);
    }
    assertEquals("", shards.put("x\ud83c\udf4e", "{}"));
  }

  @Test
  void otherFieldsAreKeptWhereTheSchemaIsDynamic() throws IOException {
    Schema dynamic = new Schema(SCHEMA.fields(), "", 0, true);
    try (LocalShards others = new LocalShards(directory.resolve("dynamic"), dynamic, 1)) {
      String json = "{\"colour\":{\"deep\":[1,{\"er\":null}]},\"size\":7,\"other\":[[]]}";
      assertEquals("", others.put("1", json));
      assertEquals(
          json, new String(others.shard(0).get("1").orElseThrow().json(), StandardCharsets.UTF_8));
      assertEquals(
          "TYPE_MISMATCH size: \"x\" (expected: an integer)",
          others.put("1", "{\"colour\":1,\"size\":\"x\"}"));
      assertEquals(
          "INVALID_DOCUMENT colour: given twice (expected: once)",
          others.put("1", "{\"colour\":1,\"colour\":2}"));
      others.refresh();
      try (ShardReader reader = others.open(new Query.All())) {
        assertThrows(BadRequestException.class, () -> reader.count(new Query.Term("colour", "1")));
      }
    }
  }

  private void accepted(String json) {
    assertEquals("", shards.put("1", json), json);
  }

  private void refused(String error, String json) {
    assertEquals(error, shards.put("1", json), json);
  }
}
