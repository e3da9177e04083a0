package dev.heddle.gateway.session;

import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.HazelcastInstanceAware;
import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A step on a session, on its owner's partition thread. The backup then takes what its owner has
 * made of the session, all of it: so it lacks nothing of an earlier step that never came there.
 * Each of the two writes that to its own journal, where it has one.
 */
@SuppressWarnings("serial") // Serialized by each step's own methods, never by Java serialization.
abstract class SessionStep<R extends @Nullable Object>
    implements EntryProcessor<String, SessionEntry, R>,
        IdentifiedDataSerializable,
        HazelcastInstanceAware {
  /** Where a member's user context has its journal, if it has one. */
  static final String JOURNAL = "session-journal";

  private @Nullable SessionJournal journal;
  private @Nullable AttributeCipher cipher;

  /** What the backup is to take; null: the step has changed nothing. Not sent. */
  private @Nullable KeepSession made;

  @Override
  public void setHazelcastInstance(HazelcastInstance member) {
    Map<String, Object> context = member.getUserContext();
    journal = (SessionJournal) context.get(JOURNAL);
    cipher = (AttributeCipher) context.get(ChangePositions.CIPHER);
  }

  /** Does the step. */
  abstract R step(Map.Entry<String, SessionEntry> mapEntry);

  @Override
  public final R process(Map.Entry<String, SessionEntry> mapEntry) {
    made = null;
    return step(mapEntry);
  }

  @Override
  @SuppressWarnings("unchecked") // Nobody asks what a backup answers.
  public @Nullable EntryProcessor<String, SessionEntry, R> getBackupProcessor() {
    return (EntryProcessor<String, SessionEntry, R>) (EntryProcessor<String, SessionEntry, ?>) made;
  }

  /** This member's cipher; null before the step has come to a member. */
  @Nullable AttributeCipher cipher() {
    return cipher;
  }

  /**
   * Sets the entry, of a step on one session; without an explicit time to live it would fall back
   * to the map's.
   */
  void put(
      Map.Entry<String, SessionEntry> mapEntry,
      SessionEntry entry,
      long nowMillis,
      long ttlMillis) {
    entry.expires(nowMillis + ttlMillis);
    keep(mapEntry, entry, ttlMillis);
    made = new KeepSession(entry, ttlMillis);
  }

  /** Tells the backup once more of an entry that stays as it is. */
  void repeat(SessionEntry entry, long nowMillis) {
    long ttlMillis = entry.expiresMillis() - nowMillis;
    if (ttlMillis > 0) {
      made = new KeepSession(entry, ttlMillis);
    }
  }

  /** Sets the entry, and has the journal keep it. */
  void keep(Map.Entry<String, SessionEntry> mapEntry, SessionEntry entry, long ttlMillis) {
    set(mapEntry, entry, ttlMillis);
    if (journal != null) {
      journal.keep(mapEntry.getKey(), entry);
    }
  }

  /** As {@link #put}, of what some journal has already. */
  void putKnown(Map.Entry<String, SessionEntry> mapEntry, SessionEntry entry, long ttlMillis) {
    set(mapEntry, entry, ttlMillis);
    tell(mapEntry.getKey(), entry);
  }

  private static void set(
      Map.Entry<String, SessionEntry> mapEntry, SessionEntry entry, long ttlMillis) {
    ((ExtendedMapEntry<String, SessionEntry>) mapEntry)
        .setValue(entry, ttlMillis, TimeUnit.MILLISECONDS);
  }

  /** This member's journal is to have it, if it lacks it. */
  void tell(String key, SessionEntry entry) {
    if (journal != null) {
      journal.keepOther(key, entry);
    }
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }
}
