package dev.heddle.engine.wasm;

import com.sun.management.HotSpotDiagnosticMXBean;
import java.lang.management.ManagementFactory;

/**
 * What arrays of bytes take of the heap. With G1, one of half a region or more is humongous: it has
 * whole regions for itself.
 *
 * @param bytes of a region; 0: the collector has none
 */
record HeapRegions(long bytes) {
  /** Of an array, besides its elements. */
  private static final int HEADER = 16;

  /** Of the collector at work. */
  static HeapRegions ofThisProcess() {
    var options = ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class);
    boolean regions =
        options != null && Boolean.parseBoolean(options.getVMOption("UseG1GC").getValue());
    return new HeapRegions(
        regions ? Long.parseLong(options.getVMOption("G1HeapRegionSize").getValue()) : 0);
  }

  /** What an array of so many bytes takes. */
  long taken(int length) {
    long all = (long) length + HEADER;
    return bytes == 0 || all < bytes / 2 ? length : (all + bytes - 1) / bytes * bytes;
  }
}
