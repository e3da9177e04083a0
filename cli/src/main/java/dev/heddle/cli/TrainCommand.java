package dev.heddle.cli;

import dev.heddle.cli.terminal.Console;
import dev.heddle.process.DurableFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The training run, of which the {@code heddle} script has the JVM write its cache. */
@Command(
    name = "train",
    hidden = true,
    description = "Runs a node for a moment and has it do a little of everything.",
    footer = {
      "",
      "The heddle script makes one after a build, of which the JVM writes heddle.aot. By hand:",
      "  heddle train --rounds 10"
    })
final class TrainCommand implements Callable<Integer> {
  private final Console console;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "400",
      description = "Calls of each kind. Default: ${DEFAULT-VALUE}.")
  private int rounds = 400;

  TrainCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    Path folder = Files.createTempDirectory("heddle-train");
    try (var run = new TrainingRun(folder, console)) {
      run.all(rounds);
    } finally {
      DurableFiles.deleteAll(folder);
    }
    return 0;
  }
}
