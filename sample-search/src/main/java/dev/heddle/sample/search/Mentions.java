package dev.heddle.sample.search;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds the articles that a text names. A dictionary of names, filled by {@link #add} and then only
 * read: the longest name at each place wins, words compare exactly, but for the first letter, which
 * may be small as in the middle of a sentence ("the association football club").
 *
 * <p>Names of a single word are taken only if they are capitalised, do not start the sentence,
 * stand beside no other capitalised word, and mean an article of high rank: "Reading" is a town,
 * and more often not.
 */
final class Mentions {
  /** Names in a text beyond this many are left out. */
  static final int MAX = 15;

  /** About the best twelfth of the articles. */
  static final double SINGLE_WORD_RANK = 0.55;

  private static final int MAX_WORDS = 8;
  private static final int MIN_SINGLE = 3;

  /** Words with inner points, hyphens, apostrophes ("U.S.", "Rhône-Alpes"), and what parts them. */
  private static final Pattern TOKEN =
      Pattern.compile("(?:\\p{Lu}\\.){2,}|[\\p{L}\\p{N}]+(?:['’&./-][\\p{L}\\p{N}]+)*|[^\\s]");

  /** Days, months, years and numbers: they relate everything to everything. */
  private static final Pattern CALENDAR =
      Pattern.compile(
          "[\\d,. ]+|(January|February|March|April|May|June|July|August|September|October|November"
              + "|December)( \\d+)?|(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day");

  private final Map<String, String> titles = new HashMap<>();
  private final Map<String, Integer> longest = new HashMap<>();

  /** Lets {@code name} stand for the article; a name that is taken keeps its article. */
  void add(String name, String title, double rank) {
    if (name.indexOf('(') >= 0 || CALENDAR.matcher(name).matches()) {
      return;
    }
    var words = tokens(name);
    boolean single = words.size() == 1;
    if (words.isEmpty()
        || words.size() > MAX_WORDS
        || (single && (rank < SINGLE_WORD_RANK || name.length() < MIN_SINGLE))
        || !Character.isLetterOrDigit(name.charAt(0))) {
      return;
    }
    if (titles.putIfAbsent(String.join(" ", words), title) == null) {
      longest.merge(words.getFirst(), words.size(), Math::max);
    }
  }

  /** Titles of the articles named in the text, in order, without {@code self}. */
  Set<String> in(String text, String self) {
    var tokens = tokens(text);
    var found = new LinkedHashSet<String>();
    boolean sentenceStart = true;
    int at = 0;
    while (at < tokens.size() && found.size() < MAX) {
      int words = longestAt(tokens, at, sentenceStart);
      if (words > 0) {
        var title = titles.get(name(tokens, at, words));
        if (title != null && !title.equals(self)) {
          found.add(title);
        }
      }
      at += Math.max(1, words);
      var last = tokens.get(at - 1);
      sentenceStart = last.equals(".") || last.equals("!") || last.equals("?");
    }
    return found;
  }

  private int longestAt(List<String> tokens, int at, boolean sentenceStart) {
    var first = upper(tokens.get(at));
    int most = Math.min(longest.getOrDefault(first, 0), tokens.size() - at);
    for (int words = most; words > 1; words--) {
      boolean article = words == 2 && first.equals("The");
      if ((!article || alone(tokens, at, words)) && titles.containsKey(name(tokens, at, words))) {
        return words;
      }
    }
    return most > 0 && !sentenceStart && alone(tokens, at, 1) && titles.containsKey(first) ? 1 : 0;
  }

  /** Whether this is a name by itself, and no part of a longer one ("the Hudson River"). */
  private static boolean alone(List<String> tokens, int at, int words) {
    int end = at + words;
    return capitalised(tokens.get(end - 1))
        && (words > 1 || at == 0 || !capitalised(tokens.get(at - 1)))
        && (end == tokens.size() || !capitalised(tokens.get(end)));
  }

  private static boolean capitalised(String word) {
    return Character.isUpperCase(word.charAt(0));
  }

  private static String name(List<String> tokens, int at, int words) {
    var first = upper(tokens.get(at));
    if (words == 1) {
      return first;
    }
    return first + " " + String.join(" ", tokens.subList(at + 1, at + words));
  }

  private static String upper(String word) {
    char first = word.charAt(0);
    return Character.isLowerCase(first) ? Character.toUpperCase(first) + word.substring(1) : word;
  }

  private static List<String> tokens(String text) {
    var tokens = new ArrayList<String>();
    var matcher = TOKEN.matcher(text);
    while (matcher.find()) {
      tokens.add(matcher.group());
    }
    return tokens;
  }
}
