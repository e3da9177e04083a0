package dev.heddle.shard;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.TermQuery;

/**
 * First letters of terms, as terms of their own: while someone types, the first letters match
 * thousands of terms, and one list of documents is much faster than the union of thousands. Kept
 * for fields with the analyzer for suggestions.
 */
final class StartTerms {
  static final String ANALYZER = "simple";

  /** Longer starts have few enough terms. */
  private static final int LONGEST = 4;

  private static final FieldType TYPE = type();

  private StartTerms() {}

  private static FieldType type() {
    FieldType type = new FieldType();
    type.setTokenized(true);
    type.setOmitNorms(true);
    type.setIndexOptions(IndexOptions.DOCS);
    type.freeze();
    return type;
  }

  /** Adds the starts of all values of a field to the document. */
  static void add(Document document, String field, List<Tokens> values) {
    Set<String> starts = new LinkedHashSet<>();
    for (Tokens tokens : values) {
      for (int token = 0; token < tokens.size(); token++) {
        String term = tokens.term(token);
        for (int end = 1; end <= Math.min(LONGEST, term.length()); end++) {
          if (!Character.isHighSurrogate(term.charAt(end - 1))) {
            starts.add(term.substring(0, end));
          }
        }
      }
    }
    if (!starts.isEmpty()) {
      Tokens all = new Tokens(0);
      starts.forEach(start -> all.add(start, 0, 0, 1));
      document.add(new Field(IndexFields.starts(field), new TokenReplay(all), TYPE));
    }
  }

  static Query query(String field, String start) {
    return start.length() <= LONGEST
        ? new TermQuery(new Term(IndexFields.starts(field), start))
        : new PrefixQuery(new Term(field, start));
  }
}
