package dev.heddle.engine;

import java.util.ArrayList;
import java.util.List;

/**
 * What a query or an invocation spent. Bills add up over the tree: every figure is an integer, so
 * that no unit gets lost.
 *
 * @param activeNanos time in which code ran for the request, over all nodes
 * @param cpuNanos CPU time of the threads that ran it
 * @param queueNanos time in which the request waited
 * @param memoryMibNanos active time times the memory cap in MiB, summed by part
 * @param costPicos by the rate card, in picos (10^-12) of its currency
 * @param complete whether nothing is open or unsettled
 * @param open attempts that had not settled when the answer left: {@code node/attempt}
 * @param initNanos time in which sandboxes were made; not part of the active time
 * @param parkedNanos time in which code waited for others; not part of the active time
 */
public record Bill(
    long activeNanos,
    long cpuNanos,
    long queueNanos,
    long documentsScanned,
    long bytesRead,
    long bytesSent,
    long shardOperations,
    int hedges,
    long memoryMibNanos,
    long costPicos,
    boolean complete,
    List<String> open,
    long initNanos,
    long parkedNanos) {
  public static final Bill NONE = new Bill(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, true, List.of(), 0, 0);

  private static final long MIB = 1 << 20;

  public Bill {
    open = List.copyOf(open);
  }

  /** Of things that may have spent anything; complete if there are none. */
  public static Bill open(List<String> what) {
    return new Bill(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, what.isEmpty(), what, 0, 0);
  }

  /** Of operations on single documents. */
  public static Bill operations(long count, long bytesRead) {
    return new Bill(0, 0, 0, 0, bytesRead, 0, count, 0, 0, 0, true, List.of(), 0, 0);
  }

  public Bill plus(Bill other) {
    var bothOpen = open;
    if (!other.open.isEmpty()) {
      bothOpen = new ArrayList<>(open);
      bothOpen.addAll(other.open);
    }
    return new Bill(
        activeNanos + other.activeNanos,
        cpuNanos + other.cpuNanos,
        queueNanos + other.queueNanos,
        documentsScanned + other.documentsScanned,
        bytesRead + other.bytesRead,
        bytesSent + other.bytesSent,
        shardOperations + other.shardOperations,
        hedges + other.hedges,
        memoryMibNanos + other.memoryMibNanos,
        costPicos + other.costPicos,
        complete && other.complete,
        bothOpen,
        initNanos + other.initNanos,
        parkedNanos + other.parkedNanos);
  }

  /** Only what is known by now. */
  public Bill withoutOpen() {
    return with(costPicos, true, List.of());
  }

  /** The same with another price. */
  public Bill withCost(long picos) {
    return with(picos, complete, open);
  }

  private Bill with(long costPicos, boolean complete, List<String> open) {
    return new Bill(
        activeNanos,
        cpuNanos,
        queueNanos,
        documentsScanned,
        bytesRead,
        bytesSent,
        shardOperations,
        hedges,
        memoryMibNanos,
        costPicos,
        complete,
        open,
        initNanos,
        parkedNanos);
  }

  /** Active time times memory, which is rounded up to whole MiB. */
  public static long memoryMibNanos(long activeNanos, long memoryBytes) {
    return Math.multiplyExact(activeNanos, Math.ceilDiv(memoryBytes, MIB));
  }
}
