package dev.heddle.cli.demo;

import java.io.IOException;
import java.util.List;

/** Starts the demo's processes; tests put in their own. */
interface Launcher {
  Child launch(NodeSpec spec) throws IOException;

  /** Whether some process has the node's data directory locked. */
  boolean locked(NodeSpec spec);

  /** The last lines that the node logged. */
  List<String> lastLines(NodeSpec spec);
}
