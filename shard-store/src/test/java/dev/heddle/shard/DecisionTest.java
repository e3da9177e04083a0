package dev.heddle.shard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Schema;
import dev.heddle.process.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What operations come to, on a shard without a log. */
class DecisionTest {
  @TempDir Path directory;
  private LocalShards shards;
  private LocalShard shard;

  @BeforeEach
  void open() throws IOException {
    Schema schema = new Schema(Things.SCHEMA.fields(), "", 0, true);
    shards = new LocalShards(directory, schema, 1);
    shard = shards.shard(0);
  }

  @AfterEach
  void close() throws IOException {
    shards.close();
  }

  @Test
  void aVersionIsTheIndexOfTheEntryThatWroteTheDocumentLast() throws IOException {
    WriteResult first = write(put("a", "{}"), put("b", "{}"));
    WriteResult second = write(put("a", "{}"));
    assertTrue(second.index() > first.index());
    assertEquals(second.index(), shard.get("a").orElseThrow().version());
    assertEquals(first.index(), shard.get("b").orElseThrow().version());
    shard.refresh();
    assertEquals(second.index(), shard.get("a").orElseThrow().version());
    assertEquals(List.of(new OperationResult(0, second.index(), false)), second.results());
  }

  @Test
  void versionZeroMeansThatThereMustBeNone() throws IOException {
    WriteResult made = write(put("a", "{\"size\":1}", 0));
    assertEquals(List.of(), made.errors());
    assertConflict(
        "version of a: " + made.index() + " (expected: 0)", write(put("a", "{\"size\":2}", 0)));
    assertEquals("{\"size\":1}", json("a"));
    write(new Operation.Delete("a"));
    assertEquals(List.of(), write(put("a", "{\"size\":3}", 0)).errors());
    assertEquals("{\"size\":3}", json("a"));
    assertEquals(
        List.of(new OperationResult(0, 0, false)),
        write(new Operation.Delete("none", OptionalLong.of(0))).results());
    assertConflict(
        "version of a: " + shard.get("a").orElseThrow().version() + " (expected: 0)",
        write(new Operation.Delete("a", OptionalLong.of(0))));
  }

  @Test
  void onlyTheVersionThatIsThereIsReplaced() throws IOException {
    long first = write(put("a", "{\"size\":1}")).index();
    long second = write(put("a", "{\"size\":2}", first)).index();
    assertConflict(
        "version of a: " + second + " (expected: " + first + ")",
        write(put("a", "{\"size\":3}", first)));
    assertConflict(
        "version of a: " + second + " (expected: " + first + ")",
        write(patch("a", "{\"size\":3}", OptionalLong.of(first))));
    assertConflict(
        "version of a: " + second + " (expected: " + first + ")",
        write(new Operation.Delete("a", OptionalLong.of(first))));
    assertConflict("version of none: 0 (expected: 7)", write(put("none", "{}", 7)));
    assertConflict(
        "version of none: 0 (expected: 7)", write(patch("none", "{}", OptionalLong.of(7))));
    assertEquals("{\"size\":2}", json("a"));
    assertEquals(List.of(), write(patch("a", "{\"size\":4}", OptionalLong.of(second))).errors());
    long third = shard.get("a").orElseThrow().version();
    assertTrue(third > second);
    assertEquals(
        List.of(new OperationResult(0, 0, true)),
        write(new Operation.Delete("a", OptionalLong.of(third))).results());
    assertTrue(shard.get("a").isEmpty());
  }

  @Test
  void aDeleteSaysWhetherThereWasADocument() throws IOException {
    write(put("a", "{}"));
    WriteResult result = write(new Operation.Delete("a"), new Operation.Delete("b"));
    assertEquals(
        List.of(new OperationResult(0, 0, true), new OperationResult(1, 0, false)),
        result.results());
    assertEquals(List.of(), result.errors());
  }

  @Test
  void aPatchChangesMembersOfADocumentThatIsThere() throws IOException {
    write(put("a", "{\"title\":\"Old\",\"size\":1,\"extra\":{\"x\":1,\"y\":2}}"));
    WriteResult result = write(patch("a", "{\"size\":null,\"extra\":{\"y\":[3]}}"));
    assertEquals("{\"title\":\"Old\",\"extra\":{\"x\":1,\"y\":[3]}}", json("a"));
    assertEquals(List.of(new OperationResult(0, result.index(), false)), result.results());
    WriteResult missing = write(patch("b", "{\"size\":1}"), put("c", "{}"));
    assertEquals(
        List.of(
            new OperationError(
                0,
                "b",
                ErrorCode.NOT_FOUND,
                "document: b (expected: an existing id, as it is to be patched)")),
        missing.errors());
    assertTrue(shard.get("c").isPresent());
  }

  @Test
  void whatAPatchMakesHasToBeAValidDocument() throws IOException {
    write(put("a", "{\"size\":1}"), put("big", "{\"extra\":\"" + "x".repeat(300 << 10) + "\"}"));
    WriteResult result =
        write(
            patch("a", "{\"size\":\"many\"}"),
            patch("big", "{\"labels\":[\"" + "y".repeat(200 << 10) + "\"]}"),
            patch("a", "{\"price\":2}"));
    assertEquals(2, result.errors().size());
    assertEquals(
        new OperationError(
            0, "a", ErrorCode.TYPE_MISMATCH, "size: \"many\" (expected: an integer)"),
        result.errors().get(0));
    assertEquals(1, result.errors().get(1).index());
    assertEquals(ErrorCode.TOO_LARGE, result.errors().get(1).code());
    assertEquals("{\"size\":1,\"price\":2}", json("a"));
  }

  @Test
  void operationsOnOneDocumentSeeThoseBeforeThemInTheBatch() throws IOException {
    long before = write(put("old", "{}")).index();
    WriteResult result =
        write(
            put("a", "{\"size\":1}", 0),
            put("a", "{\"size\":2}", 0),
            patch("a", "{\"price\":3}"),
            patch("a", "{\"price\":4}", OptionalLong.of(before)),
            new Operation.Delete("a"),
            new Operation.Delete("a"),
            patch("a", "{}"),
            put("a", "{\"size\":5}", 0),
            new Operation.Delete("old", OptionalLong.of(before)),
            put("old", "{\"size\":6}", before));
    assertEquals(
        List.of(
            new OperationResult(0, result.index(), false),
            new OperationResult(2, result.index(), false),
            new OperationResult(4, 0, true),
            new OperationResult(5, 0, false),
            new OperationResult(7, result.index(), false),
            new OperationResult(8, 0, true)),
        result.results());
    assertEquals(List.of(1, 3, 6, 9), result.errors().stream().map(OperationError::index).toList());
    assertEquals(
        "version of a: changed in the same batch (expected: 0)",
        result.errors().getFirst().message());
    assertEquals(ErrorCode.NOT_FOUND, result.errors().get(2).code());
    assertEquals("version of old: 0 (expected: " + before + ")", result.errors().get(3).message());
    assertEquals("{\"size\":5}", json("a"));
    assertTrue(shard.get("old").isEmpty());
  }

  @Test
  void errorsSpoilOnlyTheirItems() throws IOException {
    WriteResult result =
        write(
            put("1", "{"),
            put("", "{}"),
            put("2", "{\"size\":true}"),
            put("3", "{\"size\":3}"),
            patch("3", "[]"),
            patch("3", "{\"a\":"),
            patch("x".repeat(600), "{}"),
            new Operation.Delete("x".repeat(600)),
            new Operation.Delete("4"));
    assertEquals(
        List.of(0, 1, 2, 4, 5, 6, 7), result.errors().stream().map(OperationError::index).toList());
    assertEquals(
        List.of(
            ErrorCode.MALFORMED_JSON,
            ErrorCode.INVALID_DOCUMENT,
            ErrorCode.TYPE_MISMATCH,
            ErrorCode.INVALID_DOCUMENT,
            ErrorCode.MALFORMED_JSON,
            ErrorCode.INVALID_DOCUMENT,
            ErrorCode.INVALID_DOCUMENT),
        result.errors().stream().map(OperationError::code).toList());
    assertEquals(
        List.of(new OperationResult(3, result.index(), false), new OperationResult(8, 0, false)),
        result.results());
    assertEquals("{\"size\":3}", json("3"));
  }

  @Test
  void whereAllIsWrongNothingIsLeftToDecide() {
    Decision decision = Decision.prepare(shard, List.of(put("1", "{"), patch("2", "3")));
    assertTrue(decision.hopeless());
    assertEquals(2, decision.errors().size());
    assertFalse(
        Decision.prepare(shard, List.of(put("1", "{"), new Operation.Delete("2"))).hopeless());
  }

  @Test
  void aStoredDocumentThatCannotBePatchedSpoilsOnlyItsItem() throws IOException {
    // Nobody looks into what no field takes, until it is to be patched.
    String twice = "{\"extra\":{\"a\":1,\"a\":2}}";
    assertEquals(List.of(), write(put("twice", twice)).errors());
    WriteResult result = write(patch("twice", "{\"size\":1}"), put("ok", "{}"));
    assertEquals(1, result.errors().size());
    assertEquals(0, result.errors().getFirst().index());
    assertEquals(ErrorCode.MALFORMED_JSON, result.errors().getFirst().code());
    assertEquals(twice, json("twice"));
    assertTrue(shard.get("ok").isPresent());
    assertEquals(List.of(), write(put("twice", "{}")).errors());
  }

  @Test
  void theEntryHoldsWhatTheDocumentsBecome() throws IOException {
    write(put("a", "{\"size\":1}"), put("b", "{}"));
    RequestId request = new RequestId(new UUID(3, 4), 5);
    Decision decision =
        Decision.prepare(
            shard,
            List.of(
                patch("a", "{\"price\":2}"),
                put("bad", "{"),
                new Operation.Delete("none"),
                new Operation.Delete("b")));
    ShardEntry.Changes entry = decision.decide(request, 99, shard::get).entry();
    assertEquals(request, entry.request());
    assertEquals(99, entry.writtenMillis());
    assertEquals(2, entry.changes().size());
    assertEquals("a", entry.changes().get(0).id());
    assertArrayEquals(
        "{\"size\":1,\"price\":2}".getBytes(StandardCharsets.UTF_8), entry.changes().get(0).json());
    assertEquals(new Change("b", null), entry.changes().get(1));
    assertEquals("pend", new String(entry.outcomes(), StandardCharsets.US_ASCII));
    ShardEntry again = ShardEntryWire.decode(ShardEntryWire.encode(entry));
    ShardEntry.Changes read = (ShardEntry.Changes) again;
    assertEquals(request, read.request());
    assertEquals(entry.errors(), read.errors());
    assertArrayEquals(entry.outcomes(), read.outcomes());
    assertEquals(entry.changes().get(1), read.changes().get(1));
    assertArrayEquals(entry.changes().get(0).json(), read.changes().get(0).json());
    assertEquals(
        entry.result(7, "i"), read.result(7, "i"), "the same answer to whoever asks again");
  }

  private WriteResult write(Operation... operations) {
    return shards.write(shard, List.of(operations));
  }

  private static void assertConflict(String message, WriteResult result) {
    assertEquals(List.of(), result.results());
    assertEquals(1, result.errors().size());
    assertEquals(ErrorCode.VERSION_CONFLICT, result.errors().getFirst().code());
    assertEquals(message, result.errors().getFirst().message());
  }

  private String json(String id) throws IOException {
    return new String(shard.get(id).orElseThrow().json(), StandardCharsets.UTF_8);
  }

  private static Operation put(String id, String json) {
    return new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8));
  }

  private static Operation put(String id, String json, long ifVersion) {
    return new Operation.Put(id, json.getBytes(StandardCharsets.UTF_8), OptionalLong.of(ifVersion));
  }

  private static Operation patch(String id, String json) {
    return patch(id, json, OptionalLong.empty());
  }

  private static Operation patch(String id, String json, OptionalLong ifVersion) {
    return new Operation.Patch(id, json.getBytes(StandardCharsets.UTF_8), ifVersion);
  }
}
