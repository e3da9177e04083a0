package dev.heddle.engine.wasm;

import java.util.Arrays;
import java.util.BitSet;
import run.endive.runtime.Memory;

/** What a module's memory holds before it runs, in pages that its instances share. */
final class MemoryImage {
  /** Stands for every page without content. */
  static final byte[] ZERO_PAGE = new byte[Memory.PAGE_SIZE];

  private MemoryImage() {}

  /** Pages that nobody may write. */
  static byte[][] of(ModuleLayout layout) {
    var pages = new byte[layout.memoryPages()][];
    Arrays.fill(pages, ZERO_PAGE);
    for (var segment : layout.data()) {
      copy(segment, pages);
    }
    return pages;
  }

  /** What the pages that have content take. */
  static long bytes(ModuleLayout layout) {
    var touched = new BitSet();
    for (var segment : layout.data()) {
      if (segment.bytes().length > 0) {
        int last = segment.address() + segment.bytes().length - 1;
        touched.set(segment.address() / Memory.PAGE_SIZE, last / Memory.PAGE_SIZE + 1);
      }
    }
    return (long) touched.cardinality() * Memory.PAGE_SIZE;
  }

  private static void copy(ModuleLayout.Data segment, byte[][] pages) {
    var bytes = segment.bytes();
    int done = 0;
    while (done < bytes.length) {
      int at = segment.address() + done;
      int page = at / Memory.PAGE_SIZE;
      int within = at % Memory.PAGE_SIZE;
      if (untouched(pages[page])) {
        pages[page] = new byte[Memory.PAGE_SIZE];
      }
      int chunk = Math.min(bytes.length - done, Memory.PAGE_SIZE - within);
      System.arraycopy(bytes, done, pages[page], within, chunk);
      done += chunk;
    }
  }

  /** Whether it is the page of zeros that all share. */
  @SuppressWarnings("ReferenceEquality")
  static boolean untouched(byte[] page) {
    return page == ZERO_PAGE;
  }
}
