package dev.heddle.coordinator.plan;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.process.Ticker;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * Makes a tree of a plan with many calls: no coordinator makes more than {@code fanIn} of them by
 * the plan. Beyond, calls are put into groups of at most that many, as even as may be, and each
 * group is handed to another coordinator; groups of groups, if there are that many. Of the
 * coordinators that live those with the fewest groups of this plan are asked, and among them the
 * one of two, drawn by chance, that has less to answer. Those that failed or were outrun again and
 * again are left out for a while ({@link NodeUse}). The plan stays flat where it asks {@code fanIn}
 * nodes or less, however many calls that takes, and where there are not two others to share it.
 *
 * <p>Safe for many threads.
 */
public final class Tree {
  /** Levels of calls at most. */
  public static final int MOST_LEVELS = 4;

  private final String self;
  private final int fanIn;
  private final Supplier<RandomGenerator> random;
  private final Ticker ticker;
  private final Map<String, NodeUse> uses = new ConcurrentHashMap<>();

  /**
   * Creates it.
   *
   * @param self this coordinator's node, which is handed nothing
   * @param fanIn calls that a coordinator makes by a plan at most; 0: any number
   */
  public Tree(String self, int fanIn, Supplier<RandomGenerator> random, Ticker ticker) {
    this.self = self;
    this.fanIn = fanIn;
    this.random = random;
    this.ticker = ticker;
  }

  /** This coordinator's node. */
  public String self() {
    return self;
  }

  /** What this coordinator sees of another one that it hands parts of plans to. */
  public NodeUse use(String node) {
    return uses.computeIfAbsent(node, unseen -> new NodeUse());
  }

  /** Forgets coordinators that are gone. */
  public void retain(CatalogView view) {
    uses.keySet().removeIf(node -> view.node(node).isEmpty());
  }

  /**
   * The plan as a tree, if it asks more leaves than one coordinator is to ask.
   *
   * @param coordinators that live
   */
  public Plan grow(Plan plan, List<NodeRecord> coordinators) {
    if (fanIn == 0 || plan.leaves().size() <= fanIn || nodes(plan) <= fanIn) {
      return plan;
    }
    long now = ticker.nanoTime();
    var others =
        coordinators.stream()
            .filter(node -> !node.node().equals(self) && !use(node.node()).ejected(now))
            .toList();
    if (others.size() < 2) {
      // One would have to make as many calls as this one, and be waited for besides.
      return plan;
    }
    // Where partials merge in the order of shards, groups have to be runs of them.
    var calls =
        plan.leaves().stream()
            .sorted(Comparator.comparingInt(leaf -> leaf.shards().getFirst().shard()))
            .toList();
    Map<String, Integer> assigned = new HashMap<>();
    for (int levels = 1; calls.size() > fanIn && levels < MOST_LEVELS; levels++) {
      calls = grouped(calls, others, assigned);
    }
    assigned.keySet().forEach(node -> use(node).chosen(now));
    return plan.asking(calls);
  }

  /** With a call for each shard there may be many calls to few leaves. */
  private static long nodes(Plan plan) {
    return plan.leaves().stream().map(LeafAssignment::node).distinct().count();
  }

  private List<LeafAssignment> grouped(
      List<LeafAssignment> calls, List<NodeRecord> others, Map<String, Integer> assigned) {
    int count = Math.ceilDiv(calls.size(), fanIn);
    List<LeafAssignment> groups = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      var group = calls.subList(place(calls, i, count), place(calls, i + 1, count));
      if (group.size() == 1) {
        groups.add(group.getFirst());
        continue;
      }
      var node = choose(others, assigned);
      assigned.merge(node.node(), 1, Integer::sum);
      groups.add(LeafAssignment.handing(node.node(), node.internal(), group));
    }
    return groups;
  }

  private static int place(List<LeafAssignment> calls, int group, int count) {
    return (int) ((long) calls.size() * group / count);
  }

  private NodeRecord choose(List<NodeRecord> others, Map<String, Integer> assigned) {
    int fewest = Integer.MAX_VALUE;
    for (var node : others) {
      fewest = Math.min(fewest, assigned.getOrDefault(node.node(), 0));
    }
    List<NodeRecord> free = new ArrayList<>(others.size());
    for (var node : others) {
      if (assigned.getOrDefault(node.node(), 0) == fewest) {
        free.add(node);
      }
    }
    var dice = random.get();
    var one = free.get(dice.nextInt(free.size()));
    var other = free.get(dice.nextInt(free.size()));
    return use(one.node()).outstanding() <= use(other.node()).outstanding() ? one : other;
  }

  /** Whether parts of plans may be handed to the node. */
  public static boolean mayTakeParts(NodeRecord node) {
    return node.roles().contains("coordinator");
  }
}
