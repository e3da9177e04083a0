package dev.heddle.catalog;

import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Member;
import dev.heddle.replication.RaftNode;
import dev.heddle.replication.ReplicatedGroup;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets the catalog's voters grow with the cluster, and replaces those that are lost: on the leader,
 * from the nodes that live and hold data. Looks one round at a time; one thread.
 */
final class Voters {
  private static final Logger log = LoggerFactory.getLogger(Voters.class);

  private final CatalogConfig.Replication config;
  private final RaftNode raft;
  private final CatalogMember member;
  private final CatalogMembersGrpcClient others;
  private final Ticker ticker;

  /** Since when the leader misses voters. */
  private final Map<String, Long> missing = new HashMap<>();

  /** Newcomers of changes that have failed: others come first. */
  private final Set<String> doubtful = new HashSet<>();

  /** Runs of nodes that belong to another cluster, and were told of. */
  private final Set<String> foreign = new HashSet<>();

  private List<String> newcomers = List.of();
  private long term = -1;
  private final Pace changing;
  private CompletableFuture<Void> change = CompletableFuture.completedFuture(null);

  Voters(
      CatalogConfig.Replication config,
      RaftNode raft,
      CatalogMember member,
      CatalogMembersGrpcClient others,
      Ticker ticker) {
    this.config = config;
    this.raft = raft;
    this.member = member;
    this.others = others;
    this.ticker = ticker;
    this.changing = new Pace(config.checkInterval());
  }

  /** One round: at most one change is under way, and whoever does not lead does nothing. */
  void look() {
    GroupStatus status = member.status();
    Optional<ReplicatedGroup> group = member.group();
    Optional<CatalogState> state = member.state();
    if (!status.leading() || group.isEmpty() || state.isEmpty() || !change.isDone()) {
      return;
    }
    if (status.term() != term) {
      term = status.term();
      changing.reset();
      missing.clear();
      doubtful.clear();
      foreign.clear();
    }
    if (change.isCompletedExceptionally()) {
      failed();
    }
    if (!changing.due()) {
      return;
    }
    Map<String, NodeRecord> nodes = new HashMap<>();
    Map<String, Member> live = live(state.get(), nodes);
    VoterPlan plan =
        new VoterPlan(status.members(), live, lost(status.members(), live), config.mostVoters());
    plan.next(ready(plan, nodes)).ifPresent(next -> change(group.get(), status.members(), next));
  }

  /** The nodes that could vote: those that live and replicate. */
  private Map<String, Member> live(CatalogState state, Map<String, NodeRecord> nodes) {
    Map<String, Member> live = new HashMap<>();
    for (NodeRecord node : state.nodes()) {
      if (!node.replication().isEmpty()) {
        nodes.put(node.node(), node);
        live.put(node.node(), new Member(node.node(), HostPort.parse(node.replication())));
      }
    }
    live.put(raft.name(), raft.member());
    return live;
  }

  private Set<String> lost(List<Member> voters, Map<String, Member> live) {
    long now = ticker.nanoTime();
    Set<String> names = new HashSet<>();
    missing.keySet().retainAll(names(voters));
    for (Member voter : voters) {
      if (live.containsKey(voter.node())) {
        missing.remove(voter.node());
      } else if (now - missing.computeIfAbsent(voter.node(), _ -> now)
          >= config.voterGrace().toNanos()) {
        names.add(voter.node());
      }
    }
    return names;
  }

  /** Spares whose own member is there and waits, no more than the plan needs. */
  private List<Member> ready(VoterPlan plan, Map<String, NodeRecord> nodes) {
    List<Member> ready = new ArrayList<>();
    int newcomers = plan.newcomers();
    List<Member> spares = new ArrayList<>(plan.spares());
    spares.sort(Comparator.comparing(spare -> doubtful.contains(spare.node())));
    for (Member spare : spares) {
      if (ready.size() >= newcomers) {
        break;
      }
      NodeRecord node = nodes.get(spare.node());
      if (node != null && joined(node)) {
        ready.add(spare);
      }
    }
    return ready;
  }

  private boolean joined(NodeRecord node) {
    try {
      Optional<String> own = member.cluster().map(Object::toString);
      Optional<String> theirs = others.members(node.internal()).clusterId();
      if (theirs.isPresent() && !theirs.equals(own) && foreign.add(node.incarnation())) {
        log.warn(
            "node of another cluster node={} cluster={} expected={}",
            node.node(),
            theirs.get(),
            own.orElse(""));
      }
      return theirs.equals(own);
    } catch (HeddleException e) {
      log.debug("no answer node={}", node.node(), e);
      return false;
    }
  }

  private void change(ReplicatedGroup group, List<Member> from, List<Member> to) {
    log.info("catalog voters change from={} to={}", names(from), names(to));
    newcomers = new ArrayList<>(names(to));
    newcomers.removeAll(names(from));
    change =
        group
            .change(from, to)
            .whenComplete((_, failure) -> {
              if (failure == null) {
                log.info("catalog voters changed voters={}", names(to));
              } else {
                log.warn(
                    "catalog voters not changed: trying again later to={} reason=\"{}\"",
                    names(to),
                    GrpcErrors.fromStatus(failure).getMessage());
              }
            });
  }

  /** The last change has failed: the next attempt is made later, and rather with others. */
  private void failed() {
    doubtful.addAll(newcomers);
    changing.pause(config.contactTimeout());
    change = CompletableFuture.completedFuture(null);
  }

  private static List<String> names(List<Member> members) {
    return members.stream().map(Member::node).toList();
  }
}
