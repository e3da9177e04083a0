package dev.heddle.catalog;

import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** A node's eye on the catalog. Safe for any thread. */
public interface CatalogClient extends AutoCloseable {
  /** What was last seen; never blocks. Before the first snapshot: empty, with revision -1. */
  CatalogView view();

  /**
   * The view, for whoever would take an empty one for the truth.
   *
   * @throws HeddleException CATALOG_UNAVAILABLE saying why nothing was seen yet
   */
  default CatalogView known() {
    if (!ready()) {
      throw new HeddleException(
          ErrorCode.CATALOG_UNAVAILABLE,
          "catalog: not seen yet by this node: " + reason() + " (expected: seen)");
    }
    return view();
  }

  /** Whether a snapshot was ever seen; stays true while the catalog is away. */
  boolean ready();

  /** Why there is no view yet, for people to read; empty once {@link #ready}. */
  String reason();

  /**
   * Waits until the view is at {@code revision} or beyond.
   *
   * @throws HeddleException DEADLINE_EXCEEDED if it is not by then, CATALOG_UNAVAILABLE if there
   *     was no view at all
   */
  CatalogView awaitRevision(long revision, Deadline deadline) throws InterruptedException;

  /**
   * Calls {@code listener} with the present view before this returns, and from then on, from one
   * thread of the client, whenever it has changed: never twice at the same time, in revision order,
   * always with the newest view, so that a slow listener skips some.
   *
   * @return ends the calls
   */
  AutoCloseable onChange(Consumer<CatalogView> listener);

  /**
   * Applies all changes or none, once; on a majority's disks when this returns. Waits for a leader
   * while there is none, within the time that the client's config and the caller's deadline leave.
   * The own view follows a little later: {@link #awaitRevision}.
   *
   * @return the revision that has them
   * @throws HeddleException REVISION_CONFLICT when an expectation does not hold,
   *     CATALOG_UNAVAILABLE when no member answers, NO_MAJORITY when those that do have no leader,
   *     DEADLINE_EXCEEDED when one takes too long, TOO_LARGE, LIMIT_REACHED, QUEUE_FULL,
   *     INVALID_REQUEST. The message says so where it is not known whether the changes will apply:
   *     read again then
   */
  long write(List<Change> changes);

  /**
   * Makes this node known and keeps it so until the close; again with another record: replaces it.
   * Returns at once: while the catalog is away it is tried again.
   *
   * @param ttl how long the others believe in this node after its last sign of life
   */
  void register(NodeRecord self, Duration ttl);

  /** Ends the registration and the watch. */
  @Override
  void close();
}
