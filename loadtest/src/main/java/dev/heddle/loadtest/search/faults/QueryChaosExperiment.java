package dev.heddle.loadtest.search.faults;

import dev.heddle.loadtest.chaos.DocumentsGrpcClient;
import dev.heddle.loadtest.chaos.Fault;
import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.Leaders;
import dev.heddle.loadtest.chaos.Pacing;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.chaos.ReadLevel;
import dev.heddle.loadtest.chaos.ReplicaView;
import dev.heddle.loadtest.chaos.ReplicasGrpcClient;
import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.invoke.FunctionEdge;
import dev.heddle.loadtest.invoke.FunctionNodes;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.search.faults.KnownDocuments.One;
import dev.heddle.loadtest.store.BulkGrpcClient;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.function.Consumer;

/**
 * Queries over documents of which every one is known, while leaves are stopped, killed and given
 * other shards by the seed. Fails on an answer that has anything else in it than what it says that
 * it covers, on a shard that counts twice, on a query without an answer, where fewer than a tenth
 * of the answers are full, and where the cluster does not come to answer in full again afterwards
 * and stay so; never on lateness. Of the general options it takes the seed, which fixes what is
 * done and what is asked; when, depends on the machine.
 */
public final class QueryChaosExperiment implements Experiment {
  private static final int LEAVES = 4;
  private static final int SHARDS = 12;
  private static final int DOCUMENTS = 3_000;
  private static final int CLIENTS = 16;
  private static final int CALM_QUERIES = 100;
  private static final double LATE_MILLIS = 20;
  private static final double LATEST_MILLIS = 250;
  private static final Duration DEADLINE = Duration.ofMillis(500);

  /** Of queries before and after all faults: what is missing then is not there, and not slow. */
  private static final Duration CALM_DEADLINE = Duration.ofSeconds(20);

  /** One answer in so many has to be full under faults, on a slow machine, too. */
  private static final int FULL_IN = 10;

  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration SETTLING = Duration.ofMinutes(3);
  private static final Duration WARMING = Duration.ofSeconds(30);
  private static final Duration QUICK_WARMING = Duration.ofSeconds(10);

  /** For each kind of fault to have been there at least once, on a machine that stands still. */
  private static final Duration LONGER = Duration.ofMinutes(2);

  private static final Duration LOOK = Duration.ofMillis(300);
  private static final Duration CALL = Duration.ofSeconds(60);

  /** In which as many queries are asked as there are clients. */
  private static final Duration SOME = Duration.ofMillis(500);

  private static final String DATASET = "known";

  private final JavaCommand java;
  private final Path directory;
  private final int queries;
  private final Duration time;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param queries under faults, at least 1; more come until there was a fault of each kind
   * @param time that they are to take, about
   */
  public QueryChaosExperiment(JavaCommand java, Path directory, int queries, Duration time) {
    if (queries < 1 || !time.isPositive()) {
      throw new IllegalArgumentException(
          "queries: %d, time: %s (expected: >= 1, > 0)".formatted(queries, time));
    }
    this.java = java;
    this.directory = directory;
    this.queries = queries;
    this.time = time;
  }

  @Override
  public String name() {
    return "querychaos";
  }

  @Override
  public String about() {
    return "queries while leaves are stopped, killed and given other shards; every answer is held"
        + " against what is known";
  }

  /** The cluster at work. */
  private record Site(
      ProcessCluster cluster,
      Channels channels,
      HostPort coordinator,
      Leaders leaders,
      Ticker ticker,
      Consumer<String> progress) {
    DocumentsGrpcClient documents() {
      return new DocumentsGrpcClient(
          channels, List.of(coordinator), Optional.empty(), DATASET, CALL);
    }

    /** Of all shards' placements; asked until somebody answers. */
    long generations() throws InterruptedException {
      var documents = documents();
      return Pacing.retried(SETTLING, ticker, documents::generations);
    }

    QueryClientsGrpcClient clients(String token, KnownDocuments known, Duration deadline) {
      return new QueryClientsGrpcClient(
          channels, coordinator, DATASET, token, deadline, known, ticker, progress);
    }
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    var some = KnownDocuments.make(DOCUMENTS, new Random(options.seed()));
    var nodes =
        FunctionNodes.apart(directory, new FreePorts(), LEAVES)
            .withMore(QueryFaultsGrpcClient.SETTINGS);
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      var channels = closer.register("channels", new Channels(Credentials.none()));
      progress.accept("starting " + nodes.nodes().size() + " processes");
      cluster.start(START);
      var coordinator = nodes.layout().coordinators().getFirst();
      var bulk = new BulkGrpcClient(channels, coordinator);
      bulk.create(DATASET, KnownDocuments.SCHEMA, SHARDS, QueryFaultsGrpcClient.REPLICAS);
      bulk.load(DATASET, some.stream().map(One::toLoad).toList());
      var _ =
          new FunctionEdge(nodes.http())
              .deploy(
                  AskedWire.FUNCTION,
                  FunctionArchive.of(
                      AskedWire.FUNCTION, "", ShardCounts.class, ShardCounts.Counts.class));
      var documents =
          new DocumentsGrpcClient(channels, List.of(coordinator), Optional.empty(), DATASET, CALL);
      var replicas = new ReplicasGrpcClient(channels, LOOK);
      var leaders = new Leaders(cluster, replicas, documents.datasetId());
      var site = new Site(cluster, channels, coordinator, leaders, ticker, progress);
      var known = known(site, some);
      var _ = Pacing.retried(SETTLING, ticker, () -> documents.scan(ReadLevel.LINEARIZABLE));
      var token = documents.token();
      // From then on the coordinator can say of how many documents an answer is, whoever is silent.
      if (!Pacing.await(SETTLING, ticker, () -> knowsAll(documents))) {
        findings.problem(
            "documents that the coordinator knows of: not %d within %d s"
                .formatted(DOCUMENTS, SETTLING.toSeconds()));
      }
      var patient = site.clients(token, known, CALM_DEADLINE);
      if (settled(patient, ticker, options.seed(), "before any fault", findings)) {
        var hurried = site.clients(token, known, DEADLINE);
        warm(hurried, options, ticker, findings);
        long placed = site.generations();
        hurt(site, hurried, placed, options.seed(), findings);
        boolean rests = settled(patient, ticker, options.seed(), "after the last fault", findings);
        findings.figure("placementsChanged", (double) (site.generations() - placed));
        if (rests) {
          calm(patient, options.seed(), findings);
        }
      }
    }
    findings.note(
        "an answer is late by what it comes after its deadline of %d ms, by the client's clock; %d"
                .formatted(DEADLINE.toMillis(), CLIENTS)
            + " clients, on the machine of the cluster");
    findings.note(
        "refusals: times that the coordinator had no place for a query, which came again as it was"
            + " told; its time and its lateness are those of the last try");
    findings.note(
        "doubledShards and wrongAnswers count improvements of streamed answers, too; missing_REASON"
            + " counts shards of last answers");
    return findings.result(
        name(),
        "%d queries over %d shards with %d and %d replicas in turn on %d leaves, seed %d"
            .formatted(
                queries,
                SHARDS,
                QueryFaultsGrpcClient.REPLICAS,
                QueryFaultsGrpcClient.FEWER_REPLICAS,
                LEAVES,
                options.seed()));
  }

  private static boolean knowsAll(DocumentsGrpcClient documents) {
    try {
      return documents.documents() == DOCUMENTS;
    } catch (HeddleException e) {
      return false;
    }
  }

  /** Which shard has which document, as the leaders themselves tell. */
  private static KnownDocuments known(Site site, List<One> some) throws InterruptedException {
    var byId = new HashMap<String, One>();
    some.forEach(each -> byId.put(each.id(), each));
    var leaders = new HashMap<Integer, ReplicaView>();
    var _ =
        Pacing.await(
            SETTLING,
            site.ticker(),
            () -> {
              leaders.putAll(site.leaders().leaders());
              return leaders.size() == SHARDS;
            });
    var replicas = new ReplicasGrpcClient(site.channels(), CALL);
    var shards = new ArrayList<List<One>>();
    for (int shard = 0; shard < SHARDS; shard++) {
      var leader = leaders.get(shard);
      if (leader == null) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            "shard %d: no leader within %d s".formatted(shard, SETTLING.toSeconds()));
      }
      var leaf =
          site.cluster()
              .layout()
              .leaves()
              .filter(each -> each.node().equals(leader.node()))
              .findFirst()
              .orElseThrow();
      int number = shard;
      var scanned =
          Pacing.retried(
              SETTLING,
              site.ticker(),
              () -> replicas.scan(leaf.internal(), leader.datasetId(), number));
      shards.add(
          scanned.stream()
              .map(document ->
                  Optional.ofNullable(byId.remove(document.id()))
                      .orElseThrow(() ->
                          new HeddleException(
                              ErrorCode.UNAVAILABLE,
                              document.id() + ": unknown, or in two shards")))
              .toList());
    }
    if (!byId.isEmpty()) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, byId.size() + " documents: in no shard (expected: 0)");
    }
    return new KnownDocuments(shards);
  }

  /**
   * Asks until as many queries in a row as there are clients were answered in full, for some
   * minutes at most. Queries may go without an answer meanwhile; a wrong one is wrong at any time.
   */
  private static boolean settled(
      QueryClientsGrpcClient clients, Ticker ticker, long seed, String when, Findings findings)
      throws InterruptedException {
    var tally = new QueryTallyWire();
    boolean settled = inARow(clients, SETTLING, ticker, seed, tally);
    tally.wrong().forEach(each -> findings.problem(when + ": " + each));
    if (!settled) {
      findings.problem(
          "queries: not answered in full for %d s %s: %s %s"
              .formatted(SETTLING.toSeconds(), when, tally, tally.failures()));
    }
    return settled;
  }

  /** Asks until the deadline suffices, if it does on this machine. */
  private static void warm(
      QueryClientsGrpcClient clients, BenchOptions options, Ticker ticker, Findings findings)
      throws InterruptedException {
    var tally = new QueryTallyWire();
    var time = options.quick() ? QUICK_WARMING : WARMING;
    var _ = inARow(clients, time, ticker, options.seed(), tally);
    tally.wrong().forEach(each -> findings.problem("warming up: " + each));
  }

  private static boolean inARow(
      QueryClientsGrpcClient clients,
      Duration limit,
      Ticker ticker,
      long seed,
      QueryTallyWire tally)
      throws InterruptedException {
    var random = new Random(seed);
    var row = new int[1];
    return Pacing.await(
        limit,
        ticker,
        () -> {
          boolean whole = clients.ask(AskedWire.of(random), tally);
          row[0] = whole ? row[0] + 1 : 0;
          return row[0] == CLIENTS;
        });
  }

  /**
   * @param placed the sum of the generations before any fault
   */
  private void hurt(
      Site site, QueryClientsGrpcClient clients, long placed, long seed, Findings findings)
      throws InterruptedException {
    var hurting =
        QueryFaultsGrpcClient.start(
            site.cluster(),
            site.leaders(),
            site.channels().to(site.coordinator().toString()),
            DATASET,
            seed,
            site.ticker(),
            site.progress());
    var tally = new QueryTallyWire();
    int asked = 0;
    try {
      clients.run(queries, CLIENTS, time, seed, tally);
      asked += queries;
      // Where each fault takes long, the time was over before each kind of it was there.
      long began = site.ticker().nanoTime();
      while (!various(hurting, site, placed)
          && site.ticker().nanoTime() - began < LONGER.toNanos()) {
        clients.run(CLIENTS, CLIENTS, SOME, seed + asked, tally);
        asked += CLIENTS;
      }
    } finally {
      hurting.end();
    }
    var faults = hurting.faults();
    site.progress().accept("letting it come to rest: " + tally);
    site.cluster().start(START);
    tell(tally, asked, findings);
    hurting.failures().forEach(findings::problem);
    findings.figure("stalls", (double) faults.stream().filter(Fault::pause).count());
    findings.figure("kills", (double) faults.stream().filter(Fault::kill).count());
    findings.figure("replicasChanged", hurting.changes());
  }

  /** Whether there were faults of all kinds, and shards have moved. */
  private static boolean various(QueryFaultsGrpcClient hurting, Site site, long placed)
      throws InterruptedException {
    var faults = hurting.faults();
    return faults.stream().anyMatch(Fault::pause)
        && faults.stream().anyMatch(Fault::kill)
        && hurting.changes() > 0
        && site.generations() > placed;
  }

  private static void calm(QueryClientsGrpcClient clients, long seed, Findings findings)
      throws InterruptedException {
    var calm = new QueryTallyWire();
    clients.run(CALM_QUERIES, CLIENTS, Duration.ofSeconds(1), seed, calm);
    findings.series("afterwards", calm.times());
    problems("afterwards: ", calm, CALM_QUERIES, findings);
    int full = calm.full();
    findings.figure("afterwardsFullAnswers", full);
    if (full < CALM_QUERIES) {
      findings.problem(
          "afterwards: %d full answers (expected: %d): %s"
              .formatted(full, CALM_QUERIES, calm.figures()));
    }
  }

  /** Whatever is no answer, or a wrong one, or no end. */
  private static void problems(String when, QueryTallyWire tally, int queries, Findings findings) {
    tally.wrong().forEach(each -> findings.problem(when + each));
    tally.failures().forEach(each -> findings.problem(when + each));
    if (tally.ended() != queries) {
      findings.problem(
          "%s%d queries ended (expected: %d): %s"
              .formatted(when, tally.ended(), queries, tally.figures()));
    }
  }

  private static void tell(QueryTallyWire tally, int asked, Findings findings) {
    findings.series("under faults", tally.times());
    findings.series("beyond the deadline", tally.late());
    problems("", tally, asked, findings);
    if (tally.full() * FULL_IN < tally.answered()) {
      findings.problem(
          "full answers: %d of %d (expected: one in %d)"
              .formatted(tally.full(), tally.answered(), FULL_IN));
    }
    tally.figures().forEach(findings::figure);
    var late = tally.late();
    findings.figure("lateP50Millis", late.quantileMicros(0.5) / 1e3);
    findings.figure("lateP99Millis", late.quantileMicros(0.99) / 1e3);
    findings.figure("lateP999Millis", late.quantileMicros(0.999) / 1e3);
    findings.figure("lateMaxMillis", late.quantileMicros(1) / 1e3);
    findings.goal("unanswered", 0);
    findings.goal("wrongAnswers", 0);
    findings.goal("doubledShards", 0);
    findings.goal("lateP999Millis", LATE_MILLIS);
    findings.goal("lateMaxMillis", LATEST_MILLIS);
  }
}
