package dev.heddle.gateway.session;

import com.hazelcast.map.EntryProcessor;
import com.hazelcast.map.ExtendedMapEntry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** An entry of one member, which steps run on without a grid. For one thread. */
final class Place<V> implements ExtendedMapEntry<String, V> {
  private final String key;
  private @Nullable V value;
  private @Nullable Duration kept;

  Place(String key, @Nullable V value) {
    this.key = key;
    this.value = value;
  }

  <R extends @Nullable Object> R run(EntryProcessor<String, V, R> step) {
    kept = null;
    return step.process(this);
  }

  /** What is there; null: nothing. */
  @Nullable V value() {
    return value;
  }

  /** For how long the last step keeps it; null: it did not say. */
  @Nullable Duration kept() {
    return kept;
  }

  @Override
  public @Nullable V setValue(V next, long life, TimeUnit unit) {
    kept = Duration.of(life, unit.toChronoUnit());
    return setValue(next);
  }

  @Override
  public @Nullable V setValueWithoutChangingExpiryTime(V next) {
    return setValue(next);
  }

  @Override
  public @Nullable V setValue(V next) {
    V before = value;
    value = next;
    return before;
  }

  @Override
  public String getKey() {
    return key;
  }

  @Override
  public @Nullable V getValue() {
    return value;
  }
}
