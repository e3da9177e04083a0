package dev.heddle.shard;

import dev.heddle.replication.Role;
import java.util.OptionalDouble;

/**
 * One replica of this node.
 *
 * @param generation of its placement, as this node knows it
 * @param role OUTSIDE: on its way in; CLOSED: takes no part
 * @param leader node that it takes for the leader; empty: none
 * @param applied index of the last entry that it applied; -1: none
 * @param visible index of the last entry that its searches see
 * @param lag entries that it knows to be committed and has not applied
 * @param documents live documents
 * @param segments of the present view
 * @param deletedRatio 0..1, part of the view's documents that is deleted
 * @param stalenessMicros how old what searches see may be; 0: nothing newer can be anywhere
 * @param progress 0..1 of a state that it fetches; empty: it fetches none
 * @param view changes whenever what a searcher sees changes; 0 while unavailable
 * @param reason why it is unavailable; empty: it serves
 */
public record ShardStatus(
    String datasetId,
    int shard,
    String incarnation,
    long generation,
    Role role,
    String leader,
    long term,
    long applied,
    long visible,
    long lag,
    long documents,
    int segments,
    double deletedRatio,
    long stalenessMicros,
    OptionalDouble progress,
    long view,
    String reason) {
  public boolean available() {
    return reason.isEmpty();
  }
}
