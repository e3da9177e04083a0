package dev.heddle.loadtest.query;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Takes text apart. It need not do so as the dataset's analyzer does, only find whole words. */
final class Words {
  private static final int LEAST_LENGTH = 3;
  private static final Pattern WORD = Pattern.compile("[\\p{L}\\p{N}]+");

  /** Words that analyzers drop, or that match nearly everything. */
  private static final Set<String> STOP =
      Set.of(
          "about", "also", "and", "are", "been", "but", "can", "for", "from", "had", "has", "have",
          "her", "his", "into", "its", "may", "not", "one", "other", "she", "some", "such", "than",
          "that", "the", "their", "then", "there", "these", "they", "this", "two", "was", "were",
          "when", "which", "who", "will", "with");

  private Words() {}

  static boolean telling(String word) {
    return word.length() >= LEAST_LENGTH && !STOP.contains(word.toLowerCase(Locale.ROOT));
  }

  /** The telling words of a text, in order. */
  static List<String> of(String text) {
    return WORD.matcher(text).results().map(hit -> hit.group()).filter(Words::telling).toList();
  }

  /** Neighbours, each two apart by one space alone, that begin and end with a telling word. */
  static List<String> phrases(String text, int length) {
    var phrases = new ArrayList<String>();
    var run = new ArrayList<String>();
    int end = 0;
    for (var hit : WORD.matcher(text).results().toList()) {
      if (hit.start() != end + 1 || text.charAt(end) != ' ') {
        run.clear();
      }
      end = hit.end();
      run.add(hit.group());
      if (run.size() >= length) {
        var words = run.subList(run.size() - length, run.size());
        if (telling(words.getFirst()) && telling(words.getLast())) {
          phrases.add(String.join(" ", words));
        }
      }
    }
    return phrases;
  }
}
