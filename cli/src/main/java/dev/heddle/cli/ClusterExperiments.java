package dev.heddle.cli;

import dev.heddle.cli.client.Corpora;
import dev.heddle.cli.node.AotCache;
import dev.heddle.cli.terminal.Console;
import dev.heddle.loadtest.chaos.ChaosExperiment;
import dev.heddle.loadtest.chaos.ChaosOptions;
import dev.heddle.loadtest.chaos.FailoverExperiment;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.SessionReadsExperiment;
import dev.heddle.loadtest.gateway.DeliveriesExperiment;
import dev.heddle.loadtest.gateway.EchoExperiment;
import dev.heddle.loadtest.gateway.FanoutExperiment;
import dev.heddle.loadtest.gateway.IdleExperiment;
import dev.heddle.loadtest.gateway.LongPollExperiment;
import dev.heddle.loadtest.gateway.RedeployExperiment;
import dev.heddle.loadtest.gateway.SessionsExperiment;
import dev.heddle.loadtest.gateway.StormExperiment;
import dev.heddle.loadtest.invoke.BillExperiment;
import dev.heddle.loadtest.invoke.BurstExperiment;
import dev.heddle.loadtest.invoke.ColdStartExperiment;
import dev.heddle.loadtest.invoke.ElasticityExperiment;
import dev.heddle.loadtest.invoke.FairnessExperiment;
import dev.heddle.loadtest.invoke.InvokeExperiment;
import dev.heddle.loadtest.invoke.LightLoadExperiment;
import dev.heddle.loadtest.invoke.OverloadExperiment;
import dev.heddle.loadtest.invoke.PageLoadExperiment;
import dev.heddle.loadtest.invoke.SandboxesExperiment;
import dev.heddle.loadtest.invoke.SchedulersExperiment;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.LoggedExperiment;
import dev.heddle.loadtest.measure.RequestLog;
import dev.heddle.loadtest.search.CorpusExperiment;
import dev.heddle.loadtest.search.GroupBysExperiment;
import dev.heddle.loadtest.search.ScatterFunctionsExperiment;
import dev.heddle.loadtest.search.SearchExperiment;
import dev.heddle.loadtest.search.ShardsExperiment;
import dev.heddle.loadtest.search.TailExperiment;
import dev.heddle.loadtest.search.faults.QueryChaosExperiment;
import dev.heddle.loadtest.store.DensityExperiment;
import dev.heddle.loadtest.store.WritesExperiment;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Experiments that start clusters of their own, as processes of this build. What they leave lies in
 * {@code target/bench}; the runs of chaos add up in {@code .heddle/bench/chaos.jsonl}, which a
 * clean build leaves alone.
 */
final class ClusterExperiments {
  private static final int DOCUMENTS = 33_929;
  private static final int NUMBERS = 10_000;
  private static final int TAIL_DOCUMENTS = 5_000;
  private static final int QUERIES = 10_000;
  private static final Duration FAULTS = Duration.ofSeconds(150);
  private static final long READS = 100_000;
  private static final int INVOKERS = 32;
  private static final int BILLS = 10_000;
  private static final Duration BURST = Duration.ofSeconds(60);
  private static final Duration POLL = Duration.ofSeconds(231);
  private static final Duration STEP = Duration.ofSeconds(15);
  private static final int IDLE_SOCKETS = 9_000;
  private static final int STORM_SOCKETS = 15_000;
  private static final int SUBSCRIBERS = 5_000;
  private static final int MEMBERS = 15_000;
  private static final int DELIVERIES = 50_000;
  private static final Duration DELIVERING = Duration.ofSeconds(8);
  private static final long SESSION_WRITES = 1_000_000;
  private static final int POLLS = 100;
  private static final int WAITING_SANDBOXES = 400;
  private static final int COMPUTING_SANDBOXES = 100;
  private static final int CHATTERS = 10_000;
  private static final int DEPLOYS = 100;
  private static final int QUICK_SOCKETS = 20;
  private static final List<Integer> ECHOERS = List.of(1, 10, 100);
  private static final Duration QUICK_STEP = Duration.ofSeconds(1);
  private static final int QUICK_DOCUMENTS = 500;
  private static final int QUICK_QUERIES = 600;
  private static final Duration QUICK_FAULTS = Duration.ofSeconds(20);
  private static final long QUICK_READS = 500;
  private static final int QUICK_BILLS = 50;
  private static final int QUICK_DELIVERIES = 500;
  private static final long QUICK_WRITES = 2_000;
  private static final Duration QUICK_BURST = Duration.ofSeconds(2);

  /** Twice what the machine can do, beside the cluster. */
  private static final int HOGS = 2 * Runtime.getRuntime().availableProcessors();

  private final Console console;
  private final int kills;
  private final boolean quick;

  /**
   * @param kills of chaos and failover
   * @param quick whether experiments do as little as shows that they work
   */
  ClusterExperiments(Console console, int kills, boolean quick) {
    this.console = console;
    this.kills = kills;
    this.quick = quick;
  }

  /**
   * All of them.
   *
   * @param query whether the one of that name starts clusters; else it needs one that runs
   */
  List<Experiment> all(boolean query) {
    var all = new ArrayList<Experiment>();
    if (query) {
      all.add(
          new Late(
              "query",
              "queries beside bare Lucene, plain gRPC and OpenSearch, by class and clients",
              at ->
                  new SearchExperiment(java(), at, corpus(), quick ? QUICK_DOCUMENTS : DOCUMENTS)));
    }
    all.addAll(others());
    return all;
  }

  private List<Experiment> others() {
    return List.of(
        new Late(
            "shards",
            "what one more shard costs, from 1 to 128 on two leaves",
            at -> new ShardsExperiment(java(), at, corpus(), quick ? QUICK_DOCUMENTS : DOCUMENTS)),
        new Late(
            "corpus",
            "the same queries over growing data, from a sixteenth of the documents to all",
            at -> new CorpusExperiment(java(), at, corpus(), quick ? QUICK_DOCUMENTS : DOCUMENTS)),
        new Late(
            "tail",
            "one of a hundred calls of a leaf stalls for 1 s: hedging on, off, and an oracle",
            at ->
                new TailExperiment(java(), at, corpus(), quick ? QUICK_DOCUMENTS : TAIL_DOCUMENTS)),
        new Late(
            "querychaos",
            "queries while leaves are stopped, killed and given other shards; an audit",
            at ->
                new QueryChaosExperiment(
                    java(), at, quick ? QUICK_QUERIES : QUERIES, quick ? QUICK_FAULTS : FAULTS)),
        new Late(
            "groupbys",
            "200 group-bys at once over 128 shards in a heap of 512 MiB: memory, and what is known"
                + " of it",
            at ->
                quick
                    ? new GroupBysExperiment(java(), at, 8, 20, 2_000, Duration.ofSeconds(4))
                    : new GroupBysExperiment(java(), at, 128, 200, 20_000, Duration.ofSeconds(15))),
        new Late(
            "scatter-functions",
            "a sum by the built-in, by functions in Java and WebAssembly, and by fetching"
                + " documents",
            at -> new ScatterFunctionsExperiment(java(), at, quick ? QUICK_DOCUMENTS : NUMBERS)),
        new Late(
            "writes",
            "one document and bulk on 1 and 3 replicas, beside bare Lucene",
            at -> new WritesExperiment(java(), at, corpus(), quick ? QUICK_DOCUMENTS : DOCUMENTS)),
        new Late(
            "failover",
            "how long shards stall after their leader is killed",
            at -> new FailoverExperiment(java(), at, kills, quick ? 0 : HOGS)),
        new Late(
            "sessionreads",
            "session reads over replicas of which one is slow",
            at -> new SessionReadsExperiment(java(), at, quick ? QUICK_READS : READS)),
        new Late(
            "density",
            "24 replicas at rest in one process, and its restart",
            at -> new DensityExperiment(java(), at, corpus())),
        new Late(
            "invoke",
            "warm invocations over HTTP, beside Google's functions framework",
            at ->
                new InvokeExperiment(
                    java(),
                    at,
                    home().resolve("mvnw"),
                    home().resolve("target/bench"),
                    quick ? 4 : INVOKERS)),
        new Late(
            "burst",
            "a hundred calls of 200 ms at a time, waiting and computing",
            at -> new BurstExperiment(java(), at, quick ? QUICK_BURST : BURST)),
        new Late(
            "elasticity",
            "a hundred calls of 200 ms at a time for a minute, beside peers (the paper's Fig. 2)",
            at ->
                new ElasticityExperiment(
                    java(),
                    at,
                    home().resolve("mvnw"),
                    home().resolve("target/bench"),
                    quick ? QUICK_BURST : BURST)),
        new Late(
            "overload",
            "goodput, latency and refusals at a tenth to three times the capacity",
            at -> new OverloadExperiment(java(), at, quick ? QUICK_STEP : STEP)),
        new Late(
            "fairness",
            "one tenant at ten times its quota beside a calm one",
            at -> new FairnessExperiment(java(), at, quick ? QUICK_BURST : STEP)),
        new Late(
            "light-load",
            "a few calls a second of functions that were just deployed (the paper's Fig. 4)",
            at -> new LightLoadExperiment(java(), at, quick ? QUICK_BURST : BURST)),
        new Late(
            "gmail",
            "bills of a page load of short calls beside a long poll (the paper's Fig. 3)",
            at -> new PageLoadExperiment(java(), at, quick ? QUICK_BURST : POLL)),
        new Late(
            "schedulers",
            "policies that choose leaves, one from a jar, on bursts of calls of few popular"
                + " functions",
            at -> new SchedulersExperiment(java(), at, quick ? QUICK_BURST : STEP)),
        new Late(
            "bill",
            "bills beside what their calls took by their own clocks",
            at -> new BillExperiment(java(), at, quick ? QUICK_BILLS : BILLS)),
        new Late(
            "coldstart",
            "first calls of shipped code, and calls by state: new, stopped, paused, warm (the"
                + " paper's Fig. 5)",
            at -> new ColdStartExperiment(java(), at)),
        new Late(
            "sandboxes",
            "sandboxes that a GiB holds, by runtime, running and paused (the paper's Fig. 6)",
            at ->
                new SandboxesExperiment(
                    java(), at, quick ? 8 : WAITING_SANDBOXES, quick ? 4 : COMPUTING_SANDBOXES)),
        new Late(
            "idle",
            "memory of a WebSocket that says nothing, beside bare servers, ws and nchan",
            at -> new IdleExperiment(java(), at, packages(), quick ? QUICK_SOCKETS : IDLE_SOCKETS)),
        new Late(
            "echo",
            "frames over WebSockets to a function and back, by clients, beside bare servers",
            at -> new EchoExperiment(java(), at, packages(), quick ? List.of(1, 4) : ECHOERS)),
        new Late(
            "longpoll",
            "from a push to the answers of a hundred clients in long polls",
            at -> new LongPollExperiment(java(), at, quick ? QUICK_SOCKETS : POLLS)),
        new Late(
            "fanout",
            "one frame for all of many WebSockets, published in a channel",
            at ->
                new FanoutExperiment(java(), at, packages(), quick ? QUICK_SOCKETS : SUBSCRIBERS)),
        new Late(
            "deliveries",
            "messages in rooms at given rates, with and without a member that does not read",
            at ->
                quick
                    ? new DeliveriesExperiment(
                        java(), at, QUICK_SOCKETS, QUICK_DELIVERIES, QUICK_STEP)
                    : new DeliveriesExperiment(java(), at, MEMBERS, DELIVERIES, DELIVERING)),
        new Late(
            "sessions",
            "session attributes written at one gateway and read at another; concurrent writes",
            at -> new SessionsExperiment(java(), at, quick ? QUICK_WRITES : SESSION_WRITES)),
        new Late(
            "storm",
            "connections that lose their gateway to kill -9 come back to the others; an audit",
            at -> new StormExperiment(java(), at, quick ? QUICK_SOCKETS : STORM_SOCKETS)),
        new Late(
            "redeploy",
            "function and app are deployed again and again under clients that chat; an audit",
            at -> new RedeployExperiment(java(), at, quick ? 4 : CHATTERS, quick ? 2 : DEPLOYS)),
        new Late(
            "chaos",
            "kills nodes by seed under load, then audits every write",
            at ->
                new ChaosExperiment(
                    ChaosOptions.DEFAULTS.withKills(kills),
                    java(),
                    at,
                    Optional.of(home().resolve(".heddle/bench/chaos.jsonl")),
                    Clock.systemUTC())));
  }

  private static Path home() {
    return Checkout.ofProcess().home();
  }

  /** Keeps what npm fetches. */
  private static Path packages() {
    return home().resolve("target/bench");
  }

  private static JavaCommand java() {
    var flags = new ArrayList<String>();
    flags.add("@" + home().resolve("etc/jvm.flags"));
    flags.add("-Dheddle.home=" + home());
    flags.add("-Xmx512m");
    flags.add("-XX:+UseSerialGC");
    flags.addAll(AotCache.flags());
    return JavaCommand.ofThisProcess(flags, Main.class.getName());
  }

  private Corpus corpus() throws IOException {
    return new Corpora(home().resolve("sample-search"), console, Ticker.system())
        .dbpedia(Optional.empty());
  }

  /** Makes an experiment in an empty folder. */
  private interface Making {
    Experiment in(Path folder) throws IOException;
  }

  /** An experiment that is made when it is run: to be listed, nothing has to be there. */
  private record Late(String name, String about, Making making) implements LoggedExperiment {
    @Override
    public ExperimentResult run(
        BenchOptions options, Ticker ticker, Consumer<String> progress, RequestLog requests)
        throws InterruptedException {
      try {
        Path parent = Files.createDirectories(home().resolve("target/bench"));
        var experiment = making.in(Files.createTempDirectory(parent, name + "-"));
        if (experiment instanceof LoggedExperiment logged) {
          return logged.run(options, ticker, progress, requests);
        }
        if (options.output().csv()) {
          progress.accept("tells of no single requests");
        }
        return experiment.run(options, ticker, progress);
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.STORAGE_FAILED, name + ": " + e, e);
      }
    }
  }
}
