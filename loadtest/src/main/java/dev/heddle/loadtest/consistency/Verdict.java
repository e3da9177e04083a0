package dev.heddle.loadtest.consistency;

import java.util.List;

/** What the checker found out about the operations on one key. */
public sealed interface Verdict {
  String key();

  /** Some order explains all answers. */
  record Explained(String key, int operations) implements Verdict {}

  /**
   * No order explains all answers.
   *
   * @param witnesses contradict each other; without any of them there is an order
   * @param others operations of that time that do not help, or are not needed to see it
   */
  record Violation(String key, List<Operation> witnesses, int others) implements Verdict {
    public Violation {
      witnesses = List.copyOf(witnesses);
    }

    /** Lines for people; times in ms since the first witness. */
    @Override
    public String toString() {
      return WitnessText.of(this);
    }
  }

  /**
   * Not known: too many orders to try all of them.
   *
   * @param states that were looked at
   */
  record GaveUp(String key, long states) implements Verdict {
    @Override
    public String toString() {
      return "key " + key + ": not decided after " + states + " states";
    }
  }
}
