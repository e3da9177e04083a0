package dev.heddle.loadtest.consistency;

import java.util.BitSet;

/**
 * A set of indexes that mostly are the first ones. Immutable; as small as what lies beyond them.
 *
 * @param below all smaller indexes are in the set, this one is not
 * @param more indexes beyond, counted from {@code below}; not changed
 */
record IndexSet(int below, BitSet more) {
  static final IndexSet NONE = new IndexSet(0, new BitSet());

  boolean contains(int index) {
    return index < below || more.get(index - below);
  }

  IndexSet with(int index) {
    var bits = (BitSet) more.clone();
    bits.set(index - below);
    int first = bits.nextClearBit(0);
    return first == 0
        ? new IndexSet(below, bits)
        : new IndexSet(below + first, bits.get(first, Math.max(first, bits.length())));
  }
}
