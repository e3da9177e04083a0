package dev.heddle.gateway.connection;

import dev.heddle.gateway.backend.PeersGrpcClient;
import dev.heddle.gateway.backend.PeersGrpcClient.Woken;
import dev.heddle.gateway.session.ConnectionKey;
import dev.heddle.gateway.session.ConnectionTable;
import dev.heddle.gateway.session.ConnectionTable.Known;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the gateways that carry connections that there is something in the grid. One that cannot be
 * told is told again, later and later, until it is, or carries the connection no more: then whoever
 * does has looked by itself. Blocking; thread-safe.
 */
final class Wakes {
  private static final Logger log = LoggerFactory.getLogger(Wakes.class);
  private static final Duration FIRST = Duration.ofMillis(100);
  private static final Duration LONGEST = Duration.ofSeconds(5);

  /** Connections that are told again at once; for more, the next frame does it. */
  private static final int MOST = 10_000;

  /** By then its gateway is out of the grid, or the connection has moved. */
  private static final int ATTEMPTS = 30;

  private final ConnectionTable table;
  private final PeersGrpcClient peers;
  private final Set<ConnectionKey> again = ConcurrentHashMap.newKeySet();
  private final ThreadFactory threads = Threads.virtual("heddle-wake");

  Wakes(ConnectionTable table, PeersGrpcClient peers) {
    this.table = table;
    this.peers = peers;
  }

  /** Tells the carrier, waits for its answer, and sees to it that it is told if there is none. */
  Woken wake(ConnectionKey key, Known known) {
    Woken woken = peers.wake(known.carrier().address(), key);
    if (woken == Woken.NOT_TOLD && again.size() < MOST && again.add(key)) {
      threads.newThread(() -> again(key, known.epoch())).start();
    }
    return woken;
  }

  private void again(ConnectionKey key, long epoch) {
    Duration pause = FIRST;
    for (int i = 0; i < ATTEMPTS; i++) {
      LockSupport.parkNanos(pause.toNanos());
      pause = pause.multipliedBy(2).compareTo(LONGEST) < 0 ? pause.multipliedBy(2) : LONGEST;
      // Before the look: what comes after it is told by someone else.
      again.remove(key);
      if (told(key, epoch) || !again.add(key)) {
        return;
      }
    }
    again.remove(key);
    log.warn("gateway not told of frames connection={}", key.id());
  }

  private boolean told(ConnectionKey key, long epoch) {
    try {
      Known now = table.find(key).orElse(null);
      return now == null
          || !now.attached()
          || now.epoch() != epoch
          || peers.wake(now.carrier().address(), key) != Woken.NOT_TOLD;
    } catch (HeddleException e) {
      return false;
    }
  }
}
