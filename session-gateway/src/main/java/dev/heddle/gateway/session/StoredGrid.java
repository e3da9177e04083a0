package dev.heddle.gateway.session;

import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/** This node's member of the grid, and its journal where it is to have one. */
final class StoredGrid implements AutoCloseable {
  private final SessionGrid grid;
  private final @Nullable SessionJournal journal;
  private final @Nullable SessionKeeper keeper;

  private StoredGrid(
      SessionGrid grid, @Nullable SessionJournal journal, @Nullable SessionKeeper keeper) {
    this.grid = grid;
    this.journal = journal;
    this.keeper = keeper;
  }

  /** Starts the member, and brings the journal's sessions back. */
  static StoredGrid start(
      String node,
      String name,
      GridConfig config,
      SessionConfig sessions,
      AttributeCipher cipher,
      JournalDisk disk,
      Clock clock,
      MeterRegistry meters) {
    if (sessions.store().isEmpty()) {
      return new StoredGrid(
          SessionGrid.start(node, name, config, sessions, cipher, null), null, null);
    }
    var journal = SessionJournal.open(sessions.store().get(), name, sessions, disk, clock);
    SessionGrid grid = null;
    try {
      grid = SessionGrid.start(node, name, config, sessions, cipher, journal);
      int members = config.others().size() + 1;
      var keeper = SessionKeeper.start(journal, grid, sessions, members, meters);
      return new StoredGrid(grid, journal, keeper);
    } catch (RuntimeException e) {
      if (grid != null) {
        grid.close();
      }
      journal.close();
      throw e;
    }
  }

  SessionGrid grid() {
    return grid;
  }

  /** The journal takes what moves until the grid is left. */
  @Override
  public void close() {
    if (keeper != null) {
      keeper.close();
    }
    grid.close();
    if (journal != null) {
      journal.close();
    }
  }
}
