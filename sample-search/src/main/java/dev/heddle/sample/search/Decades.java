package dev.heddle.sample.search;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Which decades an article belongs to, from years in its categories.
 *
 * <p>A person belongs to the decade of birth alone: "Tennis players at the 2008 Summer Olympics"
 * would say little about a life. Anything else belongs to the decades that its categories name
 * ("1994 films", "Companies established in 1975", "1960s music groups"), but not to those in which
 * it ended.
 */
final class Decades {
  private static final Pattern BIRTH = Pattern.compile("(\\d{1,4})(s?) births");
  private static final Pattern BIRTH_BC = Pattern.compile("\\d{1,4}(s?) BC births");

  /** Four digits, as three and fewer seldom are years; nothing that goes on, as "2003–2007". */
  private static final Pattern YEAR =
      Pattern.compile("(?<![\\d.,–-])(1\\d{3}|20[01]\\d)s?(?![\\d.,–-])(?! BC)");

  private static final Pattern ESTABLISHED = Pattern.compile("established in (\\d{3})");
  private static final Pattern ENDING =
      Pattern.compile("(?i)deaths|disestablish|endings|disestablished|defunct|dissolved");

  private Decades() {}

  /** "1870s" and the like, ascending. */
  static Set<String> of(List<String> categories, int birthYear) {
    var years = new TreeSet<Integer>();
    if (birthYear > 0) {
      years.add(birthYear / 10 * 10);
    }
    boolean person = false;
    for (var category : categories) {
      var birth = BIRTH.matcher(category);
      if (birth.matches()) {
        years.add(Integer.parseInt(birth.group(1)) / 10 * 10);
      }
      person |= birth.matches() || BIRTH_BC.matcher(category).matches();
    }
    if (!person && birthYear == 0) {
      categories.forEach(category -> collect(category, years));
    }
    var decades = new LinkedHashSet<String>();
    years.forEach(decade -> decades.add(decade + "s"));
    return decades;
  }

  private static void collect(String category, Set<Integer> years) {
    if (ENDING.matcher(category).find()) {
      return;
    }
    var year = YEAR.matcher(category);
    while (year.find()) {
      years.add(Integer.parseInt(year.group(1)) / 10 * 10);
    }
    var established = ESTABLISHED.matcher(category);
    if (established.find() && !Character.isDigit(charAfter(category, established.end()))) {
      years.add(Integer.parseInt(established.group(1)) / 10 * 10);
    }
  }

  private static char charAfter(String text, int at) {
    return at < text.length() ? text.charAt(at) : ' ';
  }

  /** The year of a "1879 births" category; 0 where there is none, negative for one BC. */
  static int birthYear(List<String> categories) {
    for (var category : categories) {
      var birth = BIRTH.matcher(category);
      if (birth.matches() && birth.group(2).isEmpty()) {
        return Integer.parseInt(birth.group(1));
      }
      if (BIRTH_BC.matcher(category).matches()) {
        return -1;
      }
    }
    return 0;
  }
}
