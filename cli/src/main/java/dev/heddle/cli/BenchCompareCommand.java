package dev.heddle.cli;

import dev.heddle.cli.terminal.Console;
import dev.heddle.loadtest.Bench;
import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.report.Comparison;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Compares two reports of experiments. */
@Command(
    name = "compare",
    description =
        "Shows ratios of two reports with intervals, and fails where a figure surely became worse.")
final class BenchCompareCommand implements Callable<Integer> {
  private static final Pattern PERCENT = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,3})?)%");

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(index = "0", paramLabel = "BEFORE", description = "A report.json.")
  private Path before = Path.of("");

  @Parameters(index = "1", paramLabel = "AFTER", description = "Another one.")
  private Path after = Path.of("");

  @Option(
      names = "--threshold",
      paramLabel = "PERCENT",
      description = "What change for the worse is let pass. Default: 5%%.")
  private String threshold = "5%";

  @Option(names = "--seed", paramLabel = "N", description = "Same seed, same intervals.")
  private long seed = 1;

  BenchCompareCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    double share = share();
    var comparison = Comparison.of(BenchReport.read(before), BenchReport.read(after), share, seed);
    console.out().println(comparison.text());
    console.out().flush();
    return comparison.failed() ? Bench.FAILED : Bench.OK;
  }

  private double share() {
    var matcher = PERCENT.matcher(threshold);
    if (!matcher.matches()) {
      throw new ParameterException(
          spec.commandLine(), "threshold: " + threshold + " (expected: a percentage like 5%)");
    }
    return Double.parseDouble(matcher.group(1)) / 100;
  }
}
