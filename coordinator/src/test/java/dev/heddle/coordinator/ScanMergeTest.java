package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.gather.ScanMerge;
import dev.heddle.coordinator.gather.ScanMerge.Document;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class ScanMergeTest {
  private static final long SEED = 4_711;
  private static final Comparator<String> UTF8 =
      (a, b) ->
          Arrays.compareUnsigned(
              a.getBytes(StandardCharsets.UTF_8), b.getBytes(StandardCharsets.UTF_8));

  private final Random random = new Random(SEED);

  private String id() {
    var id = new StringBuilder();
    int[] alphabet = {'a', 'b', 'é', '字', 0xfffd, 0x1f600, 0x10ffff};
    for (int length = 1 + random.nextInt(4); length > 0; length--) {
      id.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
    }
    return id.toString();
  }

  private List<NavigableSet<String>> shards(int count, int documents) {
    List<NavigableSet<String>> shards = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      shards.add(new TreeSet<>(UTF8));
    }
    for (int i = 0; i < documents; i++) {
      String id = id();
      shards.get(Math.floorMod(id.hashCode(), count)).add(id);
    }
    return shards;
  }

  /** One page, with pages of shards that come in any order. */
  private ScanMerge page(
      List<NavigableSet<String>> shards, int limit, long mostBytes, String after) {
    var merge = new ScanMerge(shards.size(), limit, mostBytes, after);
    for (var wanted = merge.wanted(); !wanted.isEmpty(); wanted = merge.wanted()) {
      Collections.shuffle(wanted, random);
      int shard = wanted.getFirst();
      var left = shards.get(shard).tailSet(merge.readTo(shard), false);
      List<Document> documents = new ArrayList<>();
      int ask = 1 + random.nextInt(limit);
      for (String id : left) {
        if (documents.size() < ask) {
          documents.add(new Document(id, new byte[size(id)], 1));
        }
      }
      merge.accept(shard, documents, documents.size() < left.size());
    }
    return merge;
  }

  private static int size(String id) {
    return Math.floorMod(id.hashCode(), 10);
  }

  @Test
  void pagesGoThroughAllDocumentsInTheOrderOfUtf8() {
    for (int round = 0; round < 300; round++) {
      var shards = shards(1 + random.nextInt(5), random.nextInt(60));
      var expected = new TreeSet<>(UTF8);
      shards.forEach(expected::addAll);
      int limit = 1 + random.nextInt(12);
      long mostBytes = random.nextBoolean() ? Long.MAX_VALUE : 1 + random.nextInt(400);
      List<String> seen = new ArrayList<>();
      String after = "";
      boolean more = true;
      while (more) {
        var page = page(shards, limit, mostBytes, after);
        var documents = page.documents();
        assertTrue(documents.size() <= limit);
        long bytes = documents.stream().mapToLong(Document::bytes).sum();
        assertTrue(bytes <= mostBytes || documents.size() == 1, "seed " + SEED);
        documents.forEach(document -> seen.add(document.id()));
        more = page.more();
        after = documents.isEmpty() ? after : documents.getLast().id();
      }
      assertEquals(List.copyOf(expected), seen, "seed " + SEED + ", round " + round);
    }
  }

  @Test
  void comparesIdsAsTheirBytes() {
    for (int round = 0; round < 10_000; round++) {
      String a = id();
      String b = id();
      assertEquals(
          Integer.signum(UTF8.compare(a, b)),
          Integer.signum(ScanMerge.ID_ORDER.compare(a, b)),
          "seed " + SEED + ": " + a + " " + b);
    }
  }

  @Test
  void readsNoShardFurtherThanThePageNeeds() {
    var merge = new ScanMerge(2, 2, Long.MAX_VALUE, "");
    merge.accept(0, List.of(new Document("a", new byte[1], 1)), true);
    assertEquals(List.of(0, 1), merge.wanted());
    merge.accept(1, List.of(new Document("m", new byte[1], 1)), true);
    assertEquals(List.of(0), merge.wanted());
    merge.accept(0, List.of(new Document("b", new byte[1], 1)), true);
    assertEquals(List.of(), merge.wanted());
    assertEquals(List.of("a", "b"), merge.documents().stream().map(Document::id).toList());
    assertTrue(merge.more());
  }
}
