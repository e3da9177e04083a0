package dev.heddle.cli.terminal;

import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.Locale;

/**
 * How far a long job is, on standard error: a bar that is drawn again on a terminal, a line a
 * second elsewhere. Thread safe.
 */
public final class Progress implements AutoCloseable {
  private static final Duration REDRAW = Duration.ofMillis(100);
  private static final Duration NEXT_LINE = Duration.ofSeconds(1);
  private static final int BAR = 24;

  private final Console console;
  private final Ticker ticker;
  private final String what;
  private final Unit unit;
  private final long startedAt;
  private long drawnAt;

  /** What was shown last; -1: nothing. */
  private long drawn = -1;

  private long done;
  private long total;
  private int drawnWidth;
  private boolean closed;

  /** What is counted. */
  public enum Unit {
    DOCUMENTS,
    BYTES
  }

  /**
   * @param what the job in a word or two: {@code indexed}
   */
  public Progress(Console console, Ticker ticker, String what, Unit unit) {
    this.console = console;
    this.ticker = ticker;
    this.what = what;
    this.unit = unit;
    this.startedAt = ticker.nanoTime();
    this.drawnAt = startedAt;
  }

  /**
   * Notes how far the job is, and shows it when the last showing is long enough ago.
   *
   * @param total 0 where it is not known
   */
  public synchronized void update(long done, long total) {
    this.done = done;
    this.total = total;
    Duration pause = console.errTerminal() ? REDRAW : NEXT_LINE;
    long now = ticker.nanoTime();
    // Where lines stay, one that says the same again is noise.
    boolean news = console.errTerminal() || done != drawn;
    if (!closed && news && now - drawnAt >= pause.toNanos()) {
      drawnAt = now;
      draw();
    }
  }

  /** Shows the last state and ends the line. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    draw();
    if (console.errTerminal()) {
      console.err().println();
      console.err().flush();
    }
  }

  private void draw() {
    drawn = done;
    String line = line(what, unit, done, total, ticker.nanoTime() - startedAt);
    if (!console.errTerminal()) {
      console.note(line);
      return;
    }
    // What is left of a longer line is painted over.
    String rest = " ".repeat(Math.max(0, drawnWidth - line.length()));
    drawnWidth = line.length();
    console.err().print("\r" + line + rest);
    console.err().flush();
  }

  static String line(String what, Unit unit, long done, long total, long nanos) {
    StringBuilder line = new StringBuilder(what).append(' ').append(amount(unit, done));
    if (total > 0) {
      line.append('/').append(amount(unit, total));
    }
    line.append(unit == Unit.DOCUMENTS ? " documents" : "");
    if (total > 0) {
      int filled = (int) (BAR * Math.min(done, total) / total);
      line.append(" [").append("#".repeat(filled)).append("-".repeat(BAR - filled)).append("] ");
      line.append(String.format(Locale.ROOT, "%3d %%", 100 * Math.min(done, total) / total));
    }
    if (nanos > 0) {
      double perSecond = done * 1e9 / nanos;
      line.append(", ");
      line.append(
          unit == Unit.DOCUMENTS
              ? Figures.count(Math.round(perSecond)) + " docs/s"
              : Figures.bytes(Math.round(perSecond)) + "/s");
    }
    return line.toString();
  }

  private static String amount(Unit unit, long value) {
    return unit == Unit.DOCUMENTS ? Figures.count(value) : Figures.bytes(value);
  }
}
