package dev.heddle.loadtest.gateway;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * Frames that were pushed to one connection, by number from 0 on, and those that it got. What was
 * accepted must come, once and in order; of what has no answer, nobody knows. Thread-safe.
 */
final class PushAudit {
  private final BitSet accepted = new BitSet();
  private final List<Integer> got = new ArrayList<>();
  private int pushed;

  /** The number of the next frame to push. */
  synchronized int next() {
    return pushed++;
  }

  /** The gateway has taken this frame. */
  synchronized void accepted(int number) {
    accepted.set(number);
  }

  /** The client has this frame. */
  synchronized void got(int number) {
    got.add(number);
  }

  /** Whether everything has come that must. */
  synchronized boolean whole() {
    var missing = (BitSet) accepted.clone();
    got.forEach(missing::clear);
    return missing.isEmpty();
  }

  synchronized int acceptedCount() {
    return accepted.cardinality();
  }

  /** Frames that nobody knows of. */
  synchronized int unknown() {
    return pushed - accepted.cardinality();
  }

  /** What was wrong; empty: nothing. */
  synchronized List<String> findings() {
    var findings = new ArrayList<String>();
    var missing = (BitSet) accepted.clone();
    int last = -1;
    for (int number : got) {
      if (number < 0 || number >= pushed) {
        findings.add("frame " + number + ": never pushed");
        continue;
      }
      if (number <= last) {
        findings.add("frame " + number + " after " + last + ": twice, or out of order");
      }
      last = Math.max(last, number);
      missing.clear(number);
    }
    if (!missing.isEmpty()) {
      findings.add(
          "%d accepted frames never came, the first of them %d"
              .formatted(missing.cardinality(), missing.nextSetBit(0)));
    }
    return findings;
  }
}
