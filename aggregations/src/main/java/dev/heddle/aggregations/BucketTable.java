package dev.heddle.aggregations;

import java.util.Arrays;

/**
 * Numbers the pairs of an outer bucket and a key as they come, and counts them. A hash table
 * without objects.
 */
final class BucketTable {
  private static final int FIRST_SLOTS = 64;
  private static final long MIX = 0x9E37_79B9_7F4A_7C15L;

  /** Numbers of buckets plus one; 0: free. At most half are taken. */
  private int[] slots = new int[FIRST_SLOTS];

  private int[] parents = new int[FIRST_SLOTS / 2];
  private long[] keys = new long[FIRST_SLOTS / 2];
  private long[] counts = new long[FIRST_SLOTS / 2];
  private int size;

  int size() {
    return size;
  }

  /** The number of the bucket; made where it is new. */
  int number(int parent, long key) {
    int slot = slot(parent, key);
    if (slots[slot] != 0) {
      return slots[slot] - 1;
    }
    if (size == keys.length) {
      grow();
      slot = slot(parent, key);
    }
    parents[size] = parent;
    keys[size] = key;
    slots[slot] = ++size;
    return size - 1;
  }

  /** The number of the bucket; -1: none. */
  int find(int parent, long key) {
    return slots[slot(parent, key)] - 1;
  }

  private int slot(int parent, long key) {
    int mask = slots.length - 1;
    long hash = (key + parent * MIX) * MIX;
    int slot = (int) (hash ^ (hash >>> 32)) & mask;
    while (slots[slot] != 0) {
      int number = slots[slot] - 1;
      if (keys[number] == key && parents[number] == parent) {
        return slot;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private void grow() {
    int capacity = 2 * keys.length;
    parents = Arrays.copyOf(parents, capacity);
    keys = Arrays.copyOf(keys, capacity);
    counts = Arrays.copyOf(counts, capacity);
    slots = new int[2 * capacity];
    for (int number = 0; number < size; number++) {
      slots[slot(parents[number], keys[number])] = number + 1;
    }
  }

  void count(int number) {
    counts[number]++;
  }

  long countOf(int number) {
    return counts[number];
  }

  long key(int number) {
    return keys[number];
  }

  /** The keys of each outer bucket below the given number, ascending. */
  long[][] keysByParent(int end) {
    var sizes = new int[end];
    for (int number = 0; number < size; number++) {
      if (parents[number] < end) {
        sizes[parents[number]]++;
      }
    }
    var grouped = new long[end][];
    for (int parent = 0; parent < end; parent++) {
      grouped[parent] = new long[sizes[parent]];
    }
    for (int number = 0; number < size; number++) {
      if (parents[number] < end) {
        int parent = parents[number];
        grouped[parent][--sizes[parent]] = keys[number];
      }
    }
    for (var of : grouped) {
      Arrays.sort(of);
    }
    return grouped;
  }

  int parentsEnd() {
    int end = 0;
    for (int number = 0; number < size; number++) {
      end = Math.max(end, parents[number] + 1);
    }
    return end;
  }
}
