package dev.heddle.loadtest.search;

import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * The same documents in OpenSearch, with the same analysis and figures of ranking, merged to one
 * segment a shard. Its request cache is off, and each shard ranks by figures of its own, as it does
 * by default.
 */
record OpenSearchIndex(ServerProcess server) {
  private static final String INDEX = "bench";
  private static final int BATCH = 1_000;
  private static final HttpLimits LIMITS = HttpLimits.DEFAULTS.withTimeout(Duration.ofMinutes(5));

  /** Makes the index and loads it. */
  void load(int shards, SearchDocuments documents) {
    try (var connection = HttpConnection.open(server.address(), LIMITS)) {
      var settings =
          """
          {"settings": {
             "number_of_shards": %d, "number_of_replicas": 0, "refresh_interval": "-1",
             "requests.cache.enable": false,
             "similarity": {"default": {"type": "BM25", "k1": %s, "b": %s}},
             "analysis": {"analyzer": {"plain": {
               "type": "custom", "tokenizer": "standard", "filter": ["lowercase", "asciifolding"]}}}},
           "mappings": {"dynamic": "strict", "properties": {
             "title": {"type": "keyword", "index": false, "doc_values": false},
             "abstract": {"type": "text", "analyzer": "plain"},
             "type": {"type": "keyword"}}}}
          """
              .formatted(shards, LuceneIndex.K1, LuceneIndex.B);
      exchange(connection, "PUT", "/" + INDEX, "application/json", bytes(settings));
      var all = documents.all();
      for (int from = 0; from < all.size(); from += BATCH) {
        var batch = all.subList(from, Math.min(from + BATCH, all.size()));
        var said =
            exchange(
                connection, "POST", "/" + INDEX + "/_bulk", "application/x-ndjson", lines(batch));
        if (JsonMapper.shared().readTree(said).path("errors").asBoolean(true)) {
          throw failed(
              "_bulk: " + new String(said, 0, Math.min(500, said.length), StandardCharsets.UTF_8));
        }
      }
      for (var step : List.of("_refresh", "_forcemerge?max_num_segments=1", "_refresh")) {
        exchange(connection, "POST", "/" + INDEX + "/" + step, "application/json", bytes("{}"));
      }
    } catch (IOException e) {
      throw failed(e.toString());
    }
  }

  private static byte[] lines(List<SearchDocuments.One> batch) {
    var lines = new ByteArrayOutputStream();
    for (var one : batch) {
      var action = JsonMapper.shared().createObjectNode();
      action.putObject("index").put("_id", one.id());
      lines.writeBytes(bytes(action + "\n"));
      lines.writeBytes(one.json());
      lines.write('\n');
    }
    return lines.toByteArray();
  }

  private byte[] exchange(
      HttpConnection connection, String method, String target, String type, byte[] body)
      throws IOException {
    var reply =
        connection.exchange(
            HttpRequest.of(method, target, server.address(), Map.of("Content-Type", type), body));
    if (!reply.ok()) {
      throw failed(method + " " + target + ": status " + reply.status() + ", " + reply.excerpt());
    }
    return reply.body();
  }

  private static HeddleException failed(String why) {
    return new HeddleException(ErrorCode.UNAVAILABLE, "OpenSearch: " + why);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  Subject subject(List<SearchQuery> queries) {
    var headers = Map.of("Content-Type", "application/json");
    var target = "/" + INDEX + "/_search?request_cache=false";
    return new HttpSubject(
        "openSearch",
        server.address(),
        server::pids,
        false,
        queries.stream()
            .map(query ->
                HttpRequest.of("POST", target, server.address(), headers, query.openSearchJson()))
            .toList(),
        AnswerJson::openSearch);
  }
}
