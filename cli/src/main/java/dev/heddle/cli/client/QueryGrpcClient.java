package dev.heddle.cli.client;

import dev.heddle.process.DurationFormat;
import dev.heddle.v1.Clause;
import dev.heddle.v1.Match;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import java.util.Locale;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Queries over gRPC. Thread safe. */
public final class QueryGrpcClient {
  private final ClusterGrpcClient cluster;
  private final QueryGrpc.QueryBlockingStub stub;

  public QueryGrpcClient(ClusterGrpcClient cluster) {
    this.cluster = cluster;
    this.stub = QueryGrpc.newBlockingStub(cluster.channel());
  }

  /**
   * Runs a query of words, not of clauses.
   *
   * @param query as the HTTP edge takes it; of its members {@code query} (a text), {@code
   *     function}, {@code args}, {@code k}, {@code deadline}, {@code minCoverage}, {@code read} and
   *     {@code explain}
   * @param position token of earlier calls
   * @return the answer as the HTTP edge gives it, with its {@code positionToken}
   */
  public JsonNode run(String dataset, ObjectNode query, Optional<String> position) {
    QueryRequest.Builder request = QueryRequest.newBuilder().setDataset(dataset);
    for (var member : query.properties()) {
      JsonNode value = member.getValue();
      switch (member.getKey()) {
        case "query" ->
            request.setQuery(
                Clause.newBuilder().setMatch(Match.newBuilder().setText(value.asString())));
        case "function" -> request.setFunction(value.asString());
        case "args" -> request.setArgsJson(value.toString());
        case "k" -> request.setK(value.asInt());
        case "deadline" ->
            request.setDeadlineMicros(DurationFormat.parse(value.asString()).toNanos() / 1_000);
        case "minCoverage" -> request.setMinCoverage(value.asDouble());
        case "read" ->
            request.setRead(
                ReadLevelWire.level(ReadLevel.valueOf(value.asString().toUpperCase(Locale.ROOT))));
        case "explain" -> request.setExplain(value.asBoolean());
        default ->
            throw new IllegalArgumentException(
                "query: " + member.getKey() + " (expected: what this method takes)");
      }
    }
    QueryGrpc.QueryBlockingStub positioned = cluster.positioned(stub, position);
    return AnswerWire.toJson(cluster.call(() -> cluster.timed(positioned).run(request.build())));
  }
}
