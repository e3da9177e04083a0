package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.function.Query;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a query looks for in one text field. For one thread.
 *
 * @param terms single terms
 * @param phrases terms that count only in this order, side by side
 * @param prefixes beginnings of terms, unstemmed
 */
record HighlightTerms(Set<String> terms, List<List<String>> phrases, Set<String> prefixes) {

  /** Looks through what scores; filters say nothing about the text. */
  static HighlightTerms of(Query query, Field field, SchemaFields fields) {
    HighlightTerms found =
        new HighlightTerms(new LinkedHashSet<>(), new ArrayList<>(), new LinkedHashSet<>());
    found.collect(query, field, fields);
    return found;
  }

  boolean isEmpty() {
    return terms.isEmpty() && phrases.isEmpty() && prefixes.isEmpty();
  }

  private void collect(Query query, Field field, SchemaFields fields) {
    switch (query) {
      case Query.Bool bool -> {
        bool.must().forEach(part -> collect(part, field, fields));
        bool.should().forEach(part -> collect(part, field, fields));
      }
      case Query.Match match -> {
        boolean searched =
            match.fields().isEmpty()
                ? fields.weighted().has(field)
                : match.fields().contains(field.name());
        if (searched) {
          addTelling(field, match.text());
        }
      }
      case Query.Phrase phrase -> {
        boolean searched =
            phrase.field().isEmpty()
                ? fields.weighted().has(field)
                : phrase.field().equals(field.name());
        if (searched) {
          addPhrase(field, phrase);
        }
      }
      case Query.Prefix prefix -> {
        if (prefix.field().equals(field.name())) {
          addPrefix(field, prefix.text());
        }
      }
      case Query.Term term -> {
        if (term.field().equals(field.name()) && term.value() instanceof String text) {
          addTelling(field, text);
        }
      }
      case Query.All all -> {}
      case Query.Range range -> {}
      case Query.Exists exists -> {}
      case Query.GeoDistance near -> {}
    }
  }

  private void addTelling(Field field, String text) {
    Tokens tokens = TextAnalysis.analyze(field.analyzer(), text);
    List<String> all = terms(tokens, tokens.size());
    List<String> telling =
        all.stream().filter(term -> !TextAnalysis.empty(field.analyzer(), term)).toList();
    terms.addAll(telling.isEmpty() ? all : telling);
  }

  private void addPhrase(Field field, Query.Phrase phrase) {
    Tokens tokens = TextAnalysis.analyze(field.analyzer(), phrase.text());
    List<String> all = terms(tokens, tokens.size());
    if (phrase.slop() > 0 || all.size() == 1) {
      terms.addAll(all);
    } else if (!all.isEmpty()) {
      phrases.add(all);
    }
  }

  private void addPrefix(Field field, String text) {
    Tokens tokens = TextAnalysis.analyze(field.analyzer(), text);
    if (tokens.size() > 0) {
      terms.addAll(terms(tokens, tokens.size() - 1));
      Tokens plain = TextAnalysis.analyze(StartTerms.ANALYZER, text);
      prefixes.add(plain.term(plain.size() - 1));
    }
  }

  private static List<String> terms(Tokens tokens, int count) {
    List<String> terms = new ArrayList<>(count);
    for (int token = 0; token < count; token++) {
      terms.add(tokens.term(token));
    }
    return terms;
  }

  /** The text fields that a document's highlights may be asked for. */
  static Field field(String name, SchemaFields fields) {
    return fields.field(name, FieldType.TEXT);
  }
}
