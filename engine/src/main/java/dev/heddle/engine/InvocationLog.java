package dev.heddle.engine;

import org.slf4j.LoggerFactory;

/** The log of one invocation, bounded. Safe for any thread: a handler may have several. */
final class InvocationLog {
  /** What a line counts besides its characters, so that empty ones have a limit, too. */
  private static final int LINE_COST = 16;

  private final FunctionRef ref;
  private final Invocation invocation;
  private final EngineMetrics metrics;
  private long left;

  InvocationLog(FunctionRef ref, Invocation invocation, long maxChars, EngineMetrics metrics) {
    this.ref = ref;
    this.invocation = invocation;
    this.left = maxChars;
    this.metrics = metrics;
  }

  synchronized void append(String line) {
    if (left <= 0) {
      return;
    }
    var kept = line.length() <= left ? line : line.substring(0, (int) left);
    left -= kept.length() + LINE_COST;
    var logger = LoggerFactory.getLogger("heddle.function." + ref.name());
    logger.info("{} line={}", origin(), oneLine(kept));
    if (kept.length() < line.length() || left <= 0) {
      left = 0;
      metrics.logCut();
      logger.warn("{} log cut: its limit is reached", origin());
    }
  }

  private String origin() {
    return "tenant=%s function=%s invocation=%s trace=%s"
        .formatted(ref.tenant(), ref.label(), invocation.id(), invocation.traceId());
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
