package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class SlotsTest {
  private static int hash(String text, int seed) {
    return Murmur3.hash32(text.getBytes(StandardCharsets.UTF_8), seed);
  }

  @Test
  void hashesAsTheReferenceDoes() {
    Map<String, Integer> known =
        Map.of(
            "aaaa", 0x5A97808A,
            "aaa", 0x283E0130,
            "aa", 0x5D211726,
            "a", 0x7FA09EA6,
            "abcd", 0xF0478627,
            "abc", 0xC84A62DD,
            "ab", 0x74875592,
            "Hello, world!", 0x24884CBA,
            "The quick brown fox jumps over the lazy dog", 0x2FA826CD,
            "ππππππππ", 0xD58063C1);
    known.forEach((text, hash) -> assertEquals(hash, hash(text, 0x9747b28c), text));
  }

  @Test
  void hashesAsTheReferenceDoesWithOtherSeeds() {
    assertEquals(0, hash("", 0));
    assertEquals(0x514E28B7, hash("", 1));
    assertEquals(0x81F16F39, hash("", 0xffffffff));
    assertEquals(0xba6bd213, hash("test", 0));
    assertEquals(0x704b81dc, hash("test", 0x9747b28c));
    assertEquals(0xc0363e43, hash("Hello, world!", 0));
    assertEquals(0x2e4ff723, hash("The quick brown fox jumps over the lazy dog", 0));
  }

  @Test
  void slotsOfKnownIdsNeverChange() {
    assertEquals(0x7FA09EA6 & 16_383, Slots.of("a"));
    assertEquals(0xD58063C1 & 16_383, Slots.of("ππππππππ"));
    assertEquals(Slots.of("a") * 8 / 16_384, Slots.shard("a", 8));
  }

  @Test
  void everyShardHasOneContiguousRangeOfAboutTheSameSize() {
    for (int shards : new int[] {1, 2, 3, 7, 8, 100, 1000, 1024, 16_384}) {
      int last = 0;
      int[] sizes = new int[shards];
      for (int slot = 0; slot < Slots.COUNT; slot++) {
        int shard = Slots.shardOfSlot(slot, shards);
        assertTrue(shard == last || shard == last + 1);
        last = shard;
        sizes[shard]++;
      }
      assertEquals(shards - 1, last);
      for (int size : sizes) {
        assertTrue(Math.abs(size - Slots.COUNT / shards) <= 1, () -> shards + " shards");
      }
    }
  }

  @Test
  void spreadsIdsEvenly() {
    int[] counts = new int[8];
    for (int i = 0; i < 80_000; i++) {
      counts[Slots.shard("http://example.org/resource/" + i, 8)]++;
    }
    for (int count : counts) {
      assertTrue(count > 9_500 && count < 10_500, () -> "" + count);
    }
  }

  @Test
  void refusesImpossibleShardCounts() {
    assertThrows(IllegalArgumentException.class, () -> Slots.shard("a", 0));
    assertThrows(IllegalArgumentException.class, () -> Slots.shard("a", 16_385));
  }
}
