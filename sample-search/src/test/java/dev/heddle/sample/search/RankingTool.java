package dev.heddle.sample.search;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.GZIPOutputStream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Evaluates the ranking of a running cluster, for people who tune it.
 *
 * <pre>
 * RankingTool http://localhost:8080 dbpedia CORPUS.jar   prints the figures
 * RankingTool withhold OUT.jsonl.gz CORPUS.jar           writes the corpus without the alias queries'
 *                                                        aliases, to be loaded as another dataset
 * </pre>
 */
final class RankingTool {
  private RankingTool() {}

  public static void main(String[] args) throws IOException, InterruptedException {
    var corpus = new DbpediaCorpus(Path.of(args[2]), "{}");
    if (args[0].equals("withhold")) {
      withhold(corpus, Path.of(args[1]));
      return;
    }
    Judgements judgements;
    try (var run = corpus.open()) {
      judgements = Judgements.read(lines(), run);
    }
    var address = URI.create(args[0] + "/v1/datasets/" + args[1] + "/query");
    try (var http = HttpClient.newHttpClient()) {
      System.out.print(
          RankingEvaluation.of(judgements, text -> search(http, address, text)).report());
    }
  }

  static List<String> lines() throws IOException {
    try (var in = RankingTool.class.getResourceAsStream("judgements.tsv")) {
      return Optional.ofNullable(in).map(RankingTool::text).orElseThrow().lines().toList();
    }
  }

  private static String text(java.io.InputStream in) {
    try {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static List<String> search(HttpClient http, URI address, String text) {
    var body = JsonMapper.shared().createObjectNode();
    body.put("query", text).put("k", RankingEvaluation.DEPTH).putArray("highlight");
    body.putArray("fields").add("title");
    var request =
        HttpRequest.newBuilder(address)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
            .build();
    try {
      var answer = http.send(request, HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() != 200) {
        throw new IllegalStateException(answer.body());
      }
      var hits = JsonMapper.shared().readTree(answer.body()).get("hits");
      return hits.valueStream().map(hit -> hit.get("id").stringValue()).toList();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static void withhold(Corpus corpus, Path file) throws IOException {
    try (var out = new BufferedOutputStream(new GZIPOutputStream(Files.newOutputStream(file)));
        var run = new WithheldAliases(corpus, Judgements.withheld(lines())).open()) {
      while (run.hasNext()) {
        var document = run.next();
        var json = (ObjectNode) JsonMapper.shared().readTree(document.json());
        json.put("id", document.id());
        out.write(JsonMapper.shared().writeValueAsBytes(json));
        out.write('\n');
      }
    }
  }
}
