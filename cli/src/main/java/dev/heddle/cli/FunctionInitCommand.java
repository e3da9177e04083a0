package dev.heddle.cli;

import dev.heddle.cli.terminal.Console;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "init",
    description = "Writes a working function with a test into a new folder.",
    footer = {
      "",
      "Examples:",
      "  heddle function init greeter --runtime java",
      "  heddle function init work/greeter --runtime wasm --name hello"
    })
final class FunctionInitCommand implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "DIR", description = "New, or empty.")
  private Path folder = Path.of("");

  @Option(
      names = "--runtime",
      required = true,
      paramLabel = "RUNTIME",
      description = "java or wasm.")
  private Starter starter = Starter.JAVA;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The function's name. Default: the folder's.")
  private @Nullable String name;

  FunctionInitCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException {
    String chosen = name == null ? String.valueOf(folder.toAbsolutePath().getFileName()) : name;
    if (!Starter.fits(chosen)) {
      throw new ParameterException(
          spec.commandLine(),
          "name: " + chosen + " (expected: a-z, then up to 62 of a-z, 0-9 and -; see --name)");
    }
    if (Files.exists(folder) && !empty(folder)) {
      throw new ParameterException(
          spec.commandLine(), folder + ": there is something (expected: a new or empty folder)");
    }
    for (Path file : starter.write(folder, chosen)) {
      console.line(file.toString());
    }
    console.note("README.md there says how to test it; 'heddle deploy " + folder + "' deploys it");
    return 0;
  }

  private static boolean empty(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (var files = Files.list(folder)) {
      return files.findAny().isEmpty();
    }
  }
}
