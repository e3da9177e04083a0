package dev.heddle.loadtest.report;

import java.util.Locale;

/** Text as it may stand in HTML and SVG. Stateless. */
final class Markup {
  private Markup() {}

  /** The text with everything escaped that has a meaning in an element or a quoted attribute. */
  static String escaped(String text) {
    var escaped = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            case '\'' -> escaped.append("&#39;");
            default -> {
              // Control characters have no place in XML at all.
              if (c >= ' ' || c == '\n' || c == '\t') {
                escaped.appendCodePoint(c);
              } else {
                escaped.append('\uFFFD');
              }
            }
          }
        });
    return escaped.toString();
  }

  /** A coordinate, to a tenth of a unit. */
  static String coordinate(double value) {
    long tenths = Math.round(value * 10);
    return tenths % 10 == 0
        ? Long.toString(tenths / 10)
        : String.format(Locale.ROOT, "%.1f", tenths / 10.0);
  }
}
