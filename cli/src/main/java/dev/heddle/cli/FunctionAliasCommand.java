package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.FunctionInfo;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.terminal.Console;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

@Command(
    name = "alias",
    description = "Lets an alias name a version, or two that share the calls by weight.",
    footer = {
      "",
      "Examples:",
      "  heddle function alias greeter stable 3f6c2a90",
      "  heddle function alias greeter canary stable=9 latest=1",
      "  heddle function alias greeter canary --delete"
    })
final class FunctionAliasCommand implements Callable<Integer> {
  private static final int MOST_WEIGHT = 1_000;
  private static final int MOST_VERSIONS = 2;

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ClusterOptions cluster = new ClusterOptions();

  @Parameters(index = "0", paramLabel = "FUNCTION")
  private String function = "";

  @Parameters(index = "1", paramLabel = "ALIAS")
  private String alias = "";

  @Parameters(
      index = "2..*",
      arity = "0..2",
      paramLabel = "VERSION[=WEIGHT]",
      description =
          "A digest, 8 or more digits of one, or another alias of one version. Default weight: 1.")
  private List<String> versions = List.of();

  @Option(names = "--delete", description = "Delete the alias; its versions stay.")
  private boolean delete;

  @Option(names = "--json", description = "Print the function as JSON.")
  private boolean json;

  FunctionAliasCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (delete != versions.isEmpty() || versions.size() > MOST_VERSIONS) {
      throw wrong("versions: " + versions.size() + " (expected: one or two, or --delete)");
    }
    var targets = versions.stream().map(this::target).toList();
    try (ClusterGrpcClient connection = cluster.connect()) {
      var functions = new FunctionsGrpcClient(connection);
      FunctionInfo after =
          delete
              ? functions.deleteAlias(function, alias)
              : functions.alias(function, alias, targets);
      if (json) {
        console.json(JsonMapper.shared().valueToTree(after));
      } else {
        console.line(FunctionCommand.versions(after));
      }
    }
    return 0;
  }

  private FunctionInfo.Target target(String spoken) {
    int equals = spoken.indexOf('=');
    if (equals < 0) {
      return new FunctionInfo.Target(spoken, 1);
    }
    String weight = spoken.substring(equals + 1);
    int number = weight.matches("[0-9]{1,4}") ? Integer.parseInt(weight) : 0;
    if (number < 1 || number > MOST_WEIGHT) {
      throw wrong("weight: " + weight + " (expected: 1.." + MOST_WEIGHT + ")");
    }
    return new FunctionInfo.Target(spoken.substring(0, equals), number);
  }

  private ParameterException wrong(String message) {
    return new ParameterException(spec.commandLine(), message);
  }
}
