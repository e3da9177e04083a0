package dev.heddle.loadtest.search;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * Makes different queries of words that stand in documents, drawn from all words of the text:
 * frequent ones come often, as they do in what people ask. The same seed and documents give the
 * same queries.
 */
final class SearchQueries {
  private static final int TRIES = 200;
  private static final int LEAST_LETTERS = 4;

  private final Random random;
  private final SearchDocuments documents;
  private final SearchAnalysis analysis = new SearchAnalysis();

  SearchQueries(Random random, SearchDocuments documents) {
    this.random = random;
    this.documents = documents;
  }

  /**
   * So many different queries of each kind, kind by kind.
   *
   * @throws HeddleException INVALID_REQUEST if the documents do not give so many
   */
  List<SearchQuery> make(List<SearchKind> kinds, int each) {
    var queries = new ArrayList<SearchQuery>();
    for (var kind : kinds) {
      var made = new LinkedHashSet<SearchQuery>();
      for (int tries = each * TRIES; tries > 0 && made.size() < each; tries--) {
        make(kind).ifPresent(made::add);
      }
      if (made.size() < each) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "queries: %d different of kind %s from %d documents (expected: %d)"
                .formatted(made.size(), kind.label(), documents.all().size(), each));
      }
      queries.addAll(made);
    }
    return queries;
  }

  private Optional<SearchQuery> make(SearchKind kind) {
    var words = analysis.words(draw(documents.all()).body());
    if (kind == SearchKind.PHRASE) {
      return phrase(words);
    }
    var telling = words.stream().filter(SearchQueries::telling).toList();
    if (telling.isEmpty()) {
      return Optional.empty();
    }
    var chosen = new LinkedHashSet<String>();
    for (int tries = 0; tries < 3 * kind.words() && chosen.size() < kind.words(); tries++) {
      chosen.add(draw(telling));
    }
    return chosen.size() < kind.words()
        ? Optional.empty()
        : Optional.of(new SearchQuery(kind, List.copyOf(chosen)));
  }

  private Optional<SearchQuery> phrase(List<String> words) {
    if (words.size() < 2) {
      return Optional.empty();
    }
    int at = random.nextInt(words.size() - 1);
    var pair = words.subList(at, at + 2);
    return pair.stream().allMatch(SearchQueries::telling)
        ? Optional.of(new SearchQuery(SearchKind.PHRASE, pair))
        : Optional.empty();
  }

  private static boolean telling(String word) {
    return word.length() >= LEAST_LETTERS && word.chars().allMatch(Character::isLetterOrDigit);
  }

  private <T> T draw(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
