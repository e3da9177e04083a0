package dev.heddle.cli;

import dev.heddle.cli.demo.DemoCommand;
import dev.heddle.cli.node.NodeCommand;
import dev.heddle.cli.terminal.Console;
import java.util.concurrent.Callable;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The {@code heddle} command. */
@Command(
    name = "heddle",
    description = "Functions beside sharded data, sessions outside of functions.",
    synopsisSubcommandLabel = "COMMAND",
    footer = {
      "",
      "Start here:",
      "  heddle demo                                a cluster with a search page",
      "  heddle query dbpedia 'suspension bridge'   asks it",
      "",
      "Exit codes: 0 ok, 1 failed, 2 wrong usage.",
      "HEDDLE_JAVA_OPTS=-Dheddle.debug shows stack traces."
    })
public final class Main implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Show this help and end.")
  @SuppressWarnings("UnusedVariable") // Its annotation alone does the job.
  private boolean help;

  private Main(Console console) {
    this.console = console;
  }

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] arguments) {
    System.exit(run(Console.ofProcess(), arguments));
  }

  /** Runs a command and returns its exit code. */
  static int run(Console console, String... arguments) {
    boolean debug = System.getProperty("heddle.debug") != null;
    if (!debug) {
      quiet();
    }
    return commands(console)
        .setOut(console.out())
        .setErr(console.err())
        .setExecutionExceptionHandler(new Errors(console, debug))
        .setParameterExceptionHandler(new Errors(console, debug))
        .execute(arguments);
  }

  static CommandLine commands(Console console) {
    CommandLine heddle = new CommandLine(new Main(console));
    heddle
        .addSubcommand(new DemoCommand(console))
        .addSubcommand(new NodeCommand(console))
        .addSubcommand(new QueryCommand(console))
        .addSubcommand(new LoadCommand(console))
        .addSubcommand(new DeployCommand(console))
        .addSubcommand(new InvokeCommand(console))
        .addSubcommand(new StatusCommand(console))
        .addSubcommand(
            new CommandLine(new FunctionCommand(console))
                .addSubcommand(new FunctionInitCommand(console))
                .addSubcommand(new FunctionAliasCommand(console))
                .addSubcommand(new FunctionLogsCommand(console)))
        .addSubcommand(new DatasetCommand(console))
        .addSubcommand(new DocumentCommand(console))
        .addSubcommand(new AppCommand(console))
        .addSubcommand(new SessionCommand(console))
        .addSubcommand(new TrainCommand(console))
        .addSubcommand(
            new CommandLine(new BenchCommand(console))
                .addSubcommand(new BenchCompareCommand(console)));
    return heddle
        .setUsageHelpAutoWidth(true)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setAbbreviatedOptionsAllowed(false)
        .setOverwrittenOptionsAllowed(false);
  }

  @Override
  public Integer call() {
    spec.commandLine().usage(console.err());
    return ExitCode.USAGE;
  }

  /** Libraries log through java.util.logging; what a person must know, we say ourselves. */
  private static void quiet() {
    LogManager.getLogManager().reset();
    Logger.getLogger("").setLevel(Level.OFF);
  }
}
