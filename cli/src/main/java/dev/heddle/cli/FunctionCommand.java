package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.FunctionInfo;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.TextTable;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "function",
    description = "Lists, shows and deletes functions.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  heddle function list",
      "  heddle function show related-topics --json",
      "  heddle function delete related-topics"
    })
final class FunctionCommand implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  FunctionCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(console.err());
    return ExitCode.USAGE;
  }

  @Command(name = "list", description = "Lists the functions.")
  int list(
      @Mixin ClusterOptions cluster,
      @Option(names = "--json", description = "Print them as JSON.") boolean json) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      List<FunctionInfo> functions = new FunctionsGrpcClient(connection).list();
      if (json) {
        console.json(JsonMapper.shared().valueToTree(functions));
      } else {
        console.line(table(functions));
      }
    }
    return 0;
  }

  @Command(name = "show", description = "Shows a function with its versions.")
  int show(
      @Mixin ClusterOptions cluster,
      @Parameters(paramLabel = "FUNCTION") String name,
      @Option(names = "--json", description = "Print it as JSON.") boolean json) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      FunctionInfo function = new FunctionsGrpcClient(connection).get(name);
      if (json) {
        console.json(JsonMapper.shared().valueToTree(function));
      } else {
        console.line(table(List.of(function)));
        console.line("");
        console.line(versions(function));
      }
    }
    return 0;
  }

  @Command(name = "delete", description = "Deletes a function with all its versions.")
  int delete(@Mixin ClusterOptions cluster, @Parameters(paramLabel = "FUNCTION") String name) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      new FunctionsGrpcClient(connection).delete(name);
      console.line("deleted " + name);
    }
    return 0;
  }

  static String table(List<FunctionInfo> functions) {
    TextTable table = TextTable.of("FUNCTION", "KIND", "RUNTIME", "VERSION", ">VERSIONS");
    functions.forEach(f ->
        table.row(
            f.name(), f.kind(), f.runtime(), Figures.digest(f.version()), f.versions().size()));
    return table.text();
  }

  private static String versions(FunctionInfo function) {
    TextTable table = TextTable.of("VERSION", "CREATED", ">CODE", "ENTRY", "ALIASES");
    for (FunctionInfo.Version version : function.versions().reversed()) {
      List<String> aliases =
          function.aliases().entrySet().stream()
              .filter(alias -> alias.getValue().equals(version.version()))
              .map(java.util.Map.Entry::getKey)
              .sorted()
              .toList();
      table.row(
          Figures.digest(version.version()),
          version.createdAt(),
          Figures.bytes(version.codeBytes()),
          version.entry(),
          String.join(",", aliases));
    }
    return table.text();
  }
}
