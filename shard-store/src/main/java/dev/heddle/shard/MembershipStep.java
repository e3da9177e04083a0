package dev.heddle.shard;

import dev.heddle.catalog.ShardPlacement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What the leader of a shard does next so that the members of its group become the placement's. */
sealed interface MembershipStep {
  /** Nothing is to be done, or nothing can be done now. */
  record Nothing() implements MembershipStep {}

  /** Makes these the members: one more or one less than before. */
  record Reconfigure(List<String> to) implements MembershipStep {}

  /** Lets another member lead: this one is to leave. */
  record HandOver(String to) implements MembershipStep {}

  /** The move is done: the catalog is to say that the shard rests on these. */
  record Settle(List<String> nodes) implements MembershipStep {}

  /**
   * The joining node comes in first and alone, then whoever else is missing; nobody goes before
   * they are in, nor where too few of the others live to agree on it, and the leader itself goes
   * last.
   *
   * @param self the leader
   * @param members present ones of the group
   * @param live nodes that can be reached, self included
   */
  static MembershipStep next(
      String self, ShardPlacement placement, List<String> members, Set<String> live) {
    boolean moving = placement.joining().isPresent() || placement.leaving().isPresent();
    List<String> wanted = wanted(placement);
    Optional<String> arriving = placement.joining().filter(node -> !members.contains(node));
    if (arriving.isPresent()) {
      return live.contains(arriving.get())
          ? reconfigured(with(members, arriving.get()), live)
          : new Nothing();
    }
    List<String> missing = wanted.stream().filter(node -> !members.contains(node)).toList();
    Optional<String> back = missing.stream().filter(live::contains).findFirst();
    if (back.isPresent()) {
      return reconfigured(with(members, back.get()), live);
    }
    if (!missing.isEmpty() && !moving) {
      // Where another one moves, that goes on: whoever else was lost is the next move's business.
      return new Nothing();
    }
    List<String> surplus = members.stream().filter(node -> !wanted.contains(node)).toList();
    if (surplus.isEmpty()) {
      return moving ? new Settle(wanted) : new Nothing();
    }
    String gone = surplus.stream().filter(node -> !node.equals(self)).findFirst().orElse(self);
    MembershipStep without =
        reconfigured(members.stream().filter(node -> !node.equals(gone)).toList(), live);
    if (!gone.equals(self) || without instanceof Nothing) {
      return without;
    }
    return wanted.stream()
        .filter(node -> members.contains(node) && live.contains(node))
        .findFirst()
        .<MembershipStep>map(HandOver::new)
        .orElseGet(Nothing::new);
  }

  /** Where the shard is to be in the end. */
  private static List<String> wanted(ShardPlacement placement) {
    List<String> wanted = new ArrayList<>(placement.nodes());
    placement.leaving().ifPresent(wanted::remove);
    placement.joining().ifPresent(wanted::add);
    return List.copyOf(wanted);
  }

  private static List<String> with(List<String> members, String node) {
    List<String> more = new ArrayList<>(members);
    more.add(node);
    return more;
  }

  /** A change that no majority of the new members accepts would block the group. */
  private static MembershipStep reconfigured(List<String> to, Set<String> live) {
    long able = to.stream().filter(live::contains).count();
    return able * 2 > to.size() ? new Reconfigure(List.copyOf(to)) : new Nothing();
  }
}
