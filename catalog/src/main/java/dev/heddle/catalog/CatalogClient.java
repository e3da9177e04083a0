package dev.heddle.catalog;

import dev.heddle.process.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/** A node's eye on the catalog. Safe for any thread. */
public interface CatalogClient extends AutoCloseable {
  /** What was last seen; never blocks. Before the first snapshot: empty, with revision -1. */
  CatalogView view();

  /** Whether a snapshot was ever seen; stays true while the server is away. */
  boolean ready();

  /**
   * Waits until the view is at {@code revision} or beyond.
   *
   * @throws dev.heddle.process.HeddleException DEADLINE_EXCEEDED if it is not by then,
   *     CATALOG_UNAVAILABLE if there was no view at all
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
   * Applies all changes or none; durable when this returns. The own view follows a little later:
   * {@link #awaitRevision}.
   *
   * @return the revision that has them
   * @throws dev.heddle.process.HeddleException REVISION_CONFLICT when an expectation does not hold,
   *     CATALOG_UNAVAILABLE when the server is away, LIMIT_REACHED, INVALID_REQUEST
   */
  long write(List<Change> changes);

  /**
   * Makes this node known and keeps it so until the close; again with another record: replaces it.
   * Returns at once: while the server is away it is tried again.
   *
   * @param ttl how long the others believe in this node after its last sign of life
   */
  void register(NodeRecord self, Duration ttl);

  /** Ends the registration and the watch. */
  @Override
  void close();
}
