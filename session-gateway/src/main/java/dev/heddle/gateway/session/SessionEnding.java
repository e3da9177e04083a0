package dev.heddle.gateway.session;

/** Ends cookie sessions, and with them their connections at all gateways. Blocking. */
public interface SessionEnding {
  /**
   * What an end did.
   *
   * @param ended false: there was no such session, or it had ended
   * @param complete whether all gateways know; one that does not finds out within seconds
   */
  record Ended(boolean ended, boolean complete) {}

  /**
   * Ends a session.
   *
   * @throws dev.heddle.process.HeddleException INVALID_REQUEST for what is no id, UNAVAILABLE if
   *     the grid does not answer
   */
  Ended end(String tenant, String session);

  /**
   * A session that has a new id.
   *
   * @param visit with its cookie
   * @param endConnections ends the connections of the old id; to be run once the client has been
   *     answered: who is cut off comes back at once, and should have the new cookie by then. Does
   *     not block
   */
  record Renewed(SessionStore.Visit visit, Runnable endConnections) {}

  /**
   * As {@link SessionRecords#renew}.
   *
   * @throws dev.heddle.process.HeddleException UNAVAILABLE if the grid does not answer
   */
  Renewed renew(String tenant, String session);
}
