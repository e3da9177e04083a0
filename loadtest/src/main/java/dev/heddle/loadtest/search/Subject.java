package dev.heddle.loadtest.search;

import java.io.IOException;
import java.util.List;

/** Something that answers the queries of an experiment. Safe for any thread. */
interface Subject {
  /** As series are named. */
  String name();

  /** Its processes; empty: it runs in this one. */
  List<Long> pids();

  /**
   * Whether its scores rest on figures of all documents, so that it must rank as one index does.
   */
  boolean ranksExactly();

  /** A place for one client, with what it keeps from query to query. */
  Seat seat() throws IOException;

  /** One client's place. For one thread at a time. */
  interface Seat extends AutoCloseable {
    /**
     * Asks and waits for the whole answer.
     *
     * @param query its number
     * @throws IOException if there is no answer, or it is an error
     */
    Reply ask(int query) throws IOException, InterruptedException;

    @Override
    void close() throws IOException;
  }

  /** An answer, which is read when somebody wants to know. */
  @FunctionalInterface
  interface Reply {
    Found read() throws IOException;
  }
}
