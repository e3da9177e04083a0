package dev.heddle.shard;

import dev.heddle.catalog.Field;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.index.IndexOptions;

/**
 * What one document's weighted text becomes in the index, so that a query over all weighted fields
 * needs one postings list a term, with score bounds, instead of one a term and field:
 *
 * <ul>
 *   <li>its terms, each with the sum of its fields' weights as its frequency, which makes BM25 over
 *       this field BM25F over the weighted fields;
 *   <li>pairs of neighbouring terms, from the beginning of each value;
 *   <li>whole short values, such as names.
 * </ul>
 *
 * {@link TextScoring} says what each is worth. For one thread.
 */
final class TextFeatures {
  /** Longest value that counts as a name, in terms. */
  static final int LONGEST_NAME = 12;

  /** Pairs are taken from the first terms of a value: texts say first what they are about. */
  private static final int PAIRED_TERMS = 40;

  private static final FieldType TERMS = frequencies(false);
  private static final FieldType FEATURES = frequencies(true);

  private final WeightedText weighted;
  private final WeightedTerms terms = new WeightedTerms();
  private final WeightedTerms pairs = new WeightedTerms();
  private final WeightedTerms wholes = new WeightedTerms();

  TextFeatures(WeightedText weighted) {
    this.weighted = weighted;
  }

  private static FieldType frequencies(boolean omitNorms) {
    FieldType type = new FieldType();
    type.setTokenized(true);
    type.setOmitNorms(omitNorms);
    type.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
    type.freeze();
    return type;
  }

  /**
   * Takes a value of a weighted field.
   *
   * @param tokens as the weighted text's analyzer sees it
   */
  void add(Field field, String value, Tokens tokens) {
    int units = WeightedText.units(field);
    String previous = "";
    int paired = 0;
    for (int token = 0; token < tokens.size(); token++) {
      String term = tokens.term(token);
      terms.add(term, units);
      if (paired < PAIRED_TERMS && !TextAnalysis.empty(weighted.analyzer(), term)) {
        if (!previous.isEmpty()) {
          pairs.add(pair(previous, term), units);
        }
        previous = term;
        paired++;
      }
    }
    if (tokens.size() <= LONGEST_NAME) {
      addName(value, tokens, units);
    }
  }

  /** A name counts in full, and with less weight without a qualifier: {@code Paris (Texas)}. */
  private void addName(String value, Tokens tokens, int units) {
    if (tokens.size() == 0) {
      return;
    }
    wholes.add(whole(tokens, tokens.size()), units);
    int qualifier = value.endsWith(")") ? value.lastIndexOf('(') : -1;
    int count = 0;
    while (count < tokens.size() && tokens.end(count) <= qualifier) {
      count++;
    }
    if (count > 0 && count < tokens.size()) {
      wholes.add(whole(tokens, count), Math.max(1, units / 2));
    }
  }

  void into(Document document) {
    if (terms.size() > 0) {
      document.add(new org.apache.lucene.document.Field(IndexFields.TEXT, terms, TERMS));
    }
    if (pairs.size() > 0) {
      document.add(new org.apache.lucene.document.Field(IndexFields.PAIRS, pairs, FEATURES));
    }
    if (wholes.size() > 0) {
      document.add(new org.apache.lucene.document.Field(IndexFields.WHOLE, wholes, FEATURES));
    }
  }

  static String pair(String first, String second) {
    return first + ' ' + second;
  }

  /** The first tokens as one term. */
  static String whole(Tokens tokens, int count) {
    StringBuilder text = new StringBuilder();
    for (int token = 0; token < count; token++) {
      if (token > 0) {
        text.append(' ');
      }
      text.append(tokens.term(token));
    }
    return text.toString();
  }
}
