package dev.heddle.cli;

import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.TextTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

@Command(
    name = "app",
    description = "Deploys, lists, shows and deletes apps, over HTTP.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "An app is what a gateway serves at /ws/APP, /sse/APP and /poll/APP.",
      "Its app.yaml says where frames go, and who may connect.",
      "",
      "Examples:",
      "  heddle app deploy sample-search/app",
      "  heddle app list",
      "  heddle app show search --json",
      "  heddle app delete search"
    })
final class AppCommand implements Callable<Integer> {
  private static final Pattern NAME =
      Pattern.compile("^name:\\s*[\"']?([A-Za-z0-9_.-]+)", Pattern.MULTILINE);

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  AppCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(console.err());
    return ExitCode.USAGE;
  }

  @Command(name = "deploy", description = "Deploys an app.")
  int deploy(
      @Mixin ClusterOptions cluster,
      @Parameters(paramLabel = "DIR|FILE", description = "app.yaml, or a folder that has one.")
          Path path,
      @Option(names = "--json", description = "Print the app as JSON.") boolean json)
      throws IOException, InterruptedException {
    Path file = Files.isDirectory(path) ? path.resolve("app.yaml") : path;
    String yaml = Files.readString(file);
    Matcher name = NAME.matcher(yaml);
    if (!name.find()) {
      throw new ParameterException(spec.commandLine(), file + ": no name (expected: name: APP)");
    }
    try (ClusterHttp http = cluster.http()) {
      JsonNode app = http.putYaml(yaml, "v1", "apps", name.group(1));
      if (json) {
        console.json(app);
      } else {
        console.line(name.group(1) + " " + Figures.digest(app.path("digest").asString("")));
      }
    }
    return 0;
  }

  @Command(name = "list", description = "Lists the apps.")
  int list(
      @Mixin ClusterOptions cluster,
      @Option(names = "--json", description = "Print them as JSON.") boolean json)
      throws InterruptedException {
    try (ClusterHttp http = cluster.http()) {
      JsonNode apps = http.get("v1", "apps").path("apps");
      if (json) {
        console.json(apps);
      } else {
        TextTable table = TextTable.of("APP", "VERSION");
        apps.forEach(app ->
            table.row(
                app.path("name").asString(""), Figures.digest(app.path("digest").asString(""))));
        console.line(table.text());
      }
    }
    return 0;
  }

  @Command(name = "show", description = "Shows an app's routes.")
  int show(
      @Mixin ClusterOptions cluster,
      @Parameters(paramLabel = "APP") String name,
      @Option(names = "--json", description = "Print it as JSON.") boolean json)
      throws InterruptedException {
    try (ClusterHttp http = cluster.http()) {
      JsonNode app = http.get("v1", "apps", name);
      if (json || !app.path("yaml").isString()) {
        console.json(app);
      } else {
        console.line(app.path("yaml").asString().stripTrailing());
      }
    }
    return 0;
  }

  @Command(name = "delete", description = "Deletes an app; frames of its connections are refused.")
  int delete(@Mixin ClusterOptions cluster, @Parameters(paramLabel = "APP") String name)
      throws InterruptedException {
    try (ClusterHttp http = cluster.http()) {
      var _ = http.delete("v1", "apps", name);
      console.line("deleted " + name);
    }
    return 0;
  }
}
