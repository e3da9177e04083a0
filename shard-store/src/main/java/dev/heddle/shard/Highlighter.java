package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.function.Query;
import dev.heddle.shard.Marks.Mark;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.LeafReader;

/** Fragments of documents around one query's terms. For one thread. */
final class Highlighter {
  private static final int MOST_FRAGMENTS = 3;

  /** Prefixes are looked for in the text itself, up to here. */
  private static final int PREFIX_TEXT = 4_096;

  private final Query query;
  private final SchemaFields fields;
  private final Map<String, HighlightTerms> wanted = new HashMap<>();

  Highlighter(Query query, SchemaFields fields) {
    this.query = query;
    this.fields = fields;
  }

  Query query() {
    return query;
  }

  /**
   * Fragments of a field, best first; empty: the query found nothing there.
   *
   * @param values of the document's field
   */
  List<String> fragments(LeafReader segment, int document, String name, List<String> values)
      throws IOException {
    Field field = HighlightTerms.field(name, fields);
    HighlightTerms terms =
        wanted.computeIfAbsent(name, any -> HighlightTerms.of(query, field, fields));
    if (terms.isEmpty() || values.isEmpty()) {
      return List.of();
    }
    List<Fragment> fragments = new ArrayList<>();
    List<Mark> marks = Marks.find(segment, document, name, terms);
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
