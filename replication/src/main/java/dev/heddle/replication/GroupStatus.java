package dev.heddle.replication;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A group as this member sees it.
 *
 * @param leading whether it leads and has applied everything of earlier terms: only then it takes
 *     proposals
 * @param leader node that it takes for the leader; empty: none known
 * @param committed index of the last entry that it knows a majority to have; more than it may have
 *     itself. After a change of the leader, and while a state is fetched, it is not known yet how
 *     much that is: only {@link ReplicatedGroup#barrier} tells
 * @param applied index of the last entry that its replica has applied
 * @param last index of the last entry of its log
 * @param silence since the leader was last heard of; on the leader since a majority was: until then
 *     nobody else can have led
 * @param members of the present configuration, by name
 * @param failure why the role is CLOSED, where that is known; empty otherwise
 */
public record GroupStatus(
    Role role,
    boolean leading,
    Optional<String> leader,
    long term,
    long committed,
    long applied,
    long last,
    Duration silence,
    List<Member> members,
    String failure) {
  public GroupStatus {
    members = List.copyOf(members);
  }
}
