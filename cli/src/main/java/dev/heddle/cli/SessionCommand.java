package dev.heddle.cli;

import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.TextTable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

@Command(
    name = "session",
    description = "Lists, shows and ends cookie sessions, over HTTP.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "A session is listed once it has an attribute, or has seen a dataset's position.",
      "",
      "Examples:",
      "  heddle session list",
      "  heddle session show 4mFq0cWz7Tn2bR5xYkD8eGohZmk",
      "  heddle session close 4mFq0cWz7Tn2bR5xYkD8eGohZmk"
    })
final class SessionCommand implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  SessionCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(console.err());
    return ExitCode.USAGE;
  }

  @Command(name = "list", description = "Lists the sessions of the tenant, by id.")
  int list(
      @Mixin ClusterOptions cluster,
      @Option(
              names = "--limit",
              paramLabel = "N",
              defaultValue = "100",
              description = "At most so many, 1..1000 (default ${DEFAULT-VALUE}).")
          int limit,
      @Option(names = "--after", paramLabel = "SESSION", description = "Only those after this id.")
          @Nullable String after,
      @Option(names = "--json", description = "Print them as JSON.") boolean json)
      throws InterruptedException {
    Map<String, String> query = new LinkedHashMap<>();
    query.put("limit", Integer.toString(limit));
    if (after != null) {
      query.put("after", after);
    }
    try (ClusterHttp http = cluster.http()) {
      JsonNode page = http.get(query, "v1", "sessions");
      if (json) {
        console.json(page);
        return 0;
      }
      TextTable table = TextTable.of("SESSION", "CREATED", "LAST USED", ">ATTRIBUTES", ">BYTES");
      page.path("sessions")
          .forEach(each ->
              table.row(
                  each.path("session").asString(""),
                  Figures.instant(each.path("createdAt").asString("")),
                  Figures.instant(each.path("lastUsedAt").asString("")),
                  each.path("attributeCount").asLong(0),
                  each.path("bytes").asLong(0)));
      console.line(table.text());
      String next = page.path("next").asString("");
      if (!next.isEmpty()) {
        console.line("more: --after " + next);
      }
      if (!page.path("complete").asBoolean(true)) {
        console.note("a gateway did not answer: its sessions are missing");
      }
    }
    return 0;
  }

  @Command(name = "show", description = "Shows a session and its attributes, as JSON.")
  int show(@Mixin ClusterOptions cluster, @Parameters(paramLabel = "SESSION") String session)
      throws InterruptedException {
    try (ClusterHttp http = cluster.http()) {
      console.json(http.get("v1", "sessions", session));
    }
    return 0;
  }

  @Command(
      name = "close",
      description = "Ends a session: its cookie is refused, its connections are closed.")
  int close(@Mixin ClusterOptions cluster, @Parameters(paramLabel = "SESSION") String session)
      throws InterruptedException {
    try (ClusterHttp http = cluster.http()) {
      JsonNode ended = http.delete("v1", "sessions", session);
      console.line("ended " + session);
      if (!ended.path("complete").asBoolean(true)) {
        console.note("a gateway did not answer: it closes the session's connections in seconds");
      }
    }
    return 0;
  }
}
