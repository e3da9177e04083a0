package dev.heddle.coordinator.gather;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Bill;
import dev.heddle.engine.Partial;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.Coverage;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The answer as it grows. A partial is one atom: it is taken whole if the shards that it covers are
 * all part of the plan at the plan's generations and none of them is covered yet, and dropped
 * otherwise; so nothing is ever counted twice. Partials of commutative functions are merged as they
 * come, others in the order of their shards.
 */
public final class Gather {
  private final ScatterRun run;
  private final Plan plan;
  private final KnownShards known;
  private final Map<Integer, Long> planned = new HashMap<>();
  private final Set<Integer> covered = new HashSet<>();
  private final Map<Integer, Coverage.Missing> missing = new TreeMap<>();
  private final Map<Integer, Long> documents = new HashMap<>();
  private final List<Position> positions = new ArrayList<>();
  private final Set<ErrorCode> failures = new HashSet<>();
  private final List<Ordered> waiting = new ArrayList<>();

  /** Shards left out by the plan, as nothing in them can match. */
  private final Map<Integer, Plan.Skipped> skipped = new HashMap<>();

  /** Covered shards that their leaf did not search, as nothing in them could match. */
  private final Set<Integer> passed = new HashSet<>(0);

  private @Nullable Partial merged;
  private Bill bill = Bill.NONE;
  private long stalenessMicros;
  private int dropped;

  public Gather(ScatterRun run, Plan plan, KnownShards known) {
    this.run = run;
    this.plan = plan;
    this.known = known;
    for (var leaf : plan.leaves()) {
      for (var ref : leaf.shards()) {
        planned.put(ref.shard(), ref.generation());
      }
    }
    for (var left : plan.skipped()) {
      planned.put(left.shard(), left.generation());
      skipped.put(left.shard(), left);
    }
    for (var gap : plan.missing()) {
      missing.put(gap.shard(), gap);
    }
  }

  /** Shards that the plan left out are to be asked after all. */
  public void skipNone() {
    skipped.clear();
  }

  /**
   * Takes a partial in.
   *
   * @param reports about its shards; those about shards that nobody covers are left alone
   * @return whether the answer grew
   */
  public boolean accept(Atom atom, List<ShardReport> reports) {
    if (!disjoint(atom.covers())) {
      dropped++;
      return false;
    }
    merge(atom);
    for (var ref : atom.covers()) {
      covered.add(ref.shard());
      missing.remove(ref.shard());
    }
    for (var report : reports) {
      if (covered.contains(report.shard())) {
        documents.put(report.shard(), report.documents());
        positions.add(report.position());
        stalenessMicros = Math.max(stalenessMicros, report.stalenessMicros());
        if (report.skipped()) {
          passed.add(report.shard());
        }
      }
    }
    return true;
  }

  /** Whether the shard is in the answer. */
  public boolean covered(int shard) {
    return covered.contains(shard);
  }

  /**
   * Before anything counts as covered. A merge that throws may have changed what was merged before:
   * then nothing can be trusted any more, and the query fails.
   */
  private void merge(Atom atom) {
    var partial = run.decode(atom.partial());
    if (run.commutative()) {
      try {
        merged = merged == null ? partial : run.merge(merged, partial);
      } catch (HeddleException e) {
        throw new MergeFailedException(e);
      }
    } else {
      int first = atom.covers().stream().mapToInt(ShardRef::shard).min().orElseThrow();
      waiting.add(new Ordered(first, atom.partial()));
    }
  }

  /** The function's merge failed here; its cause says how. */
  public static final class MergeFailedException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient HeddleException failure;

    MergeFailedException(HeddleException failure) {
      super(failure);
      this.failure = failure;
    }

    public HeddleException failure() {
      return failure;
    }
  }

  private boolean disjoint(List<ShardRef> covers) {
    Set<Integer> own = new HashSet<>();
    for (var ref : covers) {
      Long generation = planned.get(ref.shard());
      if (generation == null
          || generation != ref.generation()
          || covered.contains(ref.shard())
          || !own.add(ref.shard())) {
        return false;
      }
    }
    return true;
  }

  /** Notes why a shard did not answer, unless it did after all. */
  public void fail(ShardRef shard, ErrorCode code, String reason, String message) {
    if (!covered.contains(shard.shard())) {
      failures.add(code);
      missing.put(shard.shard(), new Coverage.Missing(shard.shard(), reason, message));
    }
  }

  /** Notes whom a shard was asked of in vain until the deadline, unless it failed besides. */
  public void late(ShardRef shard, String message) {
    if (!covered.contains(shard.shard())) {
      missing.putIfAbsent(shard.shard(), new Coverage.Missing(shard.shard(), "deadline", message));
    }
  }

  public void spend(Bill more) {
    bill = bill.plus(more);
  }

  public Bill bill() {
    return bill;
  }

  /** Partials that were not taken because they covered shards already covered. */
  public int dropped() {
    return dropped;
  }

  /** What the views show that the answer rests on: a position each, as far as leaves named one. */
  public List<Position> positions() {
    if (skipped.isEmpty()) {
      return positions;
    }
    List<Position> all = new ArrayList<>(positions);
    for (var left : skipped.values()) {
      var summary = left.summary();
      all.add(new Position(summary.shard(), summary.incarnation(), summary.index()));
    }
    return all;
  }

  /** How old the oldest of the views may be that the answer rests on; 0: none newer. */
  public long stalenessMicros() {
    long oldest = stalenessMicros;
    for (var left : skipped.values()) {
      oldest = Math.max(oldest, left.stalenessMicros());
    }
    return oldest;
  }

  public boolean empty() {
    return covered.isEmpty();
  }

  /** What went wrong with the shards that did not answer. */
  public Set<ErrorCode> failures() {
    return Set.copyOf(failures);
  }

  /** The merged partial so far; null where nothing answered. */
  public @Nullable Partial merged() {
    if (run.commutative() || waiting.isEmpty()) {
      return merged;
    }
    waiting.sort(Comparator.comparingInt(Ordered::firstShard));
    Partial inOrder = null;
    for (var next : waiting) {
      var partial = run.decode(next.encoded());
      inOrder = inOrder == null ? partial : run.merge(inOrder, partial);
    }
    return inOrder;
  }

  /**
   * Coverage as it stands.
   *
   * @param otherwise the reason for shards that have neither answered nor failed
   */
  public Coverage coverage(String otherwise) {
    long seen = 0;
    long active = 0;
    long target = 0;
    List<Coverage.Missing> gaps = new ArrayList<>();
    for (var placement : plan.dataset().shards()) {
      int shard = placement.shard();
      var left = skipped.get(shard);
      if (left != null) {
        seen += left.summary().documents();
        active += left.summary().documents();
        target += left.summary().documents();
        continue;
      }
      long count = documents.getOrDefault(shard, known.documents(plan.dataset(), shard).orElse(0));
      target += count;
      if (covered.contains(shard)) {
        seen += count;
        active += count;
        continue;
      }
      var gap = missing.get(shard);
      if (gap == null) {
        gap = new Coverage.Missing(shard, otherwise, "no answer yet");
      }
      if (!gap.reason().equals("no_replica") && !gap.reason().equals("unreachable")) {
        active += count;
      }
      gaps.add(gap);
    }
    return new Coverage(
        seen,
        active,
        target,
        covered.size() - passed.size(),
        skipped.size() + passed.size(),
        plan.dataset().shards().size(),
        gaps);
  }

  /** A partial that awaits its turn, encoded, because merging may change partials. */
  private record Ordered(int firstShard, byte[] encoded) {}
}
