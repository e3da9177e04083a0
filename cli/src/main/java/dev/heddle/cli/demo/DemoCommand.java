package dev.heddle.cli.demo;

import dev.heddle.cli.terminal.Console;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Command line of the demo. */
@Command(
    name = "demo",
    description = "Runs a cluster on this machine, with a sample application in it.",
    footer = {
      "",
      "Prints `heddle ready URL` when the first query would succeed. Ctrl-C stops all",
      "that it started. A later start finds the indexed documents, and is quick. With",
      "three leaves or more, each shard is copied to three of them in the background;",
      "any one leaf may then be killed.",
      "",
      "The sample `search` is a corpus with a search page; `chat` is rooms on two gateways,",
      "the second of which is printed as `heddle also URL`. Its port is the one after both",
      "of the others (8082).",
      "",
      "Examples:",
      "  heddle demo",
      "  heddle demo --sample chat",
      "  heddle demo --port 9000 --leaves 5 --shards 20 --data /tmp/demo",
      "  heddle demo --corpus books.jsonl.gz --data /tmp/books"
    })
public final class DemoCommand implements Callable<Integer> {
  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--sample",
      paramLabel = "NAME",
      defaultValue = "search",
      description = "search or chat. Default: ${DEFAULT-VALUE}.")
  private DemoSample sample = DemoSample.SEARCH;

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8080",
      description = "Of HTTP and the page. Default: ${DEFAULT-VALUE}.")
  private int port = 8080;

  @Option(
      names = "--grpc-port",
      paramLabel = "PORT",
      description = "Of the gRPC services. Default: the HTTP port + 1.")
  private @Nullable Integer grpcPort;

  @Option(
      names = "--leaves",
      paramLabel = "N",
      description = "Leaf processes; 0: the first process has all roles. Default: 3; chat: 1.")
  private @Nullable Integer leaves;

  @Option(
      names = "--shards",
      paramLabel = "N",
      description = "Shards of the dataset. Default: 8; chat: 1.")
  private @Nullable Integer shards;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "Where everything is kept. Default: .heddle in the checkout; chat: .heddle-chat.")
  private @Nullable Path data;

  @Option(
      names = "--corpus",
      paramLabel = "FILE",
      description =
          "JSONL, plain or gzip, instead of the default corpus; or that corpus' jar, if it cannot"
              + " be fetched.")
  private @Nullable Path corpus;

  public DemoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path home = Path.of(System.getProperty("heddle.home", "")).toAbsolutePath().normalize();
    DemoOptions options;
    try {
      options =
          new DemoOptions(
              sample,
              port,
              grpcPort == null ? port + 1 : grpcPort,
              leaves == null ? sample.leaves() : leaves,
              shards == null ? sample.shards() : shards,
              (data == null ? home.resolve(sample.data()) : data).toAbsolutePath().normalize(),
              Optional.ofNullable(corpus).map(file -> file.toAbsolutePath().normalize()));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
    return new Demo(options, home, console, Ticker.system()).run();
  }
}
