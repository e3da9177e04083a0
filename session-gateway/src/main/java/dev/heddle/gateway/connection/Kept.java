package dev.heddle.gateway.connection;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.OptionalInt;

/**
 * How many resumable connections a gateway may keep: those that are here, and those that wait for
 * their clients. A tenant may have at most three times of what is free (the dynamic threshold of
 * Choudhury and Hahne, IEEE/ACM Transactions on Networking 6(2), 1998, with α = 3): one alone gets
 * three quarters, and there is always room for the next. An app may have what it says it may have
 * connected, and as many again. Thread-safe.
 */
final class Kept {
  /** As many again as may be connected may wait for their clients. */
  private static final int WAITING = 2;

  private static final int SHARE = 3;

  private final int most;
  private final Tally tally = new Tally();

  /**
   * None yet.
   *
   * @param connections that may be connected
   */
  Kept(int connections) {
    this.most = Math.multiplyExact(WAITING, connections);
  }

  /** Those that there are, each once. */
  Tally tally() {
    return tally;
  }

  /**
   * Refuses new connections where too many are kept. Those who come at once may all be let in: they
   * are as few as may be connected.
   *
   * @param appsOwn connections that the app allows itself
   * @throws HeddleException LIMIT_REACHED
   */
  void requireRoom(String tenant, String app, OptionalInt appsOwn) {
    long free = (long) most - tally.all();
    if (free <= 0) {
      throw full(most + " here");
    }
    if (tally.ofTenant(tenant) >= SHARE * free) {
      throw full(tally.ofTenant(tenant) + " of this tenant here");
    }
    if (appsOwn.isPresent() && tally.ofApp(tenant, app) >= (long) WAITING * appsOwn.getAsInt()) {
      throw full(tally.ofApp(tenant, app) + " of app " + app + " here");
    }
  }

  private static HeddleException full(String count) {
    return new HeddleException(
        ErrorCode.LIMIT_REACHED,
        "connections: " + count + " or waiting for their clients (expected: fewer)");
  }
}
