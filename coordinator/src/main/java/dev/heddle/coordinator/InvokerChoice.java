package dev.heddle.coordinator;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.InvokerTable.Version;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Which leaf runs an invocation. A locality key goes where it went before, by rendezvous hashing,
 * unless events wait there or that leaf has far more to do than the others. Otherwise a leaf that
 * has the version's code, and among those the less busy of two chosen at random; once events wait
 * at all of these, any leaf. Safe for any thread.
 */
final class InvokerChoice {
  /** A key leaves its leaf when that has so many more invocations than the least busy one … */
  private static final int SPILL_MARGIN = 8;

  /** … and so many times as many. */
  private static final int SPILL_FACTOR = 2;

  private final InvokerTable table;
  private final Supplier<RandomGenerator> random;

  InvokerChoice(InvokerTable table, Supplier<RandomGenerator> random) {
    this.table = table;
    this.random = random;
  }

  /**
   * Chooses one.
   *
   * @param candidates at least one
   * @param localityKey empty: none
   */
  NodeRecord choose(List<NodeRecord> candidates, Version version, String localityKey) {
    if (!localityKey.isEmpty()) {
      var home = home(candidates, version, localityKey);
      if (home.isPresent()) {
        return home.get();
      }
    }
    List<NodeRecord> warm =
        candidates.stream()
            .filter(leaf -> table.warm(leaf.node(), version) && !table.waits(leaf.node()))
            .toList();
    return lessBusy(warm.isEmpty() ? candidates : warm, version);
  }

  /** The key's leaf, or the one that comes second; empty: both have too much to do. */
  private Optional<NodeRecord> home(
      List<NodeRecord> candidates, Version version, String localityKey) {
    int least = candidates.stream().mapToInt(leaf -> table.load(leaf.node())).min().orElse(0);
    String key = version.tenant() + "/" + localityKey + "/";
    return candidates.stream()
        .sorted(Comparator.comparingLong((NodeRecord leaf) -> hash(key + leaf.node())).reversed())
        .limit(2)
        .filter(leaf -> !table.waits(leaf.node()) && !overloaded(leaf, least))
        .findFirst();
  }

  private boolean overloaded(NodeRecord leaf, int least) {
    int load = table.load(leaf.node());
    return load > least + SPILL_MARGIN && load > least * SPILL_FACTOR;
  }

  private NodeRecord lessBusy(List<NodeRecord> leaves, Version version) {
    if (leaves.size() == 1) {
      return leaves.getFirst();
    }
    var generator = random.get();
    int first = generator.nextInt(leaves.size());
    int second = (first + 1 + generator.nextInt(leaves.size() - 1)) % leaves.size();
    var one = leaves.get(first);
    var other = leaves.get(second);
    int difference = Integer.compare(table.load(one.node()), table.load(other.node()));
    if (difference == 0) {
      difference =
          Integer.compare(
              table.idle(other.node(), version).orElse(-1),
              table.idle(one.node(), version).orElse(-1));
    }
    return difference <= 0 ? one : other;
  }

  /** FNV-1a, then mixed: close names must not hash close together. */
  private static long hash(String text) {
    long hash = 0xcbf29ce484222325L;
    for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
    }
    hash = (hash ^ (hash >>> 33)) * 0xff51afd7ed558ccdL;
    hash = (hash ^ (hash >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return hash ^ (hash >>> 33);
  }
}
