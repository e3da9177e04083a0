package dev.heddle.cli.terminal;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Numbers as people read them. */
public final class Figures {
  private Figures() {}

  /** {@code 33,929}. */
  public static String count(long value) {
    return String.format(Locale.ROOT, "%,d", value);
  }

  /** {@code 1 document}, {@code 2 documents}. */
  public static String count(long value, String noun) {
    return count(value) + " " + noun + (value == 1 ? "" : "s");
  }

  /** {@code 870 µs}, {@code 12.3 ms}, {@code 4.20 s}. */
  public static String micros(long micros) {
    if (micros < 1_000) {
      return micros + " µs";
    }
    if (micros < 1_000_000) {
      return String.format(Locale.ROOT, micros < 100_000 ? "%.1f ms" : "%.0f ms", micros / 1e3);
    }
    return String.format(Locale.ROOT, "%.2f s", micros / 1e6);
  }

  public static String nanos(long nanos) {
    return micros(Math.round(nanos / 1e3));
  }

  /** {@code 2026-11-22T23:15:04Z}, in UTC; as it stands where it is none in ISO-8601. */
  public static String instant(String text) {
    try {
      return Instant.parse(text).truncatedTo(ChronoUnit.SECONDS).toString();
    } catch (DateTimeParseException e) {
      return text;
    }
  }

  /** {@code 512 B}, {@code 4.1 KiB}, {@code 46.0 MiB}. */
  public static String bytes(long bytes) {
    if (bytes < 1_024) {
      return bytes + " B";
    }
    String[] units = {"KiB", "MiB", "GiB", "TiB"};
    double value = bytes / 1_024.0;
    int unit = 0;
    while (value >= 1_024 && unit < units.length - 1) {
      value /= 1_024;
      unit++;
    }
    return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
  }

  /** {@code 99.8 %}; never rounded up to {@code 100 %} or down to {@code 0 %}. */
  public static String percent(long part, long whole) {
    if (whole <= 0 || part >= whole) {
      return "100 %";
    }
    if (part <= 0) {
      return "0 %";
    }
    double percent = Math.clamp(100.0 * part / whole, 0.1, 99.9);
    return String.format(Locale.ROOT, "%.1f %%", percent);
  }

  /** The first 12 digits of a content digest: enough to tell versions apart. */
  public static String digest(String digest) {
    return digest.length() <= 12 ? digest : digest.substring(0, 12);
  }

  /** The parts, as many to a line as fit in {@code width}; a longer one has a line of its own. */
  public static List<String> lines(List<String> parts, String separator, int width) {
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < parts.size(); i++) {
      String part = parts.get(i) + (i + 1 < parts.size() ? separator : "");
      if (!line.isEmpty() && line.length() + part.stripTrailing().length() > width) {
        lines.add(line.toString().stripTrailing());
        line.setLength(0);
      }
      line.append(part);
    }
    lines.add(line.toString().stripTrailing());
    return lines;
  }

  /** At most {@code limit} characters of one line of text. */
  public static String shorten(String text, int limit) {
    String line = text.strip().replaceAll("\\s+", " ");
    return line.length() <= limit ? line : line.substring(0, Math.max(0, limit - 1)) + "…";
  }
}
