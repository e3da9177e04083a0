package dev.heddle.cli.node;

import java.util.Locale;

/** What a node does. */
public enum Role {
  GATEWAY,
  COORDINATOR,
  LEAF;

  /** As it stands on command lines and in the catalog. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
