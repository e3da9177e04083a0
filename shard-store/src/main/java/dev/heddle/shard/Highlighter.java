package dev.heddle.shard;

import dev.heddle.function.Query;
import dev.heddle.shard.Marks.Mark;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.lucene.index.LeafReader;

/** Fragments of documents around one query's terms. For one thread. */
final class Highlighter {
  private static final int MOST_FRAGMENTS = 3;

  /** Prefixes are looked for in the text itself, up to here. */
  private static final int PREFIX_TEXT = 4_096;

  private final Query query;
  private final SchemaFields fields;
  private final Map<String, HighlightTerms> wanted = new HashMap<>();
  private final TermPlaces places = new TermPlaces();

  Highlighter(Query query, SchemaFields fields) {
    this.query = query;
    this.fields = fields;
  }

  Query query() {
    return query;
  }

  /**
   * Where the query's terms stand in a field; empty: a {@link #fragments} call would find nothing,
   * so the text need not be read.
   */
  Optional<List<Mark>> marks(LeafReader segment, int document, String name) throws IOException {
    HighlightTerms terms = wanted(name);
    if (terms.isEmpty()) {
      return Optional.empty();
    }
    List<Mark> marks = Marks.find(places, segment, document, name, terms);
    return marks.isEmpty() && terms.prefixes().isEmpty() ? Optional.empty() : Optional.of(marks);
  }

  private HighlightTerms wanted(String name) {
    HighlightTerms known = wanted.get(name);
    if (known == null) {
      known = HighlightTerms.of(query, HighlightTerms.field(name, fields), fields);
      wanted.put(name, known);
    }
    return known;
  }

  /**
   * Fragments of a field, best first; empty: the query found nothing there.
   *
   * @param marks from {@link #marks}
   * @param values of the document's field
   */
  List<String> fragments(String name, List<Mark> marks, List<String> values) {
    HighlightTerms terms = wanted(name);
    List<Fragment> fragments = new ArrayList<>();
    int base = 0;
    int next = 0;
    for (String value : values) {
      List<Mark> inside = new ArrayList<>();
      for (; next < marks.size() && marks.get(next).start() < base + value.length(); next++) {
        inside.add(shifted(marks.get(next), base));
      }
      addPrefixes(value, terms, inside);
      if (!inside.isEmpty()) {
        fragments.add(new Fragment(value, inside, Passage.terms(inside)));
      }
      base += value.length() + 1;
    }
    return fragments.stream()
        .sorted(Comparator.comparingInt(Fragment::terms).reversed())
        .limit(MOST_FRAGMENTS)
        .map(fragment -> Passage.html(fragment.value(), fragment.marks()))
        .toList();
  }

  private static Mark shifted(Mark mark, int base) {
    return new Mark(mark.term(), mark.position(), mark.start() - base, mark.end() - base);
  }

  private static void addPrefixes(String value, HighlightTerms terms, List<Mark> marks) {
    if (terms.prefixes().isEmpty()) {
      return;
    }
    int number = terms.terms().size() + terms.phrases().stream().mapToInt(List::size).sum();
    Tokens tokens =
        TextAnalysis.analyze(
            StartTerms.ANALYZER, value.substring(0, Math.min(PREFIX_TEXT, value.length())));
    for (String prefix : terms.prefixes()) {
      for (int token = 0; token < tokens.size(); token++) {
        if (tokens.term(token).startsWith(prefix)) {
          marks.add(new Mark(number, token, tokens.start(token), tokens.end(token)));
        }
      }
      number++;
    }
    marks.sort(Comparator.comparingInt(Mark::start));
  }

  /** A value with what was found in it. */
  private record Fragment(String value, List<Mark> marks, int terms) {}
}
