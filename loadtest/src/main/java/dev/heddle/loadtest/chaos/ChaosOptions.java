package dev.heddle.loadtest.chaos;

import dev.heddle.process.DurationFormat;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a run does to which cluster. Wrong values are refused with an IllegalArgumentException in
 * the form {@code name: value (expected: …)}.
 *
 * @param seed of what the nemesis does and of what the clients ask; same seed, same plan
 * @param kills with SIGKILL, 0..100,000; one of the whole cluster counts as one
 * @param pauses whether nodes are paused, too
 * @param leaves 1..16
 * @param coordinators processes of their own, 0..8; 0: each leaf is a coordinator, too
 * @param shards 1..64
 * @param replicas of each shard, 1..7
 * @param clients sessions that read and write the same keys, 1..256
 * @param keys 1..10,000
 * @param moving whether logs are short, and a leaf that is away for some seconds is replaced, as
 *     now and then one is: so that states are fetched and shards move; takes more leaves than
 *     replicas
 * @param longest the nemesis stops after it, whatever is left of its plan
 */
public record ChaosOptions(
    long seed,
    int kills,
    boolean pauses,
    int leaves,
    int coordinators,
    int shards,
    int replicas,
    int clients,
    int keys,
    boolean moving,
    Duration longest) {
  public static final ChaosOptions DEFAULTS =
      new ChaosOptions(20_261_121, 20, true, 3, 2, 4, 3, 8, 40, false, Duration.ofMinutes(30));

  private static final Duration FAULT = Duration.ofSeconds(30);

  private static final String SETTINGS =
      """
      raft: {segment: 1MiB, retained: 20}
      leaf: {shards: {commit-after: 200ms, placement: {rebuild-after: 4s, every: 500ms}}}
      """;

  public ChaosOptions {
    within("kills", kills, 0, 100_000);
    within("leaves", leaves, 1, 16);
    within("coordinators", coordinators, 0, 8);
    within("shards", shards, 1, 64);
    within("replicas", replicas, 1, Math.min(7, leaves));
    within("clients", clients, 1, 256);
    within("keys", keys, 1, 10_000);
    if (moving && leaves <= replicas) {
      throw new IllegalArgumentException(
          "leaves: " + leaves + " (expected: more than replicas, so that shards can move)");
    }
    if (!longest.isPositive()) {
      throw new IllegalArgumentException(
          "longest: " + DurationFormat.format(longest) + " (expected: > 0)");
    }
  }

  private static void within(String name, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          name + ": " + value + " (expected: " + least + ".." + most + ")");
    }
  }

  public ChaosOptions withSeed(long other) {
    return new ChaosOptions(
        other,
        kills,
        pauses,
        leaves,
        coordinators,
        shards,
        replicas,
        clients,
        keys,
        moving,
        longest);
  }

  /** With as much time as many faults take on a busy machine, if that is more. */
  public ChaosOptions withKills(int other) {
    Duration usual = FAULT.multipliedBy(Math.max(1, other));
    return new ChaosOptions(
        seed,
        other,
        pauses,
        leaves,
        coordinators,
        shards,
        replicas,
        clients,
        keys,
        moving,
        usual.compareTo(longest) > 0 ? usual : longest);
  }

  public ChaosOptions withLongest(Duration other) {
    return new ChaosOptions(
        seed, kills, pauses, leaves, coordinators, shards, replicas, clients, keys, moving, other);
  }

  /** The same for odd seeds; for even ones with a leaf to spare, and {@code moving}. */
  public ChaosOptions varied() {
    return seed % 2 != 0
        ? this
        : new ChaosOptions(
            seed,
            kills,
            pauses,
            Math.max(leaves, replicas + 1),
            coordinators,
            shards,
            replicas,
            clients,
            keys,
            true,
            longest);
  }

  /** YAML for every node. */
  String settings() {
    return moving ? SETTINGS : "";
  }

  /** By name, for reports. */
  Map<String, Object> shown() {
    var shown = new LinkedHashMap<String, Object>();
    shown.put("seed", seed);
    shown.put("killsPlanned", kills);
    shown.put("pauses", pauses);
    shown.put("leaves", leaves);
    shown.put("coordinators", coordinators);
    shown.put("shards", shards);
    shown.put("replicas", replicas);
    shown.put("clients", clients);
    shown.put("keys", keys);
    shown.put("moving", moving);
    shown.put("settings", settings());
    return shown;
  }
}
