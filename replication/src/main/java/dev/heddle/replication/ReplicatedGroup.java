package dev.heddle.replication;

import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;

/** This node's member of a group. Safe for any thread. */
public interface ReplicatedGroup extends AutoCloseable {
  UUID id();

  GroupStatus status();

  /**
   * Writes an entry. Entries that one thread proposes to the leader stand in the log in the order
   * of the calls.
   *
   * @return fails with {@link dev.heddle.process.HeddleException}: NOT_LEADER (nothing was written;
   *     the message names the leader), NO_MAJORITY, QUEUE_FULL, STORAGE_FULL, whatever {@link
   *     Replica#proposed} threw; UNAVAILABLE: not known whether it will be written
   */
  CompletableFuture<Written> propose(Proposal proposal);

  /**
   * Waits until this member has applied everything that was acknowledged before the call, by asking
   * the leader, who asks a majority.
   *
   * @return the index up to which the replica has applied; fails with NO_MAJORITY
   */
  CompletableFuture<Long> barrier();

  /**
   * Changes the members, on the leader: new ones catch up first. Fails with REVISION_CONFLICT if
   * they are not {@code from}, NOT_LEADER, UNAVAILABLE while another change goes on.
   *
   * @param to at most half of {@code from} may be replaced in one step
   */
  CompletableFuture<Void> change(List<Member> from, List<Member> to);

  /** Asks the leader, this member, to make {@code node} the leader. */
  CompletableFuture<Void> handOver(String node);

  /**
   * Lets another member lead, if this one does and there is one that takes over within the time: so
   * that nobody has to wait until it is missed. To be called before an orderly {@link #close}.
   */
  void resign(Duration longest);

  /** Lets the log drop entries that {@link Replica#durable} covers. */
  CompletableFuture<Void> trim();

  /** Stops taking part; the files stay. */
  @Override
  void close();
}
