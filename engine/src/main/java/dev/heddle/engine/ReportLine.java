package dev.heddle.engine;

import dev.heddle.process.DataSize;

/**
 * What the log says of every invocation at its end. It is kept, so it holds on to nothing large.
 *
 * @param bill of the function itself, without what it called
 * @param shardOperations of what it called
 * @param outcome {@code ok} or the name of an error
 */
record ReportLine(
    String label,
    String version,
    String invocationId,
    String traceId,
    int depth,
    long memoryBytes,
    Bill bill,
    long shardOperations,
    String outcome) {

  static ReportLine of(
      FunctionRef function,
      Invocation invocation,
      long memoryBytes,
      Bill bill,
      Bill children,
      String outcome) {
    return new ReportLine(
        function.label(),
        function.version().map(version -> version.digest()).orElse(""),
        invocation.id(),
        invocation.trace().traceId(),
        invocation.depth(),
        memoryBytes,
        bill,
        children.shardOperations(),
        outcome);
  }

  String text() {
    return "REPORT invocation="
        + invocationId
        + " function="
        + label
        + " version="
        + version
        + " init="
        + bill.initNanos()
        + "ns queue="
        + bill.queueNanos()
        + "ns active="
        + bill.activeNanos()
        + "ns parked="
        + bill.parkedNanos()
        + "ns cpu="
        + bill.cpuNanos()
        + "ns memory="
        + new DataSize(memoryBytes)
        + " charged="
        + bill.memoryMibNanos()
        + "MiB·ns shardOperations="
        + shardOperations
        + " bytesIn="
        + bill.bytesRead()
        + " bytesOut="
        + bill.bytesSent()
        + " depth="
        + depth
        + " trace="
        + traceId
        + " outcome="
        + outcome
        + (bill.complete() ? "" : " complete=false");
  }
}
