package dev.heddle.gateway.session;

import com.hazelcast.nio.serialization.DataSerializableFactory;
import com.hazelcast.nio.serialization.IdentifiedDataSerializable;

/** The types that travel in the grid, by number: no class name and no Java serialization. */
final class GridTypes implements DataSerializableFactory {
  static final int FACTORY = 7_301;
  static final int ENTRY = 1;
  static final int CHANGE = 2;
  static final int TOUCH = 3;
  static final int POSITIONS = 4;
  static final int CONNECTION = 5;
  static final int STEP = 6;
  static final int STEP_RESULT = 7;
  static final int CHANNEL = 8;
  static final int CHANNEL_STEP = 9;
  static final int CHANNEL_RESULT = 10;
  static final int PRESENCE = 11;
  static final int PRESENCE_STEP = 12;
  static final int END = 13;
  static final int MERGE = 14;
  static final int PRESENCE_READ = 15;
  static final int RESTORE = 16;
  static final int KEEP = 17;

  @Override
  public IdentifiedDataSerializable create(int type) {
    return switch (type) {
      case ENTRY -> new SessionEntry();
      case CHANGE -> new ChangeSession();
      case TOUCH -> new TouchSession();
      case POSITIONS -> new ChangePositions();
      case CONNECTION -> new ConnectionEntry();
      case STEP -> new ConnectionStep();
      case STEP_RESULT -> new ConnectionStep.Result();
      case CHANNEL -> new ChannelEntry();
      case CHANNEL_STEP -> new ChannelStep();
      case CHANNEL_RESULT -> new ChannelStep.Result();
      case PRESENCE -> new PresenceEntry();
      case PRESENCE_STEP -> new PresenceStep();
      case END -> new EndSession();
      case MERGE -> new MergeSessions();
      case PRESENCE_READ -> new PresenceRead();
      case RESTORE -> new RestoreSessions();
      case KEEP -> new KeepSession();
      default -> throw new IllegalArgumentException("grid type: " + type + " (expected: 1..17)");
    };
  }
}
