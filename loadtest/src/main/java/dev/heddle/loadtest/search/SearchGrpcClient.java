package dev.heddle.loadtest.search;

import dev.heddle.loadtest.search.Found.Hit;
import dev.heddle.process.Channels;
import dev.heddle.process.HostPort;
import dev.heddle.v1.Aggregation;
import dev.heddle.v1.Bool;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Match;
import dev.heddle.v1.Phrase;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.Total;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A cluster of this build, asked over its public gRPC service. */
final class SearchGrpcClient implements Subject {
  private static final long DEADLINE_SECONDS = 30;

  private final String name;
  private final Channels channels;
  private final HostPort coordinator;
  private final Supplier<List<Long>> processes;
  private final List<QueryRequest> requests;

  /**
   * @param processes that are its own
   */
  SearchGrpcClient(
      String name,
      Channels channels,
      HostPort coordinator,
      Supplier<List<Long>> processes,
      String dataset,
      List<SearchQuery> queries) {
    this.name = name;
    this.channels = channels;
    this.coordinator = coordinator;
    this.processes = processes;
    this.requests = queries.stream().map(query -> request(dataset, query)).toList();
  }

  private static QueryRequest request(String dataset, SearchQuery query) {
    var request =
        QueryRequest.newBuilder()
            .setDataset(dataset)
            .setQuery(clause(query))
            .setCountUpTo(SearchQuery.COUNTED)
            .setNoHighlight(true)
            .addFields(SearchDocuments.TITLE);
    if (query.kind() == SearchKind.TERMS) {
      var terms =
          Aggregation.Terms.newBuilder()
              .setField(SearchDocuments.TYPE)
              .setSize(SearchQuery.BUCKETS);
      request.setK(0).putAggs("t", Aggregation.newBuilder().setTerms(terms).build());
    } else {
      request.setK(SearchQuery.HITS);
    }
    return request.build();
  }

  private static Clause clause(SearchQuery query) {
    var words = query.words();
    return switch (query.kind()) {
      case TERM, MATCH, DISJUNCTION, TERMS -> match(query.text());
      case PHRASE ->
          Clause.newBuilder()
              .setPhrase(Phrase.newBuilder().setField(SearchDocuments.BODY).setText(query.text()))
              .build();
      case BOOLEAN ->
          Clause.newBuilder()
              .setBool(
                  Bool.newBuilder()
                      .addMust(match(words.get(0)))
                      .addMust(match(words.get(1)))
                      .addMustNot(match(words.get(2))))
              .build();
    };
  }

  private static Clause match(String text) {
    return Clause.newBuilder()
        .setMatch(Match.newBuilder().addFields(SearchDocuments.BODY).setText(text))
        .build();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Long> pids() {
    return processes.get();
  }

  @Override
  public boolean ranksExactly() {
    return true;
  }

  @Override
  public Seat seat() {
    var stub = QueryGrpc.newBlockingStub(channels.to(coordinator.toString()));
    return new Seat() {
      @Override
      public Reply ask(int query) throws IOException {
        try {
          var answer =
              stub.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS).run(requests.get(query));
          return () -> found(answer);
        } catch (StatusRuntimeException e) {
          throw new IOException(e.getStatus().toString(), e);
        }
      }

      @Override
      public void close() {
        // The channel is shared.
      }
    };
  }

  private static Found found(QueryResponse answer) {
    var coverage = answer.getCoverage();
    boolean whole = coverage.getSeen() == coverage.getTarget() && coverage.getMissingCount() == 0;
    var buckets = new LinkedHashMap<String, Long>();
    if (answer.containsAggs("t")) {
      answer
          .getAggsOrThrow("t")
          .getBucketsList()
          .forEach(bucket -> buckets.put(bucket.getKey(), bucket.getCount()));
    }
    return new Found(
        answer.getTotal().getValue(),
        answer.getTotal().getRelation() == Total.Relation.RELATION_EQUAL,
        answer.getHitsList().stream().map(hit -> new Hit(hit.getId(), hit.getScore())).toList(),
        buckets,
        whole ? "" : "coverage: " + coverage);
  }
}
