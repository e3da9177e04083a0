package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which replica of a shard to ask: of those that can serve the read, the one that the policy
 * prefers. What was heard too long ago counts as not known, so that a node that was slow once gets
 * another chance. Safe for many threads.
 */
public final class ReplicaChoice {
  private static final long OLD_NANOS = Duration.ofSeconds(10).toNanos();

  private final ReplicaTable table;
  private final Supplier<RandomGenerator> random;
  private final Ticker ticker;
  private final ReplicaPolicy policy;

  /**
   * Creates the choice.
   *
   * @param random of the calling thread
   */
  public ReplicaChoice(
      ReplicaTable table, ReplicaPolicy policy, Supplier<RandomGenerator> random, Ticker ticker) {
    this.table = table;
    this.policy = policy;
    this.random = random;
    this.ticker = ticker;
  }

  /**
   * The node to ask.
   *
   * @param live nodes that hold the shard
   * @param tried nodes that were asked before
   * @return null where all were tried
   */
  public @Nullable NodeRecord choose(
      DatasetRecord dataset,
      int shard,
      List<NodeRecord> live,
      Reading reading,
      Collection<String> tried) {
    return choose(dataset, shard, live, reading, tried, node -> 0);
  }

  /**
   * The node to ask, in a plan for several shards.
   *
   * @param assigned shards of the plan that the node has already
   */
  @Nullable NodeRecord choose(
      DatasetRecord dataset,
      int shard,
      List<NodeRecord> live,
      Reading reading,
      Collection<String> tried,
      ToIntFunction<NodeRecord> assigned) {
    if (live.size() == 1) {
      return tried.contains(live.getFirst().node()) ? null : live.getFirst();
    }
    var left = new Candidates(dataset, shard, live.size(), assigned);
    for (var node : live) {
      if (!tried.contains(node.node())) {
        left.add(node);
      }
    }
    if (left.count == 0) {
      return null;
    }
    String incarnation = dataset.shards().get(shard).incarnation();
    var chosen =
        switch (reading.level()) {
          case ANY -> left.cheap();
          case SESSION -> {
            long index = reading.index(shard);
            yield index == 0 ? left.cheap() : left.showing(incarnation, index);
          }
          case LINEARIZABLE -> left.leaderElseCheap();
        };
    table.use(chosen.node()).chosen(left.now);
    return chosen;
  }

  /** What is known of a shard's replicas and what each would cost now, for people. */
  public List<Considered> considered(DatasetRecord dataset, int shard, List<NodeRecord> live) {
    var all = new Candidates(dataset, shard, live.size(), node -> 0);
    live.forEach(all::add);
    List<Considered> considered = new ArrayList<>(live.size());
    for (int i = 0; i < all.count; i++) {
      considered.add(
          new Considered(
              all.node(i),
              C3Policy.cost(all, i),
              all.serviceMicros(i),
              all.overheadMicros(i),
              all.outstanding(i),
              all.queueLength(i),
              all.standing(i)));
    }
    return considered;
  }

  /**
   * A replica as a choice sees it.
   *
   * @param cost as C3 reckons it
   * @param serviceMicros NaN: not known
   * @param overheadMicros NaN: not known
   * @param standing why it may not be asked; empty: it may
   */
  public record Considered(
      String node,
      double cost,
      double serviceMicros,
      double overheadMicros,
      int outstanding,
      int queueLength,
      String standing) {}

  /** Those that may be asked; made for one choice. */
  private final class Candidates implements ReplicaPolicy.Candidates {
    private final DatasetRecord dataset;
    private final int shard;
    private final NodeRecord[] nodes;
    private final @Nullable ReplicaState[] states;
    private final NodeUse[] uses;
    private final @Nullable NodeLoad[] loads;
    private final ReplicaTable.@Nullable Shard known;
    private final @Nullable ServiceTimes services;
    private final ToIntFunction<NodeRecord> assigned;
    private final long now = ticker.nanoTime();
    private int count;

    Candidates(DatasetRecord dataset, int shard, int most, ToIntFunction<NodeRecord> assigned) {
      this.dataset = dataset;
      this.shard = shard;
      this.nodes = new NodeRecord[most];
      this.states = new @Nullable ReplicaState[most];
      this.uses = new NodeUse[most];
      this.loads = new @Nullable NodeLoad[most];
      this.known = table.shard(dataset.id(), shard);
      this.services = table.services(dataset.id());
      this.assigned = assigned;
    }

    void add(NodeRecord node) {
      states[count] = known == null ? null : known.of(node.node());
      uses[count] = table.use(node.node());
      loads[count] = table.load(node.node());
      nodes[count++] = node;
    }

    private Candidates some() {
      return new Candidates(dataset, shard, count, assigned);
    }

    /** Why the replica may not be asked unless all others may not, either; empty: it may. */
    private String standing(int i) {
      var state = states[i];
      if (state != null && !state.available()) {
        return "not available";
      }
      if (table.doubtful(nodes[i].node())) {
        return "lost";
      }
      return uses[i].ejected(now) ? "ejected" : "";
    }

    /** One that shows the position; else the leader, which has it; else any. */
    NodeRecord showing(String incarnation, long index) {
      var showing = some();
      for (int i = 0; i < count; i++) {
        var state = states[i];
        if (state != null && state.shows(incarnation, index) && standing(i).isEmpty()) {
          showing.add(nodes[i]);
        }
      }
      return showing.count > 0 ? showing.preferred() : leaderElseCheap();
    }

    NodeRecord leaderElseCheap() {
      if (known != null && !known.leader().isEmpty() && !table.doubtful(known.leader())) {
        for (int i = 0; i < count; i++) {
          if (nodes[i].node().equals(known.leader()) && mayLead(states[i])) {
            return nodes[i];
          }
        }
      }
      return cheap();
    }

    /** One that led, was opened anew and is not there yet leads nothing, whatever others heard. */
    private static boolean mayLead(@Nullable ReplicaState state) {
      return state == null || state.available() || state.role() == ReplicaState.Role.LEADER;
    }

    /** Of those that are there as far as known; of all where none is. */
    NodeRecord cheap() {
      int there = 0;
      for (int i = 0; i < count; i++) {
        if (standing(i).isEmpty()) {
          there++;
        }
      }
      if (there == 0 || there == count) {
        return preferred();
      }
      var some = some();
      for (int i = 0; i < count; i++) {
        if (standing(i).isEmpty()) {
          some.add(nodes[i]);
        }
      }
      return some.preferred();
    }

    private NodeRecord preferred() {
      if (count == 1) {
        return nodes[0];
      }
      int place = policy.choose(this, random.get());
      if (place < 0 || place >= count) {
        throw new HeddleException(
            ErrorCode.INTERNAL,
            "replica policy: chose " + place + " (expected: 0.." + (count - 1) + ")");
      }
      return nodes[place];
    }

    @Override
    public int size() {
      return count;
    }

    @Override
    public String datasetId() {
      return dataset.id();
    }

    @Override
    public int shard() {
      return shard;
    }

    @Override
    public String node(int place) {
      return nodes[place].node();
    }

    /** Of the replica where its leaf measured it of late; else of its node, times what is amiss. */
    @Override
    public double serviceMicros(int place) {
      double measured =
          services == null
              ? Double.NaN
              : services.micros(nodes[place].node(), shard, now, OLD_NANOS);
      if (!Double.isNaN(measured)) {
        return measured;
      }
      var load = loads[place];
      if (load == null || load.serviceMicros() <= 0 || now - load.heardNanos() > OLD_NANOS) {
        return Double.NaN;
      }
      var state = states[place];
      return load.serviceMicros() * (1 + (state == null ? 0 : state.amplification()));
    }

    @Override
    public double overheadMicros(int place) {
      return uses[place].overheadNanos(now, OLD_NANOS) / 1_000;
    }

    @Override
    public int outstanding(int place) {
      return uses[place].outstanding();
    }

    @Override
    public int queueLength(int place) {
      var load = loads[place];
      return load == null ? 0 : load.queueLength();
    }

    @Override
    public int assigned(int place) {
      return assigned.applyAsInt(nodes[place]);
    }
  }
}
