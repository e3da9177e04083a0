package dev.heddle.engine;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The log of one invocation, or of one query on one node, bounded. Safe for any thread: a handler
 * may have several.
 */
final class InvocationLog {
  /** What a line counts besides its characters, so that empty ones have a limit, too. */
  private static final int LINE_COST = 16;

  private static final int REPORT_LENGTH = 400;
  private static final Logger log = LoggerFactory.getLogger("heddle.function");

  private final FunctionRef ref;
  private final String id;
  private final String traceId;
  private final FunctionLogs logs;
  private final EngineMetrics metrics;
  private long left;

  InvocationLog(
      FunctionRef ref,
      String id,
      String traceId,
      long maxChars,
      FunctionLogs logs,
      EngineMetrics metrics) {
    this.ref = ref;
    this.id = id;
    this.traceId = traceId;
    this.left = maxChars;
    this.logs = logs;
    this.metrics = metrics;
  }

  synchronized void append(String line) {
    if (left <= 0) {
      return;
    }
    var kept = oneLine(line.length() <= left ? line : line.substring(0, (int) left));
    boolean cut = kept.length() < line.length();
    left -= kept.length() + LINE_COST;
    write(kept);
    if (cut || left <= 0) {
      left = 0;
      metrics.logCut();
      write("log cut: its limit is reached");
    }
  }

  private void write(String line) {
    if (!logs.append(ref, id, traceId, () -> line, line.length())) {
      metrics.logLost();
      return;
    }
    if (log.isInfoEnabled()) {
      log.info(
          "tenant={} function={} invocation={} trace={} line={}",
          ref.tenant(),
          ref.label(),
          id,
          traceId,
          line);
    }
  }

  /** Adds the line that says what the invocation came to; it has no part in the limit. */
  void report(ReportLine report) {
    if (!logs.report(ref, id, traceId, report::text, REPORT_LENGTH)) {
      metrics.logLost();
    }
    if (log.isDebugEnabled()) {
      log.debug("tenant={} {}", ref.tenant(), report.text());
    }
  }

  /** Nobody writes lines of others into the log. */
  private static String oneLine(String text) {
    var plain = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\n') {
        plain.append("\\n");
      } else {
        plain.append(Character.isISOControl(c) && c != '\t' ? ' ' : c);
      }
    }
    return plain.toString();
  }
}
