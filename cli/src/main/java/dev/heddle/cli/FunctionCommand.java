package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.FunctionInfo;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import dev.heddle.cli.terminal.TextTable;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
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
    description = "Begins, lists, shows and changes functions, and reads their logs.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Examples:",
      "  heddle function init my-function --runtime wasm",
      "  heddle function list",
      "  heddle function show related-topics --json",
      "  heddle function alias related-topics canary latest=1 3f6c2a90=9",
      "  heddle function rollback related-topics",
      "  heddle function logs related-topics -f",
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
      shown(new FunctionsGrpcClient(connection).get(name), json);
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

  @Command(
      name = "rollback",
      description = "Moves 'latest' back to an earlier version; calls that run are not disturbed.")
  int rollback(
      @Mixin ClusterOptions cluster,
      @Parameters(index = "0", paramLabel = "FUNCTION") String name,
      @Parameters(
              index = "1",
              paramLabel = "VERSION",
              arity = "0..1",
              defaultValue = "",
              description =
                  "A digest, 8 or more digits of one, or an alias. Default: the version before"
                      + " the latest.")
          String version,
      @Option(names = "--json", description = "Print the function as JSON.") boolean json) {
    try (ClusterGrpcClient connection = cluster.connect()) {
      FunctionInfo after = new FunctionsGrpcClient(connection).rollback(name, version);
      if (json) {
        shown(after, true);
      } else {
        console.line(after.name() + " " + Figures.digest(after.version()) + "  is the latest now");
      }
    }
    return 0;
  }

  private void shown(FunctionInfo function, boolean json) {
    if (json) {
      console.json(JsonMapper.shared().valueToTree(function));
    } else {
      console.line(table(List.of(function)));
      console.line("");
      console.line(versions(function));
    }
  }

  static String table(List<FunctionInfo> functions) {
    TextTable table = TextTable.of("FUNCTION", "KIND", "RUNTIME", "VERSION", ">VERSIONS");
    functions.forEach(f ->
        table.row(
            f.name(), f.kind(), f.runtime(), Figures.digest(f.version()), f.versions().size()));
    return table.text();
  }

  static String versions(FunctionInfo function) {
    TextTable table =
        TextTable.of("VERSION", "CREATED", ">CODE", "ENTRY", ">TIMEOUT", ">MEMORY", "ALIASES");
    for (FunctionInfo.Version version : function.versions().reversed()) {
      table.row(
          Figures.digest(version.version()),
          Figures.instant(version.createdAt()),
          Figures.bytes(version.codeBytes()),
          version.entry(),
          version.timeout(),
          version.memory(),
          aliases(function, version.version()));
    }
    return table.text();
  }

  /** Those that name the version; with its share where it has only a part. */
  private static String aliases(FunctionInfo function, String version) {
    return function.aliases().entrySet().stream()
        .sorted(java.util.Map.Entry.comparingByKey())
        .flatMap(alias ->
            alias.getValue().stream()
                .filter(target -> target.version().equals(version))
                .map(target -> alias.getKey() + share(target, alias.getValue())))
        .collect(Collectors.joining(","));
  }

  private static String share(FunctionInfo.Target target, List<FunctionInfo.Target> all) {
    long whole = all.stream().mapToLong(FunctionInfo.Target::weight).sum();
    return all.size() == 1 ? "" : "=" + target.weight() + "/" + whole;
  }
}
