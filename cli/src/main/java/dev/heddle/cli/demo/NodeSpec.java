package dev.heddle.cli.demo;

import java.nio.file.Path;
import java.util.List;

/**
 * A server process of the demo.
 *
 * @param node its id, which stays the same over restarts
 * @param roles as {@code --roles} takes them
 * @param internalPort of its internal services on loopback
 * @param config its config file
 * @param directory its data
 * @param log what it writes to standard error
 * @param heap for {@code -Xmx}
 * @param vital whether the demo ends when it does
 */
record NodeSpec(
    String node,
    List<String> roles,
    int internalPort,
    Path config,
    Path directory,
    Path log,
    String heap,
    boolean vital) {
  /** Of stopping. */
  static final int TURNS = 3;

  NodeSpec {
    roles = List.copyOf(roles);
  }

  /** In which turn it is to stop, 0..2: a second gateway, what is vital, leaves. */
  int turn() {
    if (vital) {
      return 1;
    }
    return roles.contains("gateway") ? 0 : 2;
  }
}
