package dev.heddle.engine.wasm;

import java.util.Arrays;
import run.endive.runtime.Memory;

/**
 * Pages of 64 KiB that many instances read, of which each copies those that it writes. What its
 * copies take is lent by the node's budget. Used by one thread at a time.
 */
final class PagesOnWrite {
  static final int SHIFT = 16;
  static final int MASK = Memory.PAGE_SIZE - 1;

  /** Stands for a page that is not here: no access fits into it. */
  static final byte[] NONE = {};

  private final MemoryBudget budget;

  /** What is read: a page of the image, or a copy of its own. */
  private byte[][] read;

  /** The copies; {@link #NONE} where nothing was written. */
  private byte[][] own;

  private int copies;

  /**
   * @param image never written
   */
  PagesOnWrite(byte[][] image, MemoryBudget budget) {
    this.budget = budget;
    this.read = image.clone();
    this.own = new byte[image.length][];
    Arrays.fill(own, NONE);
  }

  int count() {
    return read.length;
  }

  /** Bytes of the copies. */
  long copiedBytes() {
    return (long) copies << SHIFT;
  }

  /** To read at an address; {@link #NONE} for a page that was let go of. */
  byte[] readable(int address) {
    return read[address >>> SHIFT];
  }

  /**
   * To write at an address of a page that was not let go of.
   *
   * @throws dev.heddle.process.HeddleException OVERLOADED when the node has no more memory
   */
  byte[] writable(int address) {
    int page = address >>> SHIFT;
    var copy = own[page];
    if (copy.length == 0) {
      // What is taken is noted, too: a module may have recursed to just before the end of its
      // stack.
      StackReserve.check();
      budget.take(Memory.PAGE_SIZE);
      copies++;
      copy = read[page].clone();
      read[page] = copy;
      own[page] = copy;
    }
    return copy;
  }

  /** Adds pages of zeros. */
  void grow(int pages) {
    int before = read.length;
    read = Arrays.copyOf(read, before + pages);
    Arrays.fill(read, before, before + pages, MemoryImage.ZERO_PAGE);
    own = Arrays.copyOf(own, before + pages);
    Arrays.fill(own, before, before + pages, NONE);
  }

  /** Lets go of the first pages, and gives back what their copies took. */
  void release(int pages) {
    for (int i = 0; i < pages; i++) {
      if (own[i].length > 0) {
        copies--;
        budget.giveBack(Memory.PAGE_SIZE);
      }
      read[i] = NONE;
      own[i] = NONE;
    }
  }

  /** Gives everything back; there are no pages after it. */
  void close() {
    budget.giveBack(copiedBytes());
    copies = 0;
    read = new byte[0][];
    own = new byte[0][];
  }
}
