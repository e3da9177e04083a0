package dev.heddle.cli;

import dev.heddle.cli.terminal.Console;
import dev.heddle.process.DurableFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
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
  private static final Duration LIMIT = Duration.ofMinutes(10);

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
    var over = new CountDownLatch(1);
    Thread.ofPlatform().daemon().name("training-limit").start(() -> limit(over));
    Path folder = Files.createTempDirectory("heddle-train");
    try (var run = new TrainingRun(folder, console)) {
      run.all(rounds);
    } finally {
      over.countDown();
      DurableFiles.deleteAll(folder);
    }
    return 0;
  }

  /** A build waits for it: what hangs, in spite of all limits of its own, must not hold that up. */
  private static void limit(CountDownLatch over) {
    try {
      if (!over.await(LIMIT.toNanos(), TimeUnit.NANOSECONDS)) {
        Runtime.getRuntime().halt(1);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
