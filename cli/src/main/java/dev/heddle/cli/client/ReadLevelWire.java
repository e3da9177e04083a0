package dev.heddle.cli.client;

/** A read level as it travels. */
final class ReadLevelWire {
  private ReadLevelWire() {}

  static dev.heddle.v1.ReadLevel level(ReadLevel level) {
    return switch (level) {
      case ANY -> dev.heddle.v1.ReadLevel.READ_LEVEL_ANY;
      case SESSION -> dev.heddle.v1.ReadLevel.READ_LEVEL_SESSION;
      case LINEARIZABLE -> dev.heddle.v1.ReadLevel.READ_LEVEL_LINEARIZABLE;
    };
  }
}
