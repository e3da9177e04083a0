package dev.heddle.coordinator.plan;

import java.util.OptionalDouble;

/**
 * What a node last told of its replica of a shard.
 *
 * @param incarnation of the shard's history
 * @param reason why it is not available; empty otherwise
 * @param leader node that it takes for the leader; empty: none
 * @param applied index of the last entry that it has applied
 * @param visible index up to which its searches see
 * @param lag entries that it knows to be committed and has not applied
 * @param segments of its view
 * @param deletedRatio part of the view's documents that is deleted, 0..1
 * @param progress of a snapshot that it fetches, 0..1; empty: it fetches none
 * @param stalenessMicros how old its view may be; 0: none newer
 */
public record ReplicaState(
    String node,
    String incarnation,
    Role role,
    boolean available,
    String reason,
    String leader,
    long term,
    long applied,
    long visible,
    long lag,
    long documents,
    int segments,
    double deletedRatio,
    OptionalDouble progress,
    long stalenessMicros) {
  /** What a segment beyond the first adds to the cost of a read. */
  private static final double SEGMENT = 0.02;

  /** Part that a replica plays in its group. */
  public enum Role {
    UNKNOWN,
    LEADER,
    FOLLOWER,
    CANDIDATE,
    /** On its way in: it may not be read yet. */
    JOINING
  }

  /** How much more a read costs here than on one segment without deleted documents; 0: nothing. */
  public double amplification() {
    return SEGMENT * Math.max(0, segments - 1) + Math.clamp(deletedRatio, 0, 1);
  }

  /** Whether searches on it see the position. */
  public boolean shows(String wantedIncarnation, long index) {
    return available && visible >= index && incarnation.equals(wantedIncarnation);
  }
}
