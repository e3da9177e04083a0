package dev.heddle.coordinator.gather;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.KnownShards;
import dev.heddle.coordinator.plan.Plan;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.LeafReply.Atom;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.Bill;
import dev.heddle.engine.MissingReason;
import dev.heddle.engine.Partial;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.Bound;
import dev.heddle.function.Coverage;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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

  /** Encoded bytes of what is in {@link #merged}. */
  private long mergedBytes;

  /** What those weigh that wait to be merged. */
  private long waitingBytes;

  /** Why shards failed that are missing. */
  private final Map<Integer, ErrorCode> causes = new HashMap<>(0);

  /** About covered shards. */
  private final Map<Integer, ShardReport> reports = new HashMap<>();

  private final List<Ordered> waiting = new ArrayList<>();

  /**
   * Shards left out by the plan, as nothing in them can match. That holds also where they are asked
   * after all, for figures: until one answers, what is known of it counts.
   */
  private final Map<Integer, Plan.Skipped> skipped = new HashMap<>();

  /** Covered shards that their leaf did not search, as nothing in them could match. */
  private final Set<Integer> passed = new HashSet<>(0);

  /** What is in the answer, where it may have to be put aside; else what is trimmed of it. */
  private final List<Taken> taken = new ArrayList<>(0);

  /** Trimmed partials whose shards are asked for more hits. */
  private final List<Taken> aside = new ArrayList<>(0);

  /** What {@link #whatLacks} found; null: the answer has changed since. */
  private @Nullable List<Taken> lacking;

  /** The strongest bar of what came; and what is certain of others besides what came here. */
  private Bound heeded = Bound.NONE;

  private Bound outdone = Bound.NONE;

  private boolean keeping;
  private @Nullable Partial merged;
  private Bill bill = Bill.NONE;
  private int dropped;

  public Gather(ScatterRun run, Plan plan, KnownShards known) {
    this.run = run;
    this.plan = plan;
    this.known = known;
    run.weigh();
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

  /** Calls are asked for fewer hits than the query: {@link #putAside} needs what came. */
  public void keepAtoms() {
    keeping = true;
  }

  /** Whether the function may give a bound, and says what holds where that has gone. */
  public boolean bounds() {
    return run.bounds() && run.commutative() && run.trims();
  }

  /** What is to come must reach it to make a difference, by what was merged. */
  public Bound bound() {
    var all = merged;
    return all == null ? Bound.NONE : run.bound(all);
  }

  /** Whoever merges this with others' knows of so much there. */
  public void outdone(Bound others) {
    outdone = outdone.raised(others);
    lacking = null;
  }

  /** Whether {@link #keepAtoms} was said. */
  public boolean keepsAtoms() {
    return keeping;
  }

  /** As {@link #accept(Atom, List, int)}, of a call that was asked for all hits. */
  public boolean accept(Atom atom, List<ShardReport> reports) {
    return accept(atom, reports, 0);
  }

  /**
   * Takes a partial in.
   *
   * @param reports about its shards; those about others are left alone
   * @param hits that were asked for; 0: as many as the query asks for
   * @return whether the answer grew
   */
  public boolean accept(Atom atom, List<ShardReport> reports, int hits) {
    if (!disjoint(atom.covers())) {
      dropped++;
      return false;
    }
    merge(atom);
    put(new Taken(atom, reports, hits));
    return true;
  }

  /** It is in the answer, or its partial is about to be. */
  private void put(Taken one) {
    lacking = null;
    heeded = heeded.raised(one.atom.bar());
    if (keeping || one.atom.cut()) {
      taken.add(one);
    }
    for (int shard : one.shards) {
      covered.add(shard);
      missing.remove(shard);
    }
    for (var report : one.reports) {
      if (one.covers(report.shard())) {
        this.reports.put(report.shard(), report);
        if (report.skipped()) {
          passed.add(report.shard());
        }
      }
    }
  }

  /** Its shards are covered no more; its partial is in what was merged, still. */
  private void drop(Taken one) {
    lacking = null;
    taken.remove(one);
    covered.removeAll(one.shards);
    passed.removeAll(one.shards);
    reports.keySet().removeAll(one.shards);
  }

  private void mergeAnew() {
    lacking = null;
    merged = null;
    mergedBytes = 0;
    for (var one : taken) {
      mergedBytes += one.atom.partial().length;
      var partial = run.decode(one.atom.partial());
      merged = merged == null ? partial : run.merge(merged, partial);
    }
  }

  private Partial decoded(Taken one) {
    var known = one.decoded;
    if (known == null) {
      known = run.decode(one.atom.partial());
      one.decoded = known;
    }
    return known;
  }

  private List<Taken> whatLacks() {
    var all = merged;
    if (all == null || taken.isEmpty()) {
      return List.of();
    }
    var found = lacking;
    if (found == null) {
      var sure = heeded.equals(Bound.NONE) ? outdone : outdone.raised(run.bound(all));
      found =
          taken.stream()
              .filter(one -> one.misled(sure) || (one.trimmed() && lacks(all, one)))
              .toList();
      lacking = found;
    }
    return found;
  }

  private boolean lacks(Partial all, Taken one) {
    boolean lacks = run.lacks(all, decoded(one), one.atom.cut() ? 0 : one.hits);
    if (!lacks) {
      one.decoded = null;
    }
    return lacks;
  }

  /**
   * Partials in the answer that were asked for fewer hits than it may need of them.
   *
   * @throws HeddleException where the function fails to say
   */
  public List<Atom> lacking() {
    return whatLacks().stream().map(one -> one.atom).toList();
  }

  /**
   * Puts partials aside that are in the answer, as their shards are asked again: nobody covers them
   * until then.
   *
   * @throws HeddleException where the function fails to merge what is left
   */
  public void putAside(Collection<Atom> atoms) {
    if (!keeping) {
      throw new IllegalStateException("atoms are not kept");
    }
    Set<Atom> going = Collections.newSetFromMap(new IdentityHashMap<>());
    going.addAll(atoms);
    for (var one : taken.stream().filter(one -> going.contains(one.atom)).toList()) {
      drop(one);
      aside.add(one);
    }
    mergeAnew();
  }

  /**
   * Puts a partial aside that came while its shards, or some, are asked for more hits.
   *
   * @throws HeddleException where it is no partial of the function
   */
  public void shelve(Atom atom, List<ShardReport> reports, int hits) {
    if (keeping && planned(atom.covers())) {
      var _ = run.decode(atom.partial());
      aside.add(new Taken(atom, reports, hits));
    }
  }

  /**
   * Nothing is to come any more: what was put aside is taken after all where nothing has come in
   * its place, or only for a part of its shards.
   *
   * @throws HeddleException where the function fails to merge
   */
  public void restore() {
    boolean changed = false;
    for (var one : aside) {
      var there =
          taken.stream().filter(other -> !Collections.disjoint(one.shards, other.shards)).toList();
      boolean replaced = covered.containsAll(one.shards);
      if (!replaced && there.stream().allMatch(other -> other.within(one))) {
        there.forEach(this::drop);
        put(one);
        changed = true;
      }
    }
    aside.clear();
    if (changed) {
      mergeAnew();
    }
  }

  /**
   * Whoever asks further asks for what is aside, too: that its shards failed when they were asked
   * again says nothing of them.
   */
  public void reopenAside() {
    aside.stream().flatMap(one -> one.atom.covers().stream()).forEach(this::reopen);
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
      lacking = null;
      mergedBytes += atom.partial().length;
      try {
        merged = merged == null ? partial : run.merge(merged, partial);
      } catch (HeddleException e) {
        throw new MergeFailedException(e);
      }
    } else {
      waiting.add(Ordered.of(atom));
      // What they become is merged at the end, when nothing is weighed any more.
      waitingBytes += HeldBytes.of(atom) + (long) Taken.UNWEIGHED * atom.partial().length;
    }
  }

  /** What all this takes of the heap, in bytes. */
  public long held() {
    long sum = HeldBytes.SHARD * planned.size() + HeldBytes.REPORT * reports.size() + waitingBytes;
    if (merged != null) {
      sum += Taken.weight(merged, mergedBytes);
    }
    if (run.commutative()) {
      sum += Taken.held(taken) + Taken.held(aside);
    }
    return sum;
  }

  private boolean disjoint(List<ShardRef> covers) {
    for (var ref : covers) {
      if (covered.contains(ref.shard())) {
        return false;
      }
    }
    return planned(covers);
  }

  /** Whether all are part of the plan, each once. */
  private boolean planned(List<ShardRef> covers) {
    Set<Integer> own = new HashSet<>();
    for (var ref : covers) {
      Long generation = planned.get(ref.shard());
      if (generation == null || generation != ref.generation() || !own.add(ref.shard())) {
        return false;
      }
    }
    return true;
  }

  /** Notes why a shard did not answer, unless it did after all. */
  public void fail(ShardRef shard, ErrorCode code, String reason, String message) {
    if (!covered.contains(shard.shard())) {
      causes.put(shard.shard(), code);
      missing.put(shard.shard(), new Coverage.Missing(shard.shard(), reason, message));
    }
  }

  /** What failed is asked of someone else, who may still answer. */
  public void reopen(ShardRef shard) {
    missing.remove(shard.shard());
    causes.remove(shard.shard());
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
    List<Position> all = new ArrayList<>(reports.size() + skipped.size());
    reports.values().forEach(report -> all.add(report.position()));
    for (var left : leftOut()) {
      var summary = left.summary();
      all.add(new Position(summary.shard(), summary.incarnation(), summary.index()));
    }
    return all;
  }

  /** How old the oldest of the views may be that the answer rests on; 0: none newer. */
  public long stalenessMicros() {
    long oldest = 0;
    for (var report : reports.values()) {
      oldest = Math.max(oldest, report.stalenessMicros());
    }
    for (var left : leftOut()) {
      oldest = Math.max(oldest, left.stalenessMicros());
    }
    return oldest;
  }

  /** Those that the plan left out and that have not answered. */
  private List<Plan.Skipped> leftOut() {
    return skipped.values().stream().filter(left -> !covered.contains(left.shard())).toList();
  }

  public boolean empty() {
    return covered.isEmpty();
  }

  /** What went wrong with the shards that did not answer. */
  public Set<ErrorCode> failures() {
    return Set.copyOf(causes.values());
  }

  /**
   * The merged partial so far; null where nothing answered. Where some of it is {@link #lacking}
   * something, it ends there.
   */
  public @Nullable Partial merged() {
    if (run.commutative() || waiting.isEmpty()) {
      var held = merged;
      for (var one : whatLacks()) {
        held = run.cut(Objects.requireNonNull(held), decoded(one), one.atom.bar());
      }
      return held;
    }
    waiting.sort(Ordered.BY_SHARD);
    return inOrder(waiting);
  }

  /** Whether {@link #merged} ends early. */
  public boolean cut() {
    return !whatLacks().isEmpty();
  }

  private @Nullable Partial inOrder(List<Ordered> atoms) {
    Partial inOrder = null;
    for (var next : atoms) {
      var partial = run.decode(next.atom().partial());
      inOrder = inOrder == null ? partial : run.merge(inOrder, partial);
    }
    return inOrder;
  }

  /**
   * What was merged so far, to be merged with others' elsewhere: one partial if the function's may
   * be merged in any order; else one for each run of shards that follow one another, so that what
   * is missing between them still finds its place.
   *
   * @throws HeddleException FUNCTION_MERGE_FAILED, FUNCTION_RESULT_TOO_LARGE
   */
  public List<Atom> atoms() {
    if (run.commutative()) {
      var held = merged();
      return held == null
          ? List.of()
          : List.of(new Atom(refs(covered), run.encode(held), cut(), owed(held)));
    }
    waiting.sort(Ordered.BY_SHARD);
    List<Atom> runs = new ArrayList<>();
    int from = 0;
    for (int next = 1; next <= waiting.size(); next++) {
      if (next == waiting.size() || !waiting.get(next).follows(waiting.get(next - 1))) {
        runs.add(together(waiting.subList(from, next)));
        from = next;
      }
    }
    return runs;
  }

  /** What others must have found so that this lacks nothing. */
  private Bound owed(Partial held) {
    return heeded.equals(Bound.NONE) || run.bound(held).compareTo(heeded) >= 0
        ? Bound.NONE
        : heeded;
  }

  private Atom together(List<Ordered> atoms) {
    if (atoms.size() == 1) {
      return atoms.getFirst().atom();
    }
    var covers = atoms.stream().flatMap(one -> one.atom().covers().stream()).toList();
    return new Atom(covers, run.encode(Objects.requireNonNull(inOrder(atoms))));
  }

  private List<ShardRef> refs(Collection<Integer> shards) {
    return shards.stream()
        .sorted()
        .map(shard -> new ShardRef(shard, Objects.requireNonNull(planned.get(shard))))
        .toList();
  }

  /** Shards of the plan that have neither answered nor failed. */
  public List<ShardRef> open() {
    return refs(
        planned.keySet().stream()
            .filter(shard -> !covered.contains(shard) && !missing.containsKey(shard))
            .toList());
  }

  /** Shards of the plan that are missing, and why. */
  public List<ShardFailure> gaps() {
    List<ShardFailure> gaps = new ArrayList<>(missing.size());
    missing.forEach((shard, gap) -> {
      Long generation = planned.get(shard);
      if (generation != null) {
        gaps.add(
            new ShardFailure(
                new ShardRef(shard, generation),
                causes.getOrDefault(shard, ErrorCode.DEADLINE_EXCEEDED),
                gap.reason(),
                gap.message()));
      }
    });
    return gaps;
  }

  /** About shards that are in the answer. */
  public Collection<ShardReport> reports() {
    return Collections.unmodifiableCollection(reports.values());
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
    var counts = known.of(plan.dataset());
    for (var placement : plan.dataset().shards()) {
      int shard = placement.shard();
      var left = skipped.get(shard);
      if (left != null && !covered.contains(shard)) {
        seen += left.summary().documents();
        active += left.summary().documents();
        target += left.summary().documents();
        continue;
      }
      var report = reports.get(shard);
      long count = report == null ? counts.documents(shard).orElse(0) : report.documents();
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
      if (!gap.reason().equals(MissingReason.NO_REPLICA) && !gap.reason().equals("unreachable")) {
        active += count;
      }
      gaps.add(gap);
    }
    return new Coverage(
        seen,
        active,
        target,
        covered.size() - passed.size(),
        leftOut().size() + passed.size(),
        plan.dataset().shards().size(),
        gaps);
  }
}
