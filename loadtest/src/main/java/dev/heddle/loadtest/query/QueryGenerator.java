package dev.heddle.loadtest.query;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Makes different queries out of documents, so that each finds at least the document that it was
 * made of. The same seed and documents give the same queries.
 */
final class QueryGenerator {
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final int TRIES_PER_QUERY = 200;
  private static final int MAX_FACETS = 2;
  private static final int FACET_SIZE = 10;

  private final Random random;
  private final DatasetShape shape;
  private final List<SampledDocument> documents;
  private final List<String> facets;

  QueryGenerator(Random random, DatasetShape shape, List<SampledDocument> documents) {
    this.random = random;
    this.shape = shape;
    this.documents = List.copyOf(documents);
    this.facets = facets();
  }

  /** The keyword fields whose values repeat most: those that a person would have counted. */
  private List<String> facets() {
    var spread = new HashMap<String, Double>();
    for (var field : shape.keywords()) {
      var values = documents.stream().flatMap(each -> each.values(field).stream()).toList();
      if (!values.isEmpty()) {
        spread.put(field, (double) new HashSet<>(values).size() / values.size());
      }
    }
    return spread.entrySet().stream()
        .sorted(
            Map.Entry.<String, Double>comparingByValue().thenComparing(Map.Entry.comparingByKey()))
        .limit(MAX_FACETS)
        .map(Map.Entry::getKey)
        .toList();
  }

  /** The kinds that this dataset has the fields for. */
  List<QueryKind> kinds() {
    var kinds =
        new ArrayList<>(List.of(QueryKind.SINGLE_TERM, QueryKind.MULTI_TERM, QueryKind.PHRASE));
    if (!facets.isEmpty()) {
      kinds.add(QueryKind.FILTER_FACET);
    }
    return kinds;
  }

  /**
   * Different queries, of each kind equally many, kind by kind.
   *
   * @param with fields that each query gets on top
   * @throws HeddleException if the documents do not give so many
   */
  List<WorkloadQuery> generate(int count, ObjectNode with) {
    var kinds = kinds();
    var queries = new ArrayList<WorkloadQuery>(count);
    for (int i = 0; i < kinds.size(); i++) {
      int share = count / kinds.size() + (i < count % kinds.size() ? 1 : 0);
      var made = new LinkedHashSet<String>();
      for (int tries = share * TRIES_PER_QUERY; tries > 0 && made.size() < share; tries--) {
        make(kinds.get(i)).ifPresent(query -> made.add(query.setAll(with).toString()));
      }
      if (made.size() < share) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "queries: %d different of kind %s from %d documents (expected: %d; ask for fewer, or give a file of queries)"
                .formatted(made.size(), kinds.get(i).label(), documents.size(), share));
      }
      for (var json : made) {
        queries.add(new WorkloadQuery(kinds.get(i), json));
      }
    }
    return queries;
  }

  private Optional<ObjectNode> make(QueryKind kind) {
    if (documents.isEmpty()) {
      return Optional.empty();
    }
    var document = pick(documents);
    var words = document.words(shape.texts());
    if (words.isEmpty()) {
      return Optional.empty();
    }
    var query = JSON.createObjectNode();
    return switch (kind) {
      case SINGLE_TERM -> Optional.of(query.put("query", pick(words)));
      case MULTI_TERM -> several(words).map(text -> query.put("query", text));
      case PHRASE -> phrase(document, query);
      case FILTER_FACET -> filterFacet(document, query.put("query", pick(words)));
      case GIVEN -> throw new IllegalArgumentException("a given query is not made");
    };
  }

  private Optional<String> several(List<String> words) {
    int wanted = 2 + random.nextInt(3);
    Set<String> chosen = new LinkedHashSet<>();
    for (int tries = 0; tries < wanted * 3 && chosen.size() < wanted; tries++) {
      chosen.add(pick(words));
    }
    return chosen.size() < 2 ? Optional.empty() : Optional.of(String.join(" ", chosen));
  }

  private Optional<ObjectNode> phrase(SampledDocument document, ObjectNode query) {
    var field = pick(shape.texts());
    int length = 2 + random.nextInt(2);
    var phrases = new ArrayList<String>();
    document.values(field).forEach(text -> phrases.addAll(Words.phrases(text, length)));
    if (phrases.isEmpty()) {
      return Optional.empty();
    }
    query.putObject("query").putObject("phrase").put("field", field).put("text", pick(phrases));
    return Optional.of(query);
  }

  private Optional<ObjectNode> filterFacet(SampledDocument document, ObjectNode query) {
    var field = pick(facets);
    var values = document.values(field);
    if (values.isEmpty()) {
      return Optional.empty();
    }
    query.putObject("filter").putObject("term").put(field, pick(values));
    var aggs = query.putObject("aggs");
    for (var facet : facets) {
      aggs.putObject(facet).putObject("terms").put("field", facet).put("size", FACET_SIZE);
    }
    return Optional.of(query);
  }

  private <T> T pick(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }
}
