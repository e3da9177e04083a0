package dev.heddle.gateway.session;

import dev.heddle.catalog.PositionToken;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What the user of one request has written and seen: the token that the request brought, and that
 * of the cookie session where it belongs to one. Owned by the request's thread.
 */
public final class UserPositions {
  private final @Nullable SessionPositions sessions;
  private final String tenant;
  private final String dataset;
  private final Optional<String> session;
  private PositionToken brought;
  private PositionToken ofSession = PositionToken.EMPTY;
  private String seen = "";
  private boolean kept = true;

  UserPositions(
      @Nullable SessionPositions sessions,
      String tenant,
      String dataset,
      Optional<String> session,
      PositionToken brought) {
    this.sessions = sessions;
    this.tenant = tenant;
    this.dataset = dataset;
    this.session = session;
    this.brought = brought;
  }

  /** Of a user of whom nothing is known, nor kept. */
  public static UserPositions none() {
    return new UserPositions(null, "", "", Optional.empty(), PositionToken.EMPTY);
  }

  /**
   * The token for a call; empty: none.
   *
   * @param withSession whether it is to have the session's positions, too: that asks the grid
   * @throws dev.heddle.process.HeddleException UNAVAILABLE if the grid does not answer
   */
  public String token(boolean withSession) {
    if (!withSession || sessions == null || session.isEmpty()) {
      return brought.toString();
    }
    ofSession = sessions.get(tenant, session.get());
    return brought.merge(ofSession).toString();
  }

  /**
   * Takes a reply's token, which joins the session's at once: whoever has got the reply can rely on
   * it at any gateway.
   */
  public void seen(String token) {
    if (token.isEmpty() || token.equals(seen)) {
      return;
    }
    seen =
        seen.isEmpty()
            ? token
            : PositionToken.parse(seen).merge(PositionToken.parse(token)).toString();
    if (sessions != null && session.isPresent()) {
      kept &= sessions.raise(tenant, session.get(), token);
    }
  }

  /** Whether the session has all that was seen; if not, only the reply's token has it. */
  public boolean kept() {
    return kept;
  }

  /**
   * Drops what the coordinator has refused as lost, here and in the session, so that the user's
   * next read works. Where this node's view of the catalog cannot tell which token is to blame,
   * both are.
   */
  public void lost() {
    if (sessions == null) {
      return;
    }
    boolean broughtLost = sessions.lost(tenant, dataset, brought);
    boolean sessionLost = sessions.lost(tenant, dataset, ofSession);
    boolean unknown = !broughtLost && !sessionLost;
    if (broughtLost || unknown) {
      brought = brought.without(brought.about(tenant, dataset));
    }
    PositionToken gone = ofSession.about(tenant, dataset);
    if ((sessionLost || unknown) && !gone.isEmpty()) {
      sessions.forget(tenant, session.orElseThrow(), gone);
      ofSession = ofSession.without(gone);
    }
  }

  /** The token of the reply; empty: there is none. */
  public String reply() {
    return seen.isEmpty() ? brought.toString() : seen;
  }
}
