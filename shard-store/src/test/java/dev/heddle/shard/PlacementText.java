package dev.heddle.shard;

import dev.heddle.catalog.ShardPlacement;
import java.util.List;
import java.util.Optional;

/** Placements as short text: the nodes, {@code +joining} and {@code -leaving}. */
final class PlacementText {
  private PlacementText() {}

  static ShardPlacement parse(int shard, long generation, String text) {
    List<String> words = List.of(text.split(" "));
    return new ShardPlacement(
        shard,
        generation,
        "i",
        words.stream().filter(word -> !word.matches("[+-].*")).toList(),
        marked(words, "+"),
        marked(words, "-"),
        List.of());
  }

  private static Optional<String> marked(List<String> words, String mark) {
    return words.stream()
        .filter(word -> word.startsWith(mark))
        .map(word -> word.substring(1))
        .findFirst();
  }

  static String of(ShardPlacement placement) {
    return String.join(" ", placement.nodes())
        + placement.joining().map(node -> " +" + node).orElse("")
        + placement.leaving().map(node -> " -" + node).orElse("");
  }
}
