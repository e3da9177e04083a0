package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class RecordsTest {
  private static void refused(ErrorCode code, String message, Executable what) {
    HeddleException failure = assertThrows(HeddleException.class, what);
    assertSame(code, failure.code());
    assertTrue(failure.getMessage().contains(message), failure.getMessage());
  }

  @Test
  void fieldsAreChecked() {
    for (String name : List.of("", "_id", "1a", "a-b", "a b", "x".repeat(65))) {
      refused(ErrorCode.INVALID_SCHEMA, "field: ", () -> Field.of(name, FieldType.LONG, false));
    }
    refused(ErrorCode.INVALID_SCHEMA, "german", () -> Field.text("a", "german", 1));
    refused(ErrorCode.INVALID_SCHEMA, "weight", () -> Field.text("a", "simple", -1));
    refused(ErrorCode.INVALID_SCHEMA, "weight", () -> Field.text("a", "simple", Double.NaN));
    refused(
        ErrorCode.INVALID_SCHEMA,
        "analyzer",
        () -> new Field("a", FieldType.LONG, "simple", 0, false));
    refused(ErrorCode.INVALID_SCHEMA, "weight", () -> new Field("a", FieldType.LONG, "", 1, false));
    assertEquals("standard", Field.text("a", "", 1).analyzer());
  }

  @Test
  void schemasAreChecked() {
    Field text = Field.text("a", "", 1);
    refused(ErrorCode.INVALID_SCHEMA, "fields: 0", () -> Schema.of(List.of()));
    refused(ErrorCode.INVALID_SCHEMA, "twice", () -> Schema.of(List.of(text, text)));
    refused(ErrorCode.INVALID_SCHEMA, "rank", () -> new Schema(List.of(text), "a", 1, false));
    refused(ErrorCode.INVALID_SCHEMA, "rank", () -> new Schema(List.of(text), "b", 1, false));
    refused(
        ErrorCode.INVALID_SCHEMA, "rank weight", () -> new Schema(List.of(text), "", -1, false));
    List<Field> many = new ArrayList<>();
    for (int i = 0; i <= Schema.MOST_FIELDS; i++) {
      many.add(Field.of("f" + i, FieldType.LONG, false));
    }
    refused(ErrorCode.INVALID_SCHEMA, "fields: 201", () -> Schema.of(many));
    assertEquals(
        List.of("title"), Records.SCHEMA.defaultTextFields().stream().map(Field::name).toList());
    assertTrue(Records.SCHEMA.field("tags").orElseThrow().multi());
    assertTrue(Records.SCHEMA.field("none").isEmpty());
  }

  @Test
  void datasetsAreChecked() {
    DatasetRecord valid = Records.dataset("default", "d", 3);
    refused(ErrorCode.OUT_OF_RANGE, "shards: 0", () -> Records.dataset("default", "d", 0));
    refused(ErrorCode.OUT_OF_RANGE, "0..1023", () -> Records.dataset("default", "d", 1025));
    refused(ErrorCode.INVALID_REQUEST, "dataset: a/b", () -> Records.dataset("t", "a/b", 1));
    List<ShardPlacement> swapped = new ArrayList<>(valid.shards());
    Collections.swap(swapped, 0, 1);
    refused(
        ErrorCode.INVALID_REQUEST,
        "in order",
        () -> new DatasetRecord("t", "d", "i", Records.SCHEMA, 1, 1, swapped, Records.WHEN));
    refused(
        ErrorCode.INVALID_REQUEST, "nodes", () -> new ShardPlacement(0, 1, "i", List.of("a", "a")));
    refused(ErrorCode.INVALID_REQUEST, "nodes", () -> new ShardPlacement(0, 1, "i", List.of()));
    refused(
        ErrorCode.INVALID_REQUEST, "generation", () -> new ShardPlacement(0, 0, "i", List.of("a")));
    assertEquals(Slots.shard("x", 3), valid.shardOf("x").shard());
  }

  @Test
  void aNewVersionBecomesLatestAndTheOldestUnnamedOneGoes() {
    FunctionRecord function = Records.function("f");
    function =
        new FunctionRecord(
            function.tenant(),
            function.name(),
            function.kind(),
            function.versions(),
            Map.of(
                "latest",
                FunctionAlias.to(Records.version(1).digest()),
                "stable",
                FunctionAlias.to(Records.version(1).digest())));
    for (int i = 2; i <= 25; i++) {
      function = function.withVersion(Records.version(i));
    }
    assertEquals(FunctionRecord.MOST_VERSIONS, function.versions().size());
    assertEquals(Records.version(25), function.latest());
    assertEquals(Records.version(1), function.version("stable").orElseThrow());
    assertEquals(Records.version(7), function.versions().get(1));
    FunctionRecord again = function.withVersion(Records.version(7));
    assertEquals(Records.version(7), again.latest());
    assertEquals(FunctionRecord.MOST_VERSIONS, again.versions().size());
  }

  @Test
  void functionsAreChecked() {
    FunctionVersion version = Records.version(1);
    refused(
        ErrorCode.INVALID_FUNCTION,
        "latest",
        () -> new FunctionRecord("t", "f", FunctionKind.HANDLER, List.of(version), Map.of()));
    refused(
        ErrorCode.INVALID_FUNCTION,
        "alias",
        () ->
            new FunctionRecord(
                "t",
                "f",
                FunctionKind.HANDLER,
                List.of(version),
                Map.of("latest", FunctionAlias.to("x"))));
    refused(
        ErrorCode.INVALID_FUNCTION,
        "twice",
        () ->
            new FunctionRecord(
                "t",
                "f",
                FunctionKind.HANDLER,
                List.of(version, version),
                Map.of("latest", FunctionAlias.to(version.digest()))));
    refused(
        ErrorCode.INVALID_FUNCTION,
        "environment: a",
        () -> FunctionVersion.checkEnvironment(Map.of("a", "")));
    refused(
        ErrorCode.INVALID_FUNCTION,
        "4KiB",
        () -> FunctionVersion.checkEnvironment(Map.of("A", "x".repeat(4096))));
    for (String origin : List.of("example.com", "https://a/b", "null", "ftp://a", "https://a b")) {
      refused(
          ErrorCode.INVALID_FUNCTION,
          "origins: " + origin,
          () -> FunctionVersion.checkOrigins(List.of(origin)));
    }
    refused(
        ErrorCode.INVALID_FUNCTION,
        "* alone",
        () -> FunctionVersion.checkOrigins(List.of("*", "https://a")));
    FunctionVersion.checkOrigins(List.of("http://localhost:8080", "https://[::1]:1"));
  }

  private static FunctionRecord three() {
    return Records.function("f").withVersion(Records.version(2)).withVersion(Records.version(3));
  }

  @Test
  void anAliasOfTwoVersionsSharesTheCallsByWeight() {
    var pair =
        new FunctionAlias(
            List.of(
                new FunctionAlias.Weighted(Records.version(1).digest(), 900),
                new FunctionAlias.Weighted(Records.version(2).digest(), 100)));
    FunctionRecord function = three().withAlias("canary", pair);
    assertTrue(function.version("canary").isEmpty());
    Random random = new Random(7);
    int second = 0;
    for (int i = 0; i < 10_000; i++) {
      FunctionVersion chosen = function.choose("canary", random).orElseThrow();
      second += chosen.equals(Records.version(2)) ? 1 : 0;
    }
    assertTrue(second > 900 && second < 1_100, "seed 7: " + second);
    assertEquals(Records.version(3), function.choose("latest", random).orElseThrow());
    for (int i = 4; i <= 40; i++) {
      function = function.withVersion(Records.version(i));
    }
    assertTrue(function.version(Records.version(1).digest()).isPresent());
    assertTrue(function.version(Records.version(2).digest()).isPresent());
    FunctionRecord kept = function;
    refused(ErrorCode.INVALID_FUNCTION, "alias latest", () -> kept.withAlias("latest", pair));
    refused(
        ErrorCode.INVALID_FUNCTION,
        "weight of x: 0",
        () -> new FunctionAlias(List.of(new FunctionAlias.Weighted("x", 0))));
    refused(ErrorCode.INVALID_FUNCTION, "0 versions", () -> new FunctionAlias(List.of()));
  }

  @Test
  void latestRollsBackToTheVersionBeforeOrToANamedOne() {
    FunctionRecord back = three().rollback(Optional.empty());
    assertEquals(Records.version(2), back.latest());
    assertEquals(Records.version(1), back.rollback(Optional.empty()).latest());
    assertEquals(
        Records.version(1), three().rollback(Optional.of(Records.version(1).digest())).latest());
    FunctionRecord first = Records.function("f");
    refused(ErrorCode.NOT_FOUND, "none before", () -> first.rollback(Optional.empty()));
    refused(ErrorCode.NOT_FOUND, "version of f: x", () -> first.rollback(Optional.of("x")));
  }

  @Test
  void aVersionIsFoundByTheStartOfItsDigestIfOnlyOneHasIt() {
    FunctionRecord function = three();
    assertEquals(Records.version(2), function.find(Records.version(2).digest()).orElseThrow());
    assertTrue(function.find("00000000").isEmpty());
    assertTrue(function.find(Records.version(2).digest().substring(0, 7)).isEmpty());
    assertEquals(Records.version(3), function.find("latest").orElseThrow());
  }

  @Test
  void anAliasGoesUnlessItIsLatest() {
    String digest = Records.version(1).digest();
    FunctionRecord function = three().withAlias("stable", FunctionAlias.to(digest));
    assertEquals(three(), function.withoutAlias("stable"));
    refused(ErrorCode.NOT_FOUND, "alias of f: x", () -> function.withoutAlias("x"));
    refused(ErrorCode.INVALID_FUNCTION, "latest", () -> function.withoutAlias("latest"));
  }

  @Test
  void functionsWhoseVersionsAreAllNamedTakeNoNewOne() {
    FunctionRecord function = Records.function("f");
    for (int i = 2; i <= 20; i++) {
      function = function.withVersion(Records.version(i));
    }
    for (int i = 1; i <= 18; i += 2) {
      function =
          function.withAlias(
              "a" + i,
              new FunctionAlias(
                  List.of(
                      new FunctionAlias.Weighted(Records.version(i).digest(), 1),
                      new FunctionAlias.Weighted(Records.version(i + 1).digest(), 1))));
    }
    function =
        function
            .withAlias("b", FunctionAlias.to(Records.version(19).digest()))
            .withAlias("c", FunctionAlias.to(Records.version(20).digest()));
    FunctionRecord full = function;
    refused(
        ErrorCode.INVALID_FUNCTION,
        "aliases name all 20",
        () -> full.withVersion(Records.version(21)));
    assertEquals(Records.version(3), full.withVersion(Records.version(3)).latest());
  }

  @Test
  void keysAreChecked() {
    for (String key :
        List.of("", "dataset/a", "dataset/a/b/c", "other/a/b", "node/a/b", "app//x", "node/")) {
      assertThrows(HeddleException.class, () -> CatalogKeys.check(key), key);
    }
    assertThrows(IllegalArgumentException.class, () -> Change.put("no record"));
    assertThrows(IllegalArgumentException.class, () -> Change.put(Records.node("n", "1")));
    assertEquals("app/default/a", Change.put(Records.app("a", "")).key());
  }

  @Test
  void storedJsonStaysAsItIs() {
    assertEquals(
        "{\"tenant\":\"default\",\"name\":\"d\",\"id\":\"id-default-d\",\"schema\":{\"fields\":["
            + "{\"name\":\"title\",\"type\":\"TEXT\",\"analyzer\":\"english\",\"weight\":2.0,"
            + "\"multi\":false},"
            + "{\"name\":\"body\",\"type\":\"TEXT\",\"analyzer\":\"standard\",\"weight\":0.0,"
            + "\"multi\":false},"
            + "{\"name\":\"rank\",\"type\":\"DOUBLE\",\"analyzer\":\"\",\"weight\":0.0,"
            + "\"multi\":false},"
            + "{\"name\":\"tags\",\"type\":\"KEYWORD\",\"analyzer\":\"\",\"weight\":0.0,"
            + "\"multi\":true}],\"rankField\":\"rank\",\"rankWeight\":0.5,"
            + "\"dynamic\":false},\"schemaVersion\":1,\"replicas\":1,"
            + "\"shards\":[{\"shard\":0,\"generation\":1,\"incarnation\":\"inc0\","
            + "\"nodes\":[\"leaf-0\"],\"joining\":null,\"leaving\":null,\"begun\":[]}],"
            + "\"createdAt\":\"2026-11-21T08:00:00Z\"}",
        CatalogJson.write(Records.dataset("default", "d", 1)));
    String digest = Records.version(1).digest();
    assertEquals(
        "{\"tenant\":\"default\",\"name\":\"f\",\"kind\":\"SCATTER\","
            + "\"versions\":[{\"digest\":\""
            + digest
            + "\",\"blob\":\""
            + digest
            + "\",\"runtime\":\"java\",\"entry\":\"com.example.F\","
            + "\"manifestYaml\":\"name: f\\n\",\"codeBytes\":10,\"compiled\":null,"
            + "\"compiledBytes\":0,\"timeout\":\"1500ms\",\"memory\":\"64MiB\","
            + "\"environment\":{\"A_1\":\"x\",\"B\":\"2\"},\"concurrency\":5,"
            + "\"event\":\"HTTP\",\"origins\":[\"https://example.com\"],"
            + "\"description\":\"Finds.\",\"createdAt\":\"2026-11-21T08:00:00Z\"}],"
            + "\"aliases\":{\"latest\":{\"targets\":[{\"version\":\""
            + digest
            + "\",\"weight\":1}]}}}",
        CatalogJson.write(Records.function("f")));
    assertEquals(
        "{\"tenant\":\"default\",\"name\":\"a\",\"digest\":\"abc\",\"yaml\":\"x\"}",
        CatalogJson.write(Records.app("a", "x")));
    assertEquals(
        "{\"node\":\"n\",\"incarnation\":\"1\",\"roles\":[\"coordinator\",\"leaf\"],"
            + "\"internal\":\"127.0.0.1:1\",\"grpc\":\"\",\"http\":\"\","
            + "\"replication\":\"127.0.0.1:3\"}",
        CatalogJson.write(Records.node("n", "1")));
  }

  @Test
  void everyRecordReadsBackAsItWasWritten() {
    for (Object value :
        List.of(
            Records.dataset("default", "d", 1024),
            Records.function("f"),
            Records.app("a", "ü\n\u0000"),
            new NodeRecord("n", "1", Set.of("leaf"), "a:1", "b:2", "c:3", "d:4"))) {
      assertEquals(value, CatalogJson.read(CatalogKeys.of(value), CatalogJson.write(value)));
    }
  }

  @Test
  void skipsUnknownFieldsAndRefusesMissingOnes() {
    String app = CatalogJson.write(Records.app("a", "x"));
    assertEquals(
        Records.app("a", "x"),
        CatalogJson.read("app/default/a", app.replace("{", "{\"later\":[{}],")));
    for (String value :
        List.of(
            app.replace(",\"yaml\":\"x\"", ""),
            app.replace("\"x\"", "null"),
            app + "{}",
            app.replace("{", "{\"name\":\"a\","),
            "[]",
            "",
            "null")) {
      refused(ErrorCode.INVALID_REQUEST, "", () -> CatalogJson.read("app/default/a", value));
    }
    refused(
        ErrorCode.INVALID_REQUEST,
        "(expected: app/default/a",
        () -> CatalogJson.read("app/default/b", app));
  }
}
