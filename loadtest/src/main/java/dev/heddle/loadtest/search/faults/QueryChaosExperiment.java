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

  /** Of queries after all faults: what is missing then is not there, and not slow. */
  private static final Duration CALM_DEADLINE = Duration.ofSeconds(5);

  /** One answer in so many has to be full under faults, on a slow machine, too. */
  private static final int FULL_IN = 10;

  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration SETTLING = Duration.ofMinutes(1);
  private static final Duration LOOK = Duration.ofMillis(300);
  private static final Duration CALL = Duration.ofSeconds(10);
  private static final String DATASET = "known";

  private final JavaCommand java;
  private final Path directory;
  private final int queries;
  private final Duration time;

  /**
   * @param java starts nodes
   * @param directory empty; takes the nodes' data and logs, which stay
   * @param queries under faults, at least 1
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
      var _ = documents.scan(ReadLevel.LINEARIZABLE);
      var token = documents.token();
      // From then on the coordinator can say of how many documents an answer is, whoever is silent.
      if (!Pacing.await(SETTLING, ticker, () -> documents.documents() == DOCUMENTS)) {
        findings.problem(
            "documents that the coordinator knows of: %d after a minute (expected: %d)"
                .formatted(documents.documents(), DOCUMENTS));
      }
      var clients = site.clients(token, known, DEADLINE);
      if (settled(clients, ticker, options.seed(), "before any fault", findings)) {
        long placed = site.documents().generations();
        hurt(site, clients, options.seed(), findings);
        boolean rests = settled(clients, ticker, options.seed(), "after the last fault", findings);
        long changed = site.documents().generations() - placed;
        findings.figure("placementsChanged", (double) changed);
        if (rests) {
          calm(site.clients(token, known, CALM_DEADLINE), options.seed(), findings);
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
            ErrorCode.UNAVAILABLE, "shard " + shard + ": no leader in a minute");
      }
      var leaf =
          site.cluster()
              .layout()
              .leaves()
              .filter(each -> each.node().equals(leader.node()))
              .findFirst()
              .orElseThrow();
      shards.add(
          replicas.scan(leaf.internal(), leader.datasetId(), shard).stream()
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
   * Asks until as many queries in a row as there are clients were answered in full, a minute at
   * most. Queries may go without an answer meanwhile; a wrong one is wrong at any time.
   */
  private static boolean settled(
      QueryClientsGrpcClient clients, Ticker ticker, long seed, String when, Findings findings)
      throws InterruptedException {
    var random = new Random(seed);
    var tally = new QueryTallyWire();
    var row = new int[1];
    boolean settled =
        Pacing.await(
            SETTLING,
            ticker,
            () -> {
              boolean whole = clients.ask(AskedWire.of(random), tally);
              row[0] = whole ? row[0] + 1 : 0;
              return row[0] == CLIENTS;
            });
    tally.wrong().forEach(each -> findings.problem(when + ": " + each));
    if (!settled) {
      findings.problem(
          "queries: not answered in full for a minute %s: %s %s"
              .formatted(when, tally, tally.failures()));
    }
    return settled;
  }

  private void hurt(Site site, QueryClientsGrpcClient clients, long seed, Findings findings)
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
    QueryTallyWire tally;
    try {
      tally = clients.run(queries, CLIENTS, time, seed);
    } finally {
      hurting.end();
    }
    var faults = hurting.faults();
    site.progress().accept("letting it come to rest: " + tally);
    site.cluster().start(START);
    tell(tally, findings);
    hurting.failures().forEach(findings::problem);
    findings.figure("stalls", (double) faults.stream().filter(Fault::pause).count());
    findings.figure("kills", (double) faults.stream().filter(Fault::kill).count());
    findings.figure("replicasChanged", hurting.changes());
  }

  private static void calm(QueryClientsGrpcClient clients, long seed, Findings findings)
      throws InterruptedException {
    var calm = clients.run(CALM_QUERIES, CLIENTS, Duration.ofSeconds(1), seed);
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

  private void tell(QueryTallyWire tally, Findings findings) {
    findings.series("under faults", tally.times());
    findings.series("beyond the deadline", tally.late());
    problems("", tally, queries, findings);
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
