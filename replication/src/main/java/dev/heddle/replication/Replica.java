package dev.heddle.replication;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * The state that a group's log makes. {@link #apply}, {@link #advanced} and {@link #installed} are
 * called by one thread, in log order. What {@link #apply} throws closes the group on this node, and
 * nothing else.
 */
public interface Replica {
  /**
   * Opens the state.
   *
   * @return what of the log it is known to hold durably; entries behind it are applied again
   */
  LogPosition open() throws IOException;

  /**
   * On the leader, in log order and before the entry is written: the last chance to refuse. Must be
   * quick.
   *
   * @param at where the entry will stand
   * @throws dev.heddle.process.HeddleException refuses: the proposal's future fails with it
   */
  default void proposed(Proposal proposal, LogPosition at) {}

  /**
   * Applies an entry.
   *
   * @param context the proposal's, if it was made on this node in this run
   * @return what the proposal's future gets
   */
  @Nullable Object apply(LogPosition at, byte[] data, @Nullable Object context) throws IOException;

  /** An entry of the log's own passed, such as a change of members. */
  default void advanced(LogPosition at) {}

  /** What of the log is durable now without the log. Any thread. */
  LogPosition durable();

  /**
   * On a member that is too far behind for the leader's log: fetches the leader's durable state
   * beside the present one, on threads of its own. Completes when it is on disk, with {@link
   * LogPosition#NONE} if the leader has nothing durable yet: then the log has everything. One that
   * fails is asked for again at once, so it should take its time to.
   *
   * @param leader node to fetch it from
   * @param first first entry that the leader's log still has
   */
  CompletableFuture<LogPosition> fetch(String leader, LogPosition first);

  /** Puts the fetched state in the place of the present one, and opens it. */
  LogPosition installed() throws IOException;

  /** The role, the leader or the members may have changed. Any thread; must not block. */
  default void changed() {}

  /** No more calls follow. */
  void close() throws IOException;
}
