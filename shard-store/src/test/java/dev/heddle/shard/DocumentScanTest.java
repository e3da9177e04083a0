package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class DocumentScanTest {
  @TempDir Path directory;

  @Test
  void documentsComeInTheOrderOfTheirBytesOverAllSegments() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      List<String> ids =
          List.of("a", "A", "a\u0000", "aa", "b", "ä", "\uFFFD", "\uD83C\uDF4E", "~");
      for (String id : ids.reversed()) {
        shards.put(id, "{\"title\":\"x\"}");
        shards.refresh();
      }
      List<String> ordered =
          List.of("A", "a", "a\u0000", "aa", "b", "~", "ä", "\uFFFD", "\uD83C\uDF4E");
      for (int limit = 1; limit <= ids.size() + 1; limit++) {
        assertEquals(ordered, ids(shards, limit));
      }
    }
  }

  @Test
  void aCursorNeedNotBeADocument() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      for (String id : List.of("b", "d", "f")) {
        shards.put(id, "{}");
        shards.refresh();
      }
      shards.delete("d");
      shards.refresh();
      assertEquals(List.of("b", "f"), ids(page(shards, "", 10)));
      assertEquals(List.of("b", "f"), ids(page(shards, "a", 10)));
      assertEquals(List.of("f"), ids(page(shards, "b", 10)));
      assertEquals(List.of("f"), ids(page(shards, "c", 10)));
      assertEquals(List.of("f"), ids(page(shards, "d", 10)));
      assertEquals(List.of(), ids(page(shards, "f", 10)));
      assertEquals(List.of(), ids(page(shards, "z", 10)));
    }
  }

  @Test
  void moreIsToldExactly() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      assertFalse(page(shards, "", 10).more());
      for (String id : List.of("a", "b", "c")) {
        shards.put(id, "{}");
        shards.refresh();
      }
      shards.delete("c");
      shards.refresh();
      assertTrue(page(shards, "", 1).more());
      assertFalse(page(shards, "", 2).more(), "what is behind is deleted");
      assertFalse(page(shards, "a", 1).more());
    }
  }

  @Test
  void aPageSaysWhatItWasReadFrom() throws IOException {
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      shards.put("a", "{\"size\":1}");
      shards.put("b", "{}");
      shards.put("a", "{\"size\":2}");
      shards.refresh();
      long seen = shards.shard(0).applied().index();
      shards.put("c", "{}");
      View view = shards.shard(0).acquire();
      DocumentPage page = DocumentScan.read(view, "", 10, "an incarnation", 17);
      shards.shard(0).release(view);
      assertEquals(seen, page.index());
      assertEquals("an incarnation", page.incarnation());
      assertEquals(17, page.stalenessMicros());
      assertEquals(
          List.of("a@" + seen + "={\"size\":2}", "b@" + (seen - 1) + "={}"),
          page.documents().stream().map(ShardContents::line).toList());
    }
  }

  @Test
  void aPageOfLargeDocumentsEndsEarly() throws IOException {
    String json = "{\"extra\":\"" + "x".repeat(400 << 10) + "\"}";
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      for (int i = 0; i < 20; i++) {
        shards.put("d" + (char) ('a' + i), json);
      }
      shards.refresh();
      DocumentPage first = page(shards, "", 1_000);
      assertTrue(first.more());
      int size = first.documents().size();
      assertTrue(size > 1 && size < 10, "seen " + size);
      assertEquals(20, ids(shards, 1_000).size());
    }
  }

  @Test
  void everyDocumentComesOnceWhateverWasWritten() throws IOException {
    long seed = Seed.draw();
    Random random = new Random(seed);
    TreeMap<String, String> expected = new TreeMap<>(IdOrder::compare);
    try (LocalShards shards = new LocalShards(directory, Things.SCHEMA, 1)) {
      LocalShard shard = shards.shard(0);
      for (int i = 0; i < 1_500; i++) {
        String id = "d" + random.nextInt(300);
        if (random.nextInt(3) == 0) {
          shards.delete(id);
          expected.remove(id);
        } else {
          String json = "{\"size\":" + i + "}";
          shards.put(id, json);
          expected.put(id, id + '@' + shard.applied().index() + '=' + json);
        }
        if (random.nextInt(60) == 0) {
          shards.refresh();
        }
        if (random.nextInt(300) == 0) {
          shard.commit();
        }
      }
      assertEquals(List.copyOf(expected.values()), ShardContents.of(shard), "seed " + seed);
      shard.settle();
      eventually("merged", () -> !shard.merging());
      assertEquals(List.copyOf(expected.values()), ShardContents.of(shard), "seed " + seed);
    }
  }

  private static DocumentPage page(LocalShards shards, String after, int limit) throws IOException {
    View view = shards.shard(0).acquire();
    try {
      return DocumentScan.read(view, after, limit, "", 0);
    } finally {
      shards.shard(0).release(view);
    }
  }

  private static List<String> ids(LocalShards shards, int limit) throws IOException {
    List<String> all = new ArrayList<>();
    DocumentPage page = page(shards, "", limit);
    all.addAll(ids(page));
    while (page.more()) {
      page = page(shards, all.getLast(), limit);
      assertTrue(page.documents().size() <= limit);
      all.addAll(ids(page));
    }
    return all;
  }

  private static List<String> ids(DocumentPage page) {
    return page.documents().stream().map(DocumentPage.Entry::id).toList();
  }
}
