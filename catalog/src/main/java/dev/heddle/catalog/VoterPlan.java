package dev.heddle.catalog;

import dev.heddle.replication.Member;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Decides who votes next: one voter, then three, then five, never an even number, one step at a
 * time. A voter that is lost gives its place to a live node before anything grows.
 *
 * @param voters of now
 * @param live nodes that could vote, voters among them, by name
 * @param lost voters that have been away for too long
 * @param most voters at most
 */
record VoterPlan(List<Member> voters, Map<String, Member> live, Set<String> lost, int most) {

  /** How many newcomers the next step takes; 0: there is no step that takes any. */
  int newcomers() {
    if (voters.isEmpty() || spares().isEmpty()) {
      return 0;
    }
    if (voters.stream().anyMatch(this::isLost)) {
      return 1;
    }
    boolean allLive = voters.stream().allMatch(voter -> live.containsKey(voter.node()));
    int wanted = allLive ? wanted() : voters.size();
    return Math.max(0, wanted - voters.size());
  }

  /** Live nodes that do not vote, by name. */
  List<Member> spares() {
    Set<String> names = Set.copyOf(voters.stream().map(Member::node).toList());
    return live.keySet().stream()
        .sorted()
        .filter(name -> !names.contains(name))
        .map(name -> Optional.ofNullable(live.get(name)))
        .flatMap(Optional::stream)
        .toList();
  }

  /**
   * The voters of the next step; empty: there is nothing to do.
   *
   * @param ready spares that can begin at once, in the order in which they are taken
   */
  Optional<List<Member>> next(Collection<Member> ready) {
    List<Member> next = new ArrayList<>(voters);
    int newcomers = newcomers();
    if (newcomers > 0 && ready.size() >= newcomers) {
      Optional<Member> gone = voters.stream().filter(this::isLost).findFirst();
      gone.ifPresent(next::remove);
      next.addAll(ready.stream().limit(newcomers).toList());
      return Optional.of(next);
    }
    // A node that has come back at another address is still the same voter.
    next.replaceAll(voter -> live.getOrDefault(voter.node(), voter));
    return next.equals(voters) ? Optional.empty() : Optional.of(next);
  }

  private boolean isLost(Member voter) {
    return lost.contains(voter.node()) && !live.containsKey(voter.node());
  }

  /** The next odd number that the live nodes allow. */
  private int wanted() {
    int next = voters.size() < 3 ? 3 : 5;
    return next <= most && live.size() >= next ? next : voters.size();
  }
}
