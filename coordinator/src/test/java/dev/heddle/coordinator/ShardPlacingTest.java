package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ShardPlacingTest {
  private static List<String> leaves(int count) {
    List<String> leaves = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      leaves.add("leaf-" + i);
    }
    return leaves;
  }

  private static DatasetRecord dataset(String name, List<ShardPlacement> placements) {
    return new DatasetRecord(
        "default",
        name,
        "id-" + name,
        Fixtures.dataset(1).schema(),
        1,
        placements.getFirst().nodes().size(),
        placements,
        Instant.EPOCH);
  }

  private static void even(Map<String, Integer> counts, int leaves, String what) {
    int least = counts.size() < leaves ? 0 : counts.values().stream().min(Integer::compare).get();
    int most = counts.values().stream().max(Integer::compare).get();
    assertTrue(most - least <= 1, () -> what + ": " + counts);
  }

  @Test
  void spreadsReplicasAndFirstPlacesEvenlyOverDistinctLeaves() {
    for (int leaves = 1; leaves <= 7; leaves++) {
      for (int replicas = 1; replicas <= leaves; replicas++) {
        for (int shards : new int[] {1, 3, 8, 24}) {
          Map<String, Integer> held = new TreeMap<>();
          Map<String, Integer> first = new TreeMap<>();
          for (var placement : ShardPlacing.place(leaves(leaves), List.of(), shards, replicas)) {
            assertEquals(replicas, new HashSet<>(placement.nodes()).size());
            placement.nodes().forEach(node -> held.merge(node, 1, Integer::sum));
            first.merge(placement.nodes().getFirst(), 1, Integer::sum);
          }
          String what = leaves + " leaves, " + replicas + " replicas, " + shards + " shards";
          even(held, leaves, what + ", held");
          even(first, leaves, what + ", first");
        }
      }
    }
  }

  @Test
  void fillsTheEmptiestLeavesFirst() {
    var old = dataset("old", ShardPlacing.place(leaves(2), List.of(), 6, 2));
    var placed = ShardPlacing.place(leaves(4), List.of(old), 4, 1);
    assertEquals(
        List.of("leaf-2", "leaf-3", "leaf-2", "leaf-3"),
        placed.stream().map(placement -> placement.nodes().getFirst()).toList());
  }

  @Test
  void whoeverJoinsCountsAsHolding() {
    var moving =
        new ShardPlacement(0, 1, "i", List.of("leaf-0"))
            .moving(Optional.of("leaf-1"), Optional.of("leaf-0"));
    var placed = ShardPlacing.place(leaves(3), List.of(dataset("old", List.of(moving))), 1, 1);
    assertEquals(List.of("leaf-2"), placed.getFirst().nodes());
  }
}
