package dev.heddle.gateway.connection;

import dev.heddle.process.DataSize;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Bounds that an app sets for itself, within those of the gateway. What is absent is the gateway's.
 *
 * @param connections of the app at once on one gateway; more: 503
 * @param message bytes of a frame or message from a client; more: close 1009
 * @param outgoing bytes that may wait for one client
 * @param resume how long a connection survives its socket; zero: connections cannot be resumed
 */
record AppLimits(
    OptionalInt connections,
    Optional<DataSize> message,
    Optional<DataSize> outgoing,
    Optional<Duration> resume) {
  static final AppLimits NONE =
      new AppLimits(OptionalInt.empty(), Optional.empty(), Optional.empty(), Optional.empty());

  /** The app's bound on messages, which a gateway's is the most of. */
  long message(DataSize gateways) {
    return least(message, gateways);
  }

  /** The app's bound on what waits for a client, which a gateway's is the most of. */
  long outgoing(DataSize gateways) {
    return least(outgoing, gateways);
  }

  /** The app's resume window, which a gateway's is the most of. */
  Duration resume(Duration gateways) {
    return resume.filter(own -> own.compareTo(gateways) < 0).orElse(gateways);
  }

  private static long least(Optional<DataSize> own, DataSize gateways) {
    return own.map(size -> Math.min(size.bytes(), gateways.bytes())).orElse(gateways.bytes());
  }
}
