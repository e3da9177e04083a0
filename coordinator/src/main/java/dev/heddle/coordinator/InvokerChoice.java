package dev.heddle.coordinator;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.InvokerTable.Version;
import dev.heddle.coordinator.plan.Rendezvous;
import dev.heddle.coordinator.plan.SchedulingPolicy;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Which leaf runs an invocation: shows a {@link SchedulingPolicy} what is known of the leaves, and
 * says why the one that it chose may be a good one. Safe for any thread.
 */
final class InvokerChoice {
  private final String policyName;
  private final SchedulingPolicy policy;
  private final InvokerTable table;
  private final Supplier<RandomGenerator> random;

  InvokerChoice(
      String policyName,
      SchedulingPolicy policy,
      InvokerTable table,
      Supplier<RandomGenerator> random) {
    this.policyName = policyName;
    this.policy = policy;
    this.table = table;
    this.random = random;
  }

  /**
   * What an invocation wants to be near to.
   *
   * @param localityKey empty: none
   * @param dataNamed whether it named a document
   * @param data nodes that have a copy of its shard
   */
  record Wanted(Version version, String localityKey, boolean dataNamed, Set<String> data) {
    Wanted {
      data = Set.copyOf(data);
    }
  }

  /**
   * A leaf, and what spoke for it.
   *
   * @param session {@code home}: where the key's calls go; {@code away}; {@code none}: no key
   * @param code {@code idle}: a sandbox has nothing to do; {@code loaded}; {@code cold}
   * @param data {@code here}, {@code away}; {@code none}: none was named
   * @param load of the leaf
   * @param least of all leaves
   */
  record Chosen(
      NodeRecord leaf,
      String policy,
      String session,
      String code,
      String data,
      int load,
      int least,
      int of) {
    /** {@code locality session=home code=idle data=none load=3 least=1 leaves=4}. */
    String text() {
      return policy
          + (" session=" + session)
          + (" code=" + code)
          + (" data=" + data)
          + (" load=" + load)
          + (" least=" + least)
          + (" leaves=" + of);
    }
  }

  /**
   * Chooses one.
   *
   * @param leaves at least one
   * @throws HeddleException INTERNAL where the policy chose none of them, or failed
   */
  Chosen choose(List<NodeRecord> leaves, Wanted wanted) {
    var candidates = new Known(table, leaves, wanted);
    int place;
    try {
      place = policy.choose(candidates, random.get());
    } catch (RuntimeException e) {
      throw new HeddleException(
          ErrorCode.INTERNAL, "scheduling: policy " + policyName + " failed: " + e, e);
    }
    if (place < 0 || place >= leaves.size()) {
      throw new HeddleException(
          ErrorCode.INTERNAL,
          "scheduling: policy %s chose place %d (expected: 0..%d)"
              .formatted(policyName, place, leaves.size() - 1));
    }
    return chosen(candidates, place);
  }

  private Chosen chosen(Known candidates, int place) {
    var wanted = candidates.wanted;
    int least = Integer.MAX_VALUE;
    for (int i = 0; i < candidates.size(); i++) {
      least = Math.min(least, candidates.load(i));
    }
    String session = "none";
    if (!wanted.localityKey().isEmpty()) {
      String key = candidates.tenant() + "/" + wanted.localityKey();
      session = Rendezvous.first(candidates, key, -1) == place ? "home" : "away";
    }
    String code =
        candidates.idle(place) > 0 ? "idle" : candidates.loaded(place) ? "loaded" : "cold";
    String data = !wanted.dataNamed() ? "none" : candidates.hasData(place) ? "here" : "away";
    return new Chosen(
        candidates.leaves.get(place),
        policyName,
        session,
        code,
        data,
        candidates.load(place),
        least,
        candidates.size());
  }

  /** What the table knows of some leaves. */
  private record Known(InvokerTable table, List<NodeRecord> leaves, Wanted wanted)
      implements SchedulingPolicy.Candidates {
    @Override
    public int size() {
      return leaves.size();
    }

    @Override
    public String tenant() {
      return wanted.version().tenant();
    }

    @Override
    public String version() {
      return wanted.version().digest();
    }

    @Override
    public String localityKey() {
      return wanted.localityKey();
    }

    @Override
    public boolean dataNamed() {
      return wanted.dataNamed();
    }

    @Override
    public String node(int place) {
      return leaves.get(place).node();
    }

    @Override
    public boolean hasData(int place) {
      return wanted.data().contains(node(place));
    }

    @Override
    public boolean loaded(int place) {
      return table.warm(node(place), wanted.version());
    }

    @Override
    public int idle(int place) {
      return table.idle(node(place), wanted.version()).orElse(0);
    }

    @Override
    public int load(int place) {
      return table.load(node(place));
    }

    @Override
    public int queued(int place) {
      return table.queued(node(place));
    }
  }
}
