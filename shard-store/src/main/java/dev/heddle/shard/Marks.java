package dev.heddle.shard;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;

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
  static List<Mark> find(LeafReader segment, int document, String field, HighlightTerms wanted)
      throws IOException {
    Terms terms = segment.terms(field);
    if (terms == null) {
      return List.of();
    }
    List<Mark> marks = new ArrayList<>();
    TermsEnum lookup = terms.iterator();
    int number = 0;
    for (String term : wanted.terms()) {
      marks.addAll(occurrences(lookup, document, term, number++));
    }
    for (List<String> phrase : wanted.phrases()) {
      marks.addAll(phrase(lookup, document, phrase, number));
      number += phrase.size();
    }
    marks.sort(Comparator.comparingInt(Mark::start));
    return marks;
  }

  private static List<Mark> occurrences(TermsEnum lookup, int document, String term, int number)
      throws IOException {
    if (!lookup.seekExact(new BytesRef(term))) {
      return List.of();
    }
    PostingsEnum postings = lookup.postings(null, PostingsEnum.OFFSETS);
    if (postings.advance(document) != document) {
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
  private static List<Mark> phrase(TermsEnum lookup, int document, List<String> phrase, int number)
      throws IOException {
    List<List<Mark>> found = new ArrayList<>();
    for (int i = 0; i < phrase.size(); i++) {
      found.add(occurrences(lookup, document, phrase.get(i), number + i));
    }
    List<Mark> marks = new ArrayList<>();
    for (Mark first : found.getFirst()) {
      List<Mark> run = new ArrayList<>();
      run.add(first);
      for (int i = 1; i < phrase.size(); i++) {
        int position = first.position() + i;
        found.get(i).stream().filter(m -> m.position() == position).findFirst().ifPresent(run::add);
      }
      if (run.size() == phrase.size()) {
        marks.addAll(run);
      }
    }
    return marks;
  }
}
