package dev.heddle.gateway.connection;

import dev.heddle.gateway.session.ConnectionKey;
import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** The stays that are at this gateway, the newest of each connection. Thread-safe. */
final class Stays {
  private final Tally tally;
  private final Users present;
  private final ConcurrentHashMap<ConnectionKey, ResumableConnection> here =
      new ConcurrentHashMap<>();

  /**
   * None yet.
   *
   * @param tally counts them
   * @param present knows whose they are
   */
  Stays(Tally tally, Users present) {
    this.tally = tally;
    this.present = present;
  }

  /**
   * The newest stay is here, whichever of two that begin at once comes first; returns the other.
   */
  @Nullable ResumableConnection put(ResumableConnection stay) {
    var older = new AtomicReference<@Nullable ResumableConnection>();
    here.compute(
        stay.key(),
        (key, last) -> {
          if (last == null) {
            tally.add(key, stay.client().app());
            present.add(stay.client());
            return stay;
          }
          boolean newer = last.epoch() < stay.epoch();
          older.set(newer ? last : stay);
          return newer ? stay : last;
        });
    return older.get();
  }

  void leave(ResumableConnection stay) {
    // Under the key's lock, as in put: a newer stay must not find what this one is about to take
    // away.
    here.computeIfPresent(
        stay.key(),
        (key, last) -> {
          if (last != stay) {
            return last;
          }
          tally.remove(key, stay.client().app());
          present.remove(stay.client());
          return null;
        });
  }

  /** The stay of a connection; null: it has none here. */
  @Nullable ResumableConnection get(ConnectionKey key) {
    return here.get(key);
  }

  Collection<ResumableConnection> all() {
    return here.values();
  }
}
