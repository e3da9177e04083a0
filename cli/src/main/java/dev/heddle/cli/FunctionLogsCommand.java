package dev.heddle.cli;

import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.client.LogLine;
import dev.heddle.cli.terminal.Console;
import dev.heddle.cli.terminal.Figures;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "logs",
    description = "Shows what a function wrote lately, and with -f what it goes on to write.",
    footer = {
      "",
      "Each invocation ends with a REPORT line: what it took, and what it is charged for.",
      "",
      "Examples:",
      "  heddle function logs greeter -n 20",
      "  heddle function logs greeter -f --json"
    })
final class FunctionLogsCommand implements Callable<Integer> {
  private static final int MOST_LINES = 10_000;

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();
  @Mixin private ClusterOptions cluster = new ClusterOptions();

  @Parameters(index = "0", paramLabel = "FUNCTION")
  private String function = "";

  @Option(
      names = {"-f", "--follow"},
      description = "Go on with what is written from now on, until interrupted.")
  private boolean follow;

  @Option(
      names = {"-n", "--lines"},
      paramLabel = "N",
      defaultValue = "100",
      description = "The last so many lines. Default: ${DEFAULT-VALUE}.")
  private int lines = 100;

  @Option(
      names = "--invocation",
      paramLabel = "ID",
      defaultValue = "",
      description = "Only lines of this invocation.")
  private String invocation = "";

  @Option(names = "--json", description = "Print each line as a JSON object.")
  private boolean json;

  FunctionLogsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    if (lines < 1 || lines > MOST_LINES) {
      throw new ParameterException(
          spec.commandLine(), "--lines: " + lines + " (expected: 1.." + MOST_LINES + ")");
    }
    try (ClusterGrpcClient connection = cluster.connect()) {
      new FunctionsGrpcClient(connection).logs(function, lines, follow, invocation, this::print);
    }
    return 0;
  }

  private void print(LogLine line) {
    if (json) {
      console.line(line.json().toString());
      return;
    }
    if (line.lost() > 0) {
      console.line("… " + Figures.count(line.lost(), "line") + " lost");
    }
    console.line(
        line.at()
            + " "
            + line.node()
            + " "
            + Figures.digest(line.version())
            + " "
            + Figures.digest(line.invocation())
            + "  "
            + line.text());
  }
}
