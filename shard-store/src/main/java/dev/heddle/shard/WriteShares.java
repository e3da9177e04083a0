package dev.heddle.shard;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/** What each shard has of the writes that may wait, which is never all of them. Thread-safe. */
final class WriteShares {
  private final int mostWriters;
  private final int mostKibibytes;
  private final ReentrantLock lock = new ReentrantLock();

  /** By incarnation; only shards that are written to; guarded by the lock. */
  private final Map<String, Taken> taken = new HashMap<>();

  private record Taken(int writers, int kibibytes) {}

  /** Both for one shard. */
  WriteShares(int mostWriters, int mostKibibytes) {
    this.mostWriters = mostWriters;
    this.mostKibibytes = mostKibibytes;
  }

  int kibibytes() {
    return mostKibibytes;
  }

  /** Takes a write's part, to be given back; false: the shard has its share. */
  boolean tryTake(String shard, int kibibytes) {
    lock.lock();
    try {
      Taken now = taken.getOrDefault(shard, new Taken(0, 0));
      if (now.writers() == mostWriters || kibibytes > mostKibibytes - now.kibibytes()) {
        return false;
      }
      taken.put(shard, new Taken(now.writers() + 1, now.kibibytes() + kibibytes));
      return true;
    } finally {
      lock.unlock();
    }
  }

  void giveBack(String shard, int kibibytes) {
    lock.lock();
    try {
      taken.computeIfPresent(
          shard,
          (any, now) ->
              now.writers() == 1
                  ? null
                  : new Taken(now.writers() - 1, now.kibibytes() - kibibytes));
    } finally {
      lock.unlock();
    }
  }
}
