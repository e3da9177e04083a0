package dev.heddle.shard;

import dev.heddle.shard.Marks.Mark;
import java.util.BitSet;
import java.util.List;

/**
 * The part of a text that shows best what a query found there, as HTML: all of a short text, else
 * some two hundred characters with as many different terms as possible, from a sentence's start
 * where one is near.
 */
final class Passage {
  /** Texts up to here are shown whole. */
  private static final int WHOLE = 250;

  private static final int LENGTH = 200;

  /** How far before the first mark a sentence may begin. */
  private static final int LEAD = 80;

  private static final int CONTEXT = 30;

  private Passage() {}

  /** Different terms among the marks. */
  static int terms(List<Mark> marks) {
    BitSet terms = new BitSet();
    marks.forEach(mark -> terms.set(mark.term()));
    return terms.cardinality();
  }

  /**
   * @param marks within the text, in order
   */
  static String html(String text, List<Mark> marks) {
    if (text.length() <= WHOLE) {
      return html(text, marks, 0, text.length());
    }
    int first = best(marks);
    int start = start(text, marks.isEmpty() ? 0 : marks.get(first).start());
    int end = end(text, start);
    String html = html(text, marks, start, end);
    return (start > 0 ? "… " : "") + html + (end < text.length() ? " …" : "");
  }

  /** The mark from which on a passage has most different terms; of equals, the earliest. */
  private static int best(List<Mark> marks) {
    int best = 0;
    int bestTerms = 0;
    for (int first = 0; first < marks.size(); first++) {
      BitSet terms = new BitSet();
      for (int next = first;
          next < marks.size()
              && marks.get(next).end() <= marks.get(first).start() + LENGTH - CONTEXT;
          next++) {
        terms.set(marks.get(next).term());
      }
      if (terms.cardinality() > bestTerms) {
        bestTerms = terms.cardinality();
        best = first;
      }
    }
    return best;
  }

  private static int start(String text, int mark) {
    if (mark <= LEAD) {
      return 0;
    }
    for (int at = mark - 1; at > mark - LEAD; at--) {
      if (sentenceEnds(text, at)) {
        return at + 2;
      }
    }
    return wordStart(text, mark - CONTEXT);
  }

  private static int end(String text, int start) {
    int limit = start + LENGTH;
    if (limit >= text.length()) {
      return text.length();
    }
    for (int at = Math.min(text.length() - 2, limit + CONTEXT); at > limit - LEAD; at--) {
      if (sentenceEnds(text, at)) {
        return at + 1;
      }
    }
    int end = limit;
    while (end > start + LENGTH / 2 && !Character.isWhitespace(text.charAt(end))) {
      end--;
    }
    return Character.isLowSurrogate(text.charAt(end)) ? end - 1 : end;
  }

  private static boolean sentenceEnds(String text, int at) {
    char c = text.charAt(at);
    return (c == '.' || c == '!' || c == '?')
        && at + 2 < text.length()
        && Character.isWhitespace(text.charAt(at + 1))
        && Character.isUpperCase(text.charAt(at + 2));
  }

  private static int wordStart(String text, int from) {
    int start = from;
    while (start > 0 && start > from - CONTEXT && !Character.isWhitespace(text.charAt(start - 1))) {
      start--;
    }
    return start > 0 && Character.isLowSurrogate(text.charAt(start)) ? start - 1 : start;
  }

  private static String html(String text, List<Mark> marks, int start, int end) {
    StringBuilder html = new StringBuilder(end - start + 64);
    int at = start;
    for (Mark mark : marks) {
      if (mark.start() < at || mark.end() > end) {
        continue;
      }
      escape(text, at, mark.start(), html);
      html.append("<em>");
      escape(text, mark.start(), mark.end(), html);
      html.append("</em>");
      at = mark.end();
    }
    escape(text, at, end, html);
    return html.toString();
  }

  private static void escape(String text, int start, int end, StringBuilder html) {
    for (int i = start; i < end; i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> html.append("&amp;");
        case '<' -> html.append("&lt;");
        case '>' -> html.append("&gt;");
        case '"' -> html.append("&quot;");
        case '\'' -> html.append("&#39;");
        default -> html.append(c);
      }
    }
  }
}
