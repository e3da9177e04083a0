package dev.heddle.cli.client;

import java.util.Optional;

/**
 * One copy of a shard, as its node tells.
 *
 * @param role leader, follower, candidate, joining or unknown
 * @param available whether it can be read
 * @param reason why it cannot
 * @param applied index of the last entry that it applied
 * @param visible index of the last entry that its searches see
 * @param lag entries that it knows to be committed and has not applied
 * @param progress 0..1 of a snapshot that it fetches; empty: it fetches none
 */
public record ReplicaInfo(
    String node,
    String role,
    boolean available,
    String reason,
    long term,
    long applied,
    long visible,
    long lag,
    long documents,
    Optional<Double> progress) {
  /** Whether the others follow it. */
  public boolean leads() {
    return role.equals("leader");
  }
}
