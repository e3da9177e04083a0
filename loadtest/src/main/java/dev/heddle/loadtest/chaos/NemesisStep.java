package dev.heddle.loadtest.chaos;

import dev.heddle.process.DurationFormat;
import java.time.Duration;

/**
 * One thing that the nemesis does.
 *
 * @param calm whether it first waits until all nodes serve and all shards take writes
 * @param delay before it acts, after that
 * @param time until a killed node starts again; or that a node is paused
 */
public record NemesisStep(
    boolean calm, Duration delay, Action action, Target target, Duration time) {
  public enum Action {
    KILL,
    PAUSE
  }

  /** Whom it hits. */
  public sealed interface Target {
    /** A node, by its place in the layout. */
    record Node(int number) implements Target {
      @Override
      public String toString() {
        return "node " + number;
      }
    }

    /** Whoever leads the shard then. */
    record Leader(int shard) implements Target {
      @Override
      public String toString() {
        return "the leader of shard " + shard;
      }
    }

    record Everyone() implements Target {
      @Override
      public String toString() {
        return "everyone";
      }
    }
  }

  @Override
  public String toString() {
    return (calm ? "when calm, " : "")
        + "after "
        + DurationFormat.format(delay)
        + (action == Action.KILL ? " kill " : " pause ")
        + target
        + " for "
        + DurationFormat.format(time);
  }
}
