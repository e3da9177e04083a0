package dev.heddle.gateway.session;

import com.hazelcast.nio.ObjectDataInput;
import com.hazelcast.nio.ObjectDataOutput;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;
import com.hazelcast.spi.merge.MergingValue;
import com.hazelcast.spi.merge.SplitBrainMergePolicy;
import org.jspecify.annotations.Nullable;

/**
 * Which of two entries of a session holds when the halves of a split grid find each other: the one
 * that says that it ended, so that no cookie that was refused is good again; else the one that was
 * changed last, so that it is the one that journals bring back, too.
 */
final class MergeSessions
    implements SplitBrainMergePolicy<SessionEntry, MergingValue<SessionEntry>, Object>,
        IdentifiedDataSerializable {

  /**
   * Decides.
   *
   * @param smaller the smaller half's
   * @param larger the larger half's; null: it has none
   */
  @Override
  public Object merge(
      MergingValue<SessionEntry> smaller, @Nullable MergingValue<SessionEntry> larger) {
    if (larger == null) {
      return smaller.getRawValue();
    }
    SessionEntry one = smaller.getDeserializedValue();
    SessionEntry other = larger.getDeserializedValue();
    boolean first = one.ended() || (!other.ended() && one.later(other));
    return first ? smaller.getRawValue() : larger.getRawValue();
  }

  @Override
  public void writeData(ObjectDataOutput out) {
    // It has no state.
  }

  @Override
  public void readData(ObjectDataInput in) {
    // It has no state.
  }

  @Override
  public int getFactoryId() {
    return GridTypes.FACTORY;
  }

  @Override
  public int getClassId() {
    return GridTypes.MERGE;
  }
}
