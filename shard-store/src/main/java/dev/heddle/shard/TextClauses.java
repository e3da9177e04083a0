package dev.heddle.shard;

import static dev.heddle.catalog.FieldType.KEYWORD;
import static dev.heddle.catalog.FieldType.TEXT;

import dev.heddle.catalog.Field;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.Query;
import dev.heddle.shard.TextScoring.QueryTerm;
import dev.heddle.shard.TextScoring.ScoredQuery;
import dev.heddle.shard.TextScoring.WeightedMatch;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.ConstantScoreQuery;
import org.apache.lucene.search.MatchNoDocsQuery;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.TermQuery;

/** Clauses that analyse text. For one query. */
final class TextClauses {
  private static final int MAX_TERMS = 64;
  private static final ScoredQuery NOTHING =
      new ScoredQuery(new MatchNoDocsQuery("no term in the text"), 0);

  private final SchemaFields fields;
  private final StatisticsNeeds needs;

  TextClauses(SchemaFields fields, StatisticsNeeds needs) {
    this.fields = fields;
    this.needs = needs;
  }

  ScoredQuery match(Query.Match match, boolean scored) {
    return match.fields().isEmpty() ? weighted(match, scored) : named(match, scored);
  }

  /** Over all weighted fields together. */
  private ScoredQuery weighted(Query.Match match, boolean scored) {
    String analyzer = weightedText().analyzer();
    Tokens tokens = TextAnalysis.analyze(analyzer, match.text());
    List<String> telling = telling(analyzer, tokens);
    List<QueryTerm> terms = distinct(telling);
    if (terms.isEmpty()) {
      return NOTHING;
    }
    if (!scored) {
      return unscored(
          terms.stream().map(term -> term(IndexFields.TEXT, term.text())).toList(),
          match.allTerms());
    }
    String name =
        tokens.size() <= TextFeatures.LONGEST_NAME ? TextFeatures.whole(tokens, tokens.size()) : "";
    return TextScoring.weighted(new WeightedMatch(terms, telling, name, match.allTerms()), needs);
  }

  private WeightedText weightedText() {
    if (fields.weighted().fields().isEmpty()) {
      throw new BadRequestException(
          "query: text without fields (expected: a schema with weighted text fields)");
    }
    return fields.weighted();
  }

  /** Over each of the named fields by itself; a keyword field holds the text as it is or not. */
  private ScoredQuery named(Query.Match match, boolean scored) {
    BooleanQuery.Builder either = new BooleanQuery.Builder();
    List<Field> texts = new ArrayList<>();
    for (String name : match.fields()) {
      Field field = fields.field(name, TEXT, KEYWORD);
      if (field.type() == KEYWORD) {
        either.add(new ConstantScoreQuery(term(name, match.text())), Occur.SHOULD);
      } else {
        texts.add(field);
      }
    }
    double ceiling = 0;
    if (!texts.isEmpty()) {
      ScoredQuery text = named(match, texts, scored);
      either.add(text.query(), Occur.SHOULD);
      ceiling = text.ceiling();
    }
    BooleanQuery query = either.build();
    return new ScoredQuery(
        query.clauses().size() == 1 ? query.clauses().getFirst().query() : query, ceiling);
  }

  /** Per word of the query, the fields that have it add up. */
  private ScoredQuery named(Query.Match match, List<Field> texts, boolean scored) {
    Map<List<String>, Integer> words = words(match.text(), texts);
    if (words.isEmpty()) {
      return NOTHING;
    }
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    double ceiling = 0;
    for (Map.Entry<List<String>, Integer> word : words.entrySet()) {
      BooleanQuery.Builder anywhere = new BooleanQuery.Builder();
      double most = 0;
      for (int i = 0; i < texts.size(); i++) {
        QueryTerm term = new QueryTerm(word.getKey().get(i), word.getValue());
        ScoredQuery one = scoredTerm(texts.get(i), term, scored);
        anywhere.add(one.query(), Occur.SHOULD);
        most = Math.max(most, one.ceiling());
      }
      query.add(anywhere.build(), match.allTerms() ? Occur.MUST : Occur.SHOULD);
      ceiling += most;
    }
    return new ScoredQuery(query.build(), ceiling);
  }

  /** Each word as a term of each field, with its count. All analyzers see the same words. */
  private static Map<List<String>, Integer> words(String text, List<Field> texts) {
    List<Tokens> analysed = new ArrayList<>();
    for (Field field : texts) {
      analysed.add(TextAnalysis.analyze(field.analyzer(), text));
    }
    Map<List<String>, Integer> all = new LinkedHashMap<>();
    Map<List<String>, Integer> telling = new LinkedHashMap<>();
    for (int token = 0; token < analysed.getFirst().size(); token++) {
      List<String> word = new ArrayList<>(texts.size());
      boolean empty = false;
      for (int i = 0; i < texts.size(); i++) {
        String term = analysed.get(i).term(token);
        word.add(term);
        empty |= TextAnalysis.empty(texts.get(i).analyzer(), term);
      }
      all.merge(word, 1, Integer::sum);
      if (!empty) {
        telling.merge(word, 1, Integer::sum);
      }
    }
    Map<List<String>, Integer> words = telling.isEmpty() ? all : telling;
    limit(words.size());
    return words;
  }

  private ScoredQuery scoredTerm(Field field, QueryTerm term, boolean scored) {
    return scored
        ? TextScoring.term(field.name(), term, weight(field), needs)
        : new ScoredQuery(term(field.name(), term.text()), 0);
  }

  /** A field that is named counts, even if it is not searched by default. */
  private static double weight(Field field) {
    return field.weight() > 0 ? field.weight() : 1;
  }

  ScoredQuery term(Field field, Object value, boolean scored) {
    String text = QueryValues.text(field.name(), value);
    Tokens tokens = TextAnalysis.analyze(field.analyzer(), text);
    if (tokens.size() != 1) {
      throw new BadRequestException(
          "%s: %s is %d terms (expected: one; match and phrase take more)"
              .formatted(field.name(), text, tokens.size()));
    }
    return scoredTerm(field, new QueryTerm(tokens.term(0), 1), scored);
  }

  ScoredQuery phrase(Query.Phrase phrase, boolean scored) {
    if (!phrase.field().isEmpty()) {
      return phrase(fields.field(phrase.field(), TEXT), phrase, scored);
    }
    BooleanQuery.Builder either = new BooleanQuery.Builder();
    double ceiling = 0;
    for (Field field : weightedText().fields()) {
      ScoredQuery one = phrase(field, phrase, scored);
      either.add(one.query(), Occur.SHOULD);
      ceiling = Math.max(ceiling, one.ceiling());
    }
    return new ScoredQuery(either.build(), ceiling);
  }

  private ScoredQuery phrase(Field field, Query.Phrase phrase, boolean scored) {
    Tokens tokens = TextAnalysis.analyze(field.analyzer(), phrase.text());
    if (tokens.size() == 0) {
      return NOTHING;
    }
    if (tokens.size() == 1) {
      return scoredTerm(field, new QueryTerm(tokens.term(0), 1), scored);
    }
    limit(tokens.size());
    PhraseQuery.Builder query = new PhraseQuery.Builder().setSlop(phrase.slop());
    double ceiling = 0;
    int position = -1;
    for (int token = 0; token < tokens.size(); token++) {
      position += tokens.increment(token);
      query.add(new Term(field.name(), tokens.term(token)), position);
      ceiling += scored ? weight(field) * needs.idf(field.name(), tokens.term(token)) : 0;
    }
    float boost = (float) weight(field);
    return new ScoredQuery(
        scored && boost != 1 ? new BoostQuery(query.build(), boost) : query.build(), ceiling);
  }

  org.apache.lucene.search.Query prefix(Query.Prefix prefix) {
    Field field = fields.field(prefix.field(), TEXT, KEYWORD);
    if (field.type() == KEYWORD) {
      return new PrefixQuery(new Term(field.name(), prefix.text()));
    }
    Tokens tokens = TextAnalysis.analyze(field.analyzer(), prefix.text());
    if (tokens.size() == 0) {
      return NOTHING.query();
    }
    limit(tokens.size());
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    int last = tokens.size() - 1;
    for (int token = 0; token < last; token++) {
      query.add(term(field.name(), tokens.term(token)), Occur.FILTER);
    }
    query.add(lastTerm(field, prefix.text(), tokens), Occur.FILTER);
    return new ConstantScoreQuery(query.build());
  }

  /** Terms that begin as the text ends. What is half typed must not be stemmed, or it may be. */
  private static org.apache.lucene.search.Query lastTerm(Field field, String text, Tokens tokens) {
    int last = tokens.size() - 1;
    if (field.analyzer().equals(StartTerms.ANALYZER)) {
      return StartTerms.query(field.name(), tokens.term(last));
    }
    if (!field.analyzer().equals(TextAnalysis.ENGLISH)) {
      return new PrefixQuery(new Term(field.name(), tokens.term(last)));
    }
    Tokens plain = TextAnalysis.analyze(StartTerms.ANALYZER, text);
    return new BooleanQuery.Builder()
        .add(new PrefixQuery(new Term(field.name(), plain.term(plain.size() - 1))), Occur.SHOULD)
        .add(term(field.name(), tokens.term(last)), Occur.SHOULD)
        .build();
  }

  /** All terms, but for empty words unless there is nothing else. */
  private static List<String> telling(String analyzer, Tokens tokens) {
    List<String> all = new ArrayList<>(tokens.size());
    List<String> telling = new ArrayList<>(tokens.size());
    for (int token = 0; token < tokens.size(); token++) {
      String term = tokens.term(token);
      all.add(term);
      if (!TextAnalysis.empty(analyzer, term)) {
        telling.add(term);
      }
    }
    return telling.isEmpty() ? all : telling;
  }

  private static List<QueryTerm> distinct(List<String> terms) {
    Map<String, Integer> counts = new LinkedHashMap<>();
    terms.forEach(term -> counts.merge(term, 1, Integer::sum));
    limit(counts.size());
    List<QueryTerm> distinct = new ArrayList<>(counts.size());
    counts.forEach((term, count) -> distinct.add(new QueryTerm(term, count)));
    return distinct;
  }

  private static void limit(int terms) {
    if (terms > MAX_TERMS) {
      throw new BadRequestException(
          "text: " + terms + " terms (expected: at most " + MAX_TERMS + ")");
    }
  }

  private static ScoredQuery unscored(List<TermQuery> terms, boolean all) {
    BooleanQuery.Builder query = new BooleanQuery.Builder();
    terms.forEach(term -> query.add(term, all ? Occur.FILTER : Occur.SHOULD));
    return new ScoredQuery(query.build(), 0);
  }

  private static TermQuery term(String field, String term) {
    return new TermQuery(new Term(field, term));
  }
}
