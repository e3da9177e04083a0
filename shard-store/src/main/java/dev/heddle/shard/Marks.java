package dev.heddle.shard;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.jspecify.annotations.Nullable;

/**
 * Where a query's terms stand in one field of one document, read from the index rather than from
 * the text: the cost goes with the query, not with the text.
 */
final class Marks {
  /** A term that a text repeats more often needs no more marks. */
  private static final int MOST_OCCURRENCES = 64;

  /**
   * One occurrence.
   *
   * @param term number among the query's terms
   * @param start offset in the field's values, joined with one character between
   */
  record Mark(int term, int position, int start, int end) {}

  private Marks() {}

  /** In order of their starts. */
  static List<Mark> find(
      TermPlaces places, LeafReader segment, int document, String field, HighlightTerms wanted)
      throws IOException {
    List<Mark> marks = new ArrayList<>();
    int number = 0;
    for (String term : wanted.terms()) {
      marks.addAll(occurrences(places.at(segment, document, field, term), number++));
    }
    for (List<String> phrase : wanted.phrases()) {
      List<List<Mark>> found = new ArrayList<>(phrase.size());
      for (String term : phrase) {
        found.add(occurrences(places.at(segment, document, field, term), number++));
      }
      marks.addAll(sideBySide(found));
    }
    marks.sort(Comparator.comparingInt(Mark::start));
    return marks;
  }

  private static List<Mark> occurrences(@Nullable PostingsEnum postings, int number)
      throws IOException {
    if (postings == null) {
      return List.of();
    }
    int count = Math.min(postings.freq(), MOST_OCCURRENCES);
    List<Mark> marks = new ArrayList<>(count);
    for (int i = 0; i < count; i++) {
      int position = postings.nextPosition();
      marks.add(new Mark(number, position, postings.startOffset(), postings.endOffset()));
    }
    return marks;
  }

  /** The occurrences of the phrase's terms that stand side by side in order. */
  private static List<Mark> sideBySide(List<List<Mark>> found) {
    List<Mark> marks = new ArrayList<>();
    for (Mark first : found.getFirst()) {
      List<Mark> run = new ArrayList<>();
      run.add(first);
      for (int i = 1; i < found.size(); i++) {
        int position = first.position() + i;
        found.get(i).stream().filter(m -> m.position() == position).findFirst().ifPresent(run::add);
      }
      if (run.size() == found.size()) {
        marks.addAll(run);
      }
    }
    return marks;
  }
}
