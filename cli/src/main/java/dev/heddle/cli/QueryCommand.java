package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.cli.client.QueryGrpcClient;
import dev.heddle.cli.client.ReadLevel;
import dev.heddle.cli.terminal.Console;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

@Command(
    name = "query",
    description = "Asks a dataset.",
    footer = {
      "",
      "Writes and reads print a position token with --json; a query that is given one sees at"
          + " least",
      "what was written or seen then, whichever replicas answer.",
      "",
      "Examples:",
      "  heddle query dbpedia 'suspension bridge'",
      "  heddle query dbpedia 'world war' -k 3 --explain",
      "  heddle query dbpedia jazz --filter '{\"term\":{\"type\":\"Person\"}}'",
      "  heddle query dbpedia jazz --function related-topics --args '{\"size\":5}' --json",
      "  heddle query books whale --read session --position TOKEN --json",
      "  heddle query dbpedia --body '{\"query\":{\"phrase\":{\"title\":\"new york\"}}}'"
    })
final class QueryCommand implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ClusterOptions cluster = new ClusterOptions();

  @Parameters(index = "0", paramLabel = "DATASET")
  private String dataset = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "TEXT",
      description = "Any of its words may match. Without it, every document does.")
  private @Nullable String text;

  @Option(
      names = "--function",
      paramLabel = "F",
      description = "A scatter function, NAME or NAME:ALIAS, instead of the built-in search.")
  private @Nullable String function;

  @Option(
      names = "--args",
      paramLabel = "JSON",
      converter = JsonArgument.class,
      description = "The function's arguments, an object.")
  private @Nullable JsonNode args;

  @Option(names = "-k", paramLabel = "N", description = "Hits wanted. Default: 10.")
  private @Nullable Integer k;

  @Option(
      names = "--filter",
      paramLabel = "JSON",
      converter = JsonArgument.class,
      description = "A clause that restricts the documents; all of several hold.")
  private List<JsonNode> filters = new ArrayList<>();

  @Option(
      names = "--body",
      paramLabel = "JSON",
      converter = JsonArgument.class,
      description = "The query as POST /v1/datasets/DATASET/query takes it; options add to it.")
  private @Nullable JsonNode body;

  @Option(
      names = "--deadline",
      paramLabel = "DURATION",
      description = "Answer with what was seen by then, as in 200ms.")
  private @Nullable String deadline;

  @Option(
      names = "--min-coverage",
      paramLabel = "0..1",
      description = "Less than this part of the documents seen is an error.")
  private @Nullable Double minCoverage;

  @Mixin private ReadOptions reading = new ReadOptions();

  @Option(names = "--explain", description = "Show what each leaf and shard did, and when.")
  private boolean explain;

  @Option(names = "--json", description = "Print the whole answer as JSON.")
  private boolean json;

  QueryCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    ObjectNode query = query();
    JsonNode answer = ask(query);
    if (json) {
      console.json(answer);
    } else {
      console.line(AnswerText.of(answer, explain));
    }
    return 0;
  }

  /** Over gRPC what its messages say plainly; clauses go over HTTP, whose language JSON is. */
  private JsonNode ask(ObjectNode query) throws InterruptedException {
    if (filters.isEmpty() && body == null) {
      try (ClusterGrpcClient connection = cluster.connect()) {
        return new QueryGrpcClient(connection).run(dataset, query, reading.position());
      }
    }
    try (ClusterHttp http = cluster.http()) {
      return http.post(query, reading.position(), "v1", "datasets", dataset, "query");
    }
  }

  private ObjectNode query() {
    ObjectNode query = JsonMapper.shared().createObjectNode();
    if (body != null) {
      query.setAll(object(body, "--body"));
    }
    if (text != null) {
      query.put("query", text);
    }
    if (function != null) {
      query.put("function", function);
    }
    if (args != null) {
      query.set("args", object(args, "--args"));
    }
    if (k != null) {
      query.put("k", k);
    }
    addFilters(query);
    if (deadline != null) {
      query.put("deadline", deadline);
    }
    if (minCoverage != null) {
      query.put("minCoverage", minCoverage);
    }
    if (reading.level().isPresent()) {
      query.put("read", reading.level().get().toString());
    } else if (reading.position().isPresent() && !query.has("read")) {
      query.put("read", ReadLevel.SESSION.toString());
    }
    if (explain) {
      query.put("explain", true);
    }
    return query;
  }

  private void addFilters(ObjectNode query) {
    if (filters.isEmpty()) {
      return;
    }
    if (filters.size() == 1 && !query.has("filter")) {
      query.set("filter", object(filters.getFirst(), "--filter"));
      return;
    }
    ArrayNode all = JsonMapper.shared().createArrayNode();
    if (query.has("filter")) {
      all.add(query.get("filter"));
    }
    filters.forEach(filter -> all.add(object(filter, "--filter")));
    query.putObject("filter").putObject("bool").set("filter", all);
  }

  private ObjectNode object(JsonNode value, String option) {
    if (value instanceof ObjectNode object) {
      return object;
    }
    throw new ParameterException(
        spec.commandLine(), option + ": " + value + " (expected: a JSON object)");
  }
}
