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
      default -> throw new IllegalArgumentException("grid type: " + type + " (expected: 1..7)");
    };
  }
}
