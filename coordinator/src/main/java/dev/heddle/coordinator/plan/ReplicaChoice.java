package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Which replica of a shard to ask: of those that can serve the read, the cheaper one of two chosen
 * at random. What was heard too long ago counts as not known, so that a node that was slow once
 * gets another chance. Safe for many threads.
 */
public final class ReplicaChoice {
  private static final long OLD_NANOS = Duration.ofSeconds(10).toNanos();

  private final ReplicaTable table;
  private final Supplier<RandomGenerator> random;
  private final Ticker ticker;

  /**
   * Creates the choice.
   *
   * @param random of the calling thread
   */
  public ReplicaChoice(ReplicaTable table, Supplier<RandomGenerator> random, Ticker ticker) {
    this.table = table;
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
    var known = table.shard(dataset.id(), shard);
    var left = new Candidates(live.size(), known, assigned);
    for (var node : live) {
      if (!tried.contains(node.node())) {
        left.add(node);
      }
    }
    if (left.count == 0) {
      return null;
    }
    String incarnation = dataset.shards().get(shard).incarnation();
    return switch (reading.level()) {
      case ANY -> left.cheap();
      case SESSION -> {
        long index = reading.index(shard);
        yield index == 0 ? left.cheap() : left.showing(incarnation, index);
      }
      case LINEARIZABLE -> left.leaderElseCheap();
    };
  }

  /** Those that may be asked; made for one choice. */
  private final class Candidates {
    private final NodeRecord[] nodes;
    private final @Nullable ReplicaState[] states;
    private final ReplicaTable.@Nullable Shard known;
    private final ToIntFunction<NodeRecord> assigned;
    private int count;

    Candidates(int most, ReplicaTable.@Nullable Shard known, ToIntFunction<NodeRecord> assigned) {
      this.nodes = new NodeRecord[most];
      this.states = new @Nullable ReplicaState[most];
      this.known = known;
      this.assigned = assigned;
    }

    void add(NodeRecord node) {
      states[count] = known == null ? null : known.of(node.node());
      nodes[count++] = node;
    }

    /** One that shows the position; else the leader, which has it; else any. */
    NodeRecord showing(String incarnation, long index) {
      var showing = new Candidates(count, known, assigned);
      for (int i = 0; i < count; i++) {
        var state = states[i];
        if (state != null && state.shows(incarnation, index) && !table.doubtful(nodes[i].node())) {
          showing.add(nodes[i]);
        }
      }
      return showing.count > 0 ? showing.cheaper() : leaderElseCheap();
    }

    NodeRecord leaderElseCheap() {
      if (known != null && !known.leader().isEmpty() && !table.doubtful(known.leader())) {
        for (int i = 0; i < count; i++) {
          if (nodes[i].node().equals(known.leader())) {
            return nodes[i];
          }
        }
      }
      return cheap();
    }

    /** Of those that are there as far as known; of all where none is. */
    NodeRecord cheap() {
      var there = new Candidates(count, known, assigned);
      for (int i = 0; i < count; i++) {
        var state = states[i];
        if ((state == null || state.available()) && !table.doubtful(nodes[i].node())) {
          there.add(nodes[i]);
        }
      }
      return there.count > 0 ? there.cheaper() : cheaper();
    }

    private NodeRecord cheaper() {
      if (count == 1) {
        return nodes[0];
      }
      var generator = random.get();
      int one = generator.nextInt(count);
      int other = (one + 1 + generator.nextInt(count - 1)) % count;
      return cost(one) <= cost(other) ? nodes[one] : nodes[other];
    }

    private double cost(int i) {
      double service = service(i);
      var load = table.load(nodes[i].node());
      int waiting = load == null ? 0 : load.queueLength();
      var state = states[i];
      double amplification = state == null ? 0 : state.amplification();
      return (waiting + 1 + assigned.applyAsInt(nodes[i]))
          * (Double.isNaN(service) ? median() : service)
          * (1 + amplification);
    }

    /** NaN: not known. */
    private double service(int i) {
      var load = table.load(nodes[i].node());
      return load == null
              || load.serviceMicros() <= 0
              || ticker.nanoTime() - load.heardNanos() > OLD_NANOS
          ? Double.NaN
          : load.serviceMicros();
    }

    /** Of the known service times; any number where none is. */
    private double median() {
      double[] services = new double[count];
      int found = 0;
      for (int i = 0; i < count; i++) {
        double service = service(i);
        if (!Double.isNaN(service)) {
          services[found++] = service;
        }
      }
      Arrays.sort(services, 0, found);
      return found == 0 ? 1 : services[found / 2];
    }
  }
}
