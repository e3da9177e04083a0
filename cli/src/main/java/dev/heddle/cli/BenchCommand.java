package dev.heddle.cli;

import dev.heddle.cli.terminal.Console;
import dev.heddle.loadtest.Bench;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.CommandText;
import dev.heddle.loadtest.measure.Peer;
import dev.heddle.loadtest.measure.Peers;
import dev.heddle.process.DurationFormat;
import dev.heddle.process.Ticker;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs experiments of LambdaBench. */
@Command(
    name = "bench",
    description =
        "Measures a running cluster, or one that it starts. Fails on wrong answers, never on"
            + " speed.",
    footer = {
      "",
      "Examples:",
      "  heddle bench --list",
      "  heddle bench query --peers opensearch",
      "  heddle bench query --target http://localhost:8080",
      "  heddle bench query invoke --out target/report",
      "  heddle bench compare before/report.json target/report/report.json",
      "  heddle bench chaos --kills 200 --seed 7"
    })
final class BenchCommand implements Callable<Integer> {
  private static final BenchOptions.Target TARGET = BenchOptions.Target.DEFAULTS;
  private static final BenchOptions.Workload WORKLOAD = BenchOptions.Workload.DEFAULTS;
  private static final BenchOptions.Load LOAD = BenchOptions.Load.DEFAULTS;

  private static final int QUICK_KILLS = 2;

  private final Console console;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Parameters(arity = "0..*", paramLabel = "NAME", description = "Experiments. Default: query.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--list", description = "Show what there is, and end.")
  private boolean list;

  @Option(
      names = "--target",
      paramLabel = "URL",
      description =
          "Query asks this cluster, by its HTTP address. Default: clusters that it starts.")
  private URI target = TARGET.url();

  @Option(names = "--dataset", paramLabel = "NAME", description = "Default: dbpedia.")
  private String dataset = TARGET.dataset();

  @Option(names = "--key", paramLabel = "KEY", description = "The API key of your tenant.")
  private @Nullable String key;

  @Option(
      names = "--timeout",
      paramLabel = "DURATION",
      description = "How long to wait for one answer. Default: 10s.")
  private String timeout = DurationFormat.format(TARGET.timeout());

  @Option(
      names = "--queries",
      paramLabel = "FILE",
      description = "One query a line, text or JSON. Default: made from the dataset, by the seed.")
  private @Nullable Path queries;

  @Option(
      names = "--arrivals",
      paramLabel = "FILE",
      description =
          "Of light-load: when calls are to be sent, a line for each, milliseconds from the"
              + " beginning.")
  private @Nullable Path arrivals;

  @Option(
      names = "--query-count",
      paramLabel = "N",
      description = "Different queries to make. Default: 300.")
  private int queryCount = WORKLOAD.count();

  @Option(
      names = "--with",
      paramLabel = "JSON",
      description = "Fields added to every query, such as '{\"highlight\":false}'.")
  private String with = WORKLOAD.with();

  @Option(names = "--warmup", paramLabel = "N", description = "Requests first. Default: 12000.")
  private int warmup = LOAD.warmup();

  @Option(names = "--runs", paramLabel = "N", description = "Default: 5.")
  private int runs = LOAD.runs();

  @Option(names = "--requests", paramLabel = "N", description = "In a run. Default: 3000.")
  private int requests = LOAD.requests();

  @Option(
      names = "--clients",
      paramLabel = "N",
      description = "Each sends its next request when it has the answer. Default: 1.")
  private int clients = LOAD.clients();

  @Option(
      names = "--peers",
      split = ",",
      paramLabel = "NAME",
      description = "What else is measured, see --list; none: nothing. Default: what is at hand.")
  private List<String> peers = new ArrayList<>();

  @Option(
      names = "--kills",
      paramLabel = "N",
      description = "Of chaos and failover, which start clusters of their own. Default: 20.")
  private int kills = 20;

  @Option(names = "--seed", paramLabel = "N", description = "Same seed, same queries.")
  private long seed = BenchOptions.DEFAULTS.seed();

  @Option(
      names = "--quick",
      description = "As little as shows that everything works; the figures mean nothing.")
  private boolean quick;

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Writes report.html, with plots, and report.json, with histograms, in there.")
  private @Nullable Path out;

  @Option(names = "--csv", description = "Writes requests.csv there, too: a line for each request.")
  private boolean csv;

  BenchCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    var bench =
        new Bench(
            console.out(),
            console.err(),
            Ticker.system(),
            Clock.systemUTC(),
            new ClusterExperiments(console, quick && !given("--kills") ? QUICK_KILLS : kills, quick)
                .all(!given("--target")));
    if (list) {
      for (var experiment : bench.experiments()) {
        console.out().printf("%-12s %s%n", experiment.name(), experiment.about());
      }
      console.out().printf("%nPeers, for --peers:%n");
      for (var peer : Peer.values()) {
        console
            .out()
            .printf(
                "%-20s %s; of %s%n",
                peer.label(), peer.about(), String.join(", ", peer.experiments()));
      }
      console.out().flush();
      return Bench.OK;
    }
    return bench.run(options());
  }

  private BenchOptions options() {
    try {
      return new BenchOptions(
          names.isEmpty() ? BenchOptions.DEFAULTS.experiments() : names,
          new BenchOptions.Target(
              target, dataset, Optional.ofNullable(key), DurationFormat.parse(timeout)),
          new BenchOptions.Workload(
              Optional.ofNullable(queries), queryCount, with, Optional.ofNullable(arrivals)),
          load(),
          seed,
          new BenchOptions.Output(
              Optional.ofNullable(out),
              csv,
              Optional.of(Checkout.ofProcess().home()),
              CommandText.shown(spec.commandLine().getParseResult().originalArgs())),
          quick,
          Peers.parse(peers));
    } catch (IllegalArgumentException e) {
      throw new ParameterException(spec.commandLine(), e.getMessage(), e);
    }
  }

  /** What was said, and for the rest what is meant by quick. */
  private BenchOptions.Load load() {
    var least = BenchOptions.Load.QUICK;
    return new BenchOptions.Load(
        quick && !given("--warmup") ? least.warmup() : warmup,
        quick && !given("--runs") ? least.runs() : runs,
        quick && !given("--requests") ? least.requests() : requests,
        clients);
  }

  private boolean given(String option) {
    return spec.commandLine().getParseResult().hasMatchedOption(option);
  }
}
