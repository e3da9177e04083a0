package dev.heddle.gateway.session;

import dev.heddle.process.DataSize;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/**
 * Cookie sessions and their limits.
 *
 * @param keys the key ring file, the same on all gateway nodes; absent: a key that lives as long as
 *     this process, for a single node only
 * @param idleTimeout a session without use ends after this
 * @param maxAge a session ends after this in any case
 * @param maxAttributes attributes a session
 * @param maxNameLength characters of an attribute's name
 * @param maxValue UTF-8 bytes of an attribute's JSON
 * @param maxTotal bytes of all names and values of a session together
 * @param patience who needs nothing of its session does not wait longer for the grid to say whether
 *     somebody has ended it
 * @param store the directory of this node's journal of sessions, which survive a restart of all
 *     gateways then; absent: they are in memory only
 * @param storeSync how often the journal is brought to disk, from 50ms
 * @param storeMax bytes of the journal; it takes as many sessions as these are KiB
 * @param storeWait how long the first gateways to start wait for the journals of the others
 * @param secureCookie whether browsers send the cookie over TLS only: for a gateway behind a TLS
 *     proxy; where this node has certificates itself, they do in any case
 */
public record SessionConfig(
    Optional<Path> keys,
    Duration idleTimeout,
    Duration maxAge,
    int maxAttributes,
    int maxNameLength,
    DataSize maxValue,
    DataSize maxTotal,
    Duration patience,
    Optional<Path> store,
    Duration storeSync,
    DataSize storeMax,
    Duration storeWait,
    boolean secureCookie) {
  public SessionConfig {
    if (idleTimeout.compareTo(Duration.ofSeconds(1)) < 0 || idleTimeout.compareTo(maxAge) > 0) {
      throw new IllegalArgumentException(
          "idle-timeout: " + idleTimeout + " (expected: at least 1s, at most max-age)");
    }
    if (maxAge.compareTo(Duration.ofDays(3650)) > 0) {
      throw new IllegalArgumentException("max-age: " + maxAge + " (expected: at most 3650d)");
    }
    if (!patience.isPositive() || patience.compareTo(Duration.ofMinutes(1)) > 0) {
      throw new IllegalArgumentException("patience: " + patience + " (expected: 1ms..1m)");
    }
    // With every change would be a wait for the disk on threads that all of the grid waits for.
    if (storeSync.compareTo(Duration.ofMillis(50)) < 0
        || storeSync.compareTo(Duration.ofMinutes(1)) > 0) {
      throw new IllegalArgumentException("store-sync: " + storeSync + " (expected: 50ms..1m)");
    }
    if (storeWait.isNegative() || storeWait.compareTo(Duration.ofMinutes(5)) > 0) {
      throw new IllegalArgumentException("store-wait: " + storeWait + " (expected: 0s..5m)");
    }
    if (storeMax.bytes() < 16 << 20) {
      throw new IllegalArgumentException("store-max: " + storeMax + " (expected: at least 16MiB)");
    }
    check("max-attributes", maxAttributes, 1_000);
    check("max-name-length", maxNameLength, 1_000);
    check("max-value", maxValue.bytes(), maxTotal.bytes());
    check("max-total", maxTotal.bytes(), 1 << 20);
  }

  /** The same, with cookies for TLS only. */
  public SessionConfig secure() {
    return new SessionConfig(
        keys,
        idleTimeout,
        maxAge,
        maxAttributes,
        maxNameLength,
        maxValue,
        maxTotal,
        patience,
        store,
        storeSync,
        storeMax,
        storeWait,
        true);
  }

  private static void check(String name, long value, long most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(name + ": " + value + " (expected: 1.." + most + ")");
    }
  }

  /** The documented defaults. */
  public static SessionConfig defaults() {
    return new SessionConfig(
        Optional.empty(),
        Duration.ofMinutes(30),
        Duration.ofDays(30),
        64,
        128,
        DataSize.parse("16KiB"),
        DataSize.parse("64KiB"),
        Duration.ofSeconds(1),
        Optional.empty(),
        Duration.ofSeconds(1),
        DataSize.parse("4GiB"),
        Duration.ofSeconds(10),
        false);
  }
}
