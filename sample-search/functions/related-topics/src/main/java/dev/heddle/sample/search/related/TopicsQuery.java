package dev.heddle.sample.search.related;

import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The request, checked.
 *
 * @param query which documents
 * @param field the keyword field that holds topics
 * @param size topics wanted, 1..100
 * @param documents how many of the best documents count, 10..1,000
 * @param texts what the user typed, in lower case
 */
record TopicsQuery(Query query, String field, int size, int documents, Set<String> texts) {
  TopicsQuery {
    texts = Set.copyOf(texts);
  }

  static TopicsQuery of(ScatterRequest request) {
    var args = request.args().allow("size", "field", "documents");
    var texts = new HashSet<String>();
    collect(request.query(), texts);
    return new TopicsQuery(
        request.query(),
        args.string("field", "mentions"),
        (int) args.integer("size", 12, 1, 100),
        (int) args.integer("documents", 200, 10, 1_000),
        texts);
  }

  /** Whether this is the very topic that the user asked for. */
  boolean asksFor(String topic) {
    return texts.contains(topic.toLowerCase(Locale.ROOT));
  }

  private static void collect(Query query, Set<String> texts) {
    switch (query) {
      case Query.Match match -> texts.add(typed(match.text()));
      case Query.Phrase phrase -> texts.add(typed(phrase.text()));
      case Query.Prefix prefix -> texts.add(typed(prefix.text()));
      case Query.Term term -> texts.add(typed(term.value().toString()));
      case Query.Bool bool ->
          List.of(bool.must(), bool.should()).forEach(some -> some.forEach(q -> collect(q, texts)));
      case Query.All all -> {}
      case Query.Range range -> {}
      case Query.Exists exists -> {}
      case Query.GeoDistance distance -> {}
    }
  }

  private static String typed(String text) {
    return text.strip().toLowerCase(Locale.ROOT);
  }
}
