package dev.heddle.loadtest.search;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.chaos.JavaCommand;
import dev.heddle.loadtest.chaos.ProcessCluster;
import dev.heddle.loadtest.http.HttpConnection;
import dev.heddle.loadtest.http.HttpLimits;
import dev.heddle.loadtest.http.HttpRequest;
import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.invoke.FunctionNodes;
import dev.heddle.loadtest.measure.BenchOptions;
import dev.heddle.loadtest.measure.Experiment;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.search.GroupBysGrpcClient.Answer;
import dev.heddle.loadtest.search.GroupBysGrpcClient.Asked;
import dev.heddle.loadtest.store.BulkGrpcClient;
import dev.heddle.loadtest.store.JvmFootprint;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import io.grpc.Status;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * Many group-bys with many keys at once, at a coordinator with a small heap: whether it lives,
 * whether each answer is right or refused, and whether it knows what it holds. For that a leaf is
 * stopped, so that all queries wait for its part; then what the coordinator says that it holds is
 * compared with what its heap has more than before, by histograms. Of the general options it takes
 * the seed.
 */
public final class GroupBysExperiment implements Experiment {
  private static final int LEAVES = 3;
  private static final String STOPPED = "leaf-" + LEAVES;
  private static final String HEAD = "head";
  private static final String DATASET = "keys";
  private static final String HELD = "heddle_coordinator_queries_held_bytes";
  private static final int SIZE = 1_000;
  private static final int NESTED_SIZE = 10;
  private static final int HEAVY_AGGS = 8;
  private static final double MOST_ERROR_PERCENT = 10;
  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration DEADLINE = Duration.ofMinutes(2);
  private static final Duration LOOK = Duration.ofMillis(100);

  /** The figure has to stay for so many looks: then all that can come has come. */
  private static final int CALM_LOOKS = 10;

  /** Places for all queries: what waits for one holds nothing that is counted. */
  private static final String CONFIG =
      "coordinator:\n  queries: 256\n  admission: {limit: fixed}\n";

  private final JavaCommand java;
  private final Path directory;
  private final int shards;
  private final int queries;
  private final int documents;
  private final Duration pause;

  /**
   * @param java starts nodes; its heap is the coordinator's
   * @param directory empty; takes data and logs, which stay
   * @param queries at once, 1..256
   * @param documents half as many different keys of each length
   * @param pause how long the leaf is stopped; time enough to measure
   */
  public GroupBysExperiment(
      JavaCommand java, Path directory, int shards, int queries, int documents, Duration pause) {
    this.java = java;
    this.directory = directory;
    this.shards = shards;
    this.queries = queries;
    this.documents = documents;
    this.pause = pause;
  }

  @Override
  public String name() {
    return "groupbys";
  }

  @Override
  public String about() {
    return "200 group-bys at once over 128 shards in a heap of 512 MiB: memory, and what is known"
        + " of it";
  }

  /** A kind of group-by, and the field that it is by. */
  private record Kind(String name, String field, Asked request, boolean compared) {}

  private static List<Kind> kinds() {
    return List.of(
        new Kind(
            "short", GroupBysWire.SHORT, Asked.terms(DATASET, GroupBysWire.SHORT, SIZE, 1), true),
        new Kind("long", GroupBysWire.LONG, Asked.terms(DATASET, GroupBysWire.LONG, SIZE, 1), true),
        new Kind("nested", GroupBysWire.LONG, Asked.nested(DATASET, NESTED_SIZE), true),
        new Kind(
            "heavy",
            GroupBysWire.LONG,
            Asked.terms(DATASET, GroupBysWire.LONG, SIZE, HEAVY_AGGS),
            false));
  }

  /** The cluster at work. */
  private record Site(
      ProcessCluster cluster, HostPort http, GroupBysGrpcClient client, Ticker ticker) {
    String histogram() {
      return JvmFootprint.histogram(cluster.pid(HEAD));
    }

    long held() {
      try (var connection = HttpConnection.open(http, HttpLimits.DEFAULTS)) {
        var reply =
            connection.exchange(HttpRequest.of("GET", "/metrics", http, Map.of(), new byte[0]));
        var text = new String(reply.body(), StandardCharsets.UTF_8);
        var hit = Pattern.compile("(?m)^" + HELD + "(?:\\{[^}]*})? (\\S+)").matcher(text);
        if (!hit.find()) {
          throw new HeddleException(ErrorCode.UNAVAILABLE, "metrics: no " + HELD);
        }
        return (long) Double.parseDouble(hit.group(1));
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, "metrics: " + e, e);
      }
    }

    List<Answer> send(Asked request, int times) {
      return client.send(request, times, DEADLINE);
    }

    /** What is held once it neither grows nor shrinks. */
    long calm() throws InterruptedException {
      long before = held();
      for (int looks = 0; looks < CALM_LOOKS; looks++) {
        look();
        long now = held();
        looks = now == before ? looks : 0;
        before = now;
      }
      return before;
    }

    void look() throws InterruptedException {
      LockSupport.parkNanos(LOOK.toNanos());
      if (Thread.interrupted()) {
        throw new InterruptedException();
      }
    }
  }

  @Override
  public ExperimentResult run(BenchOptions options, Ticker ticker, Consumer<String> progress)
      throws InterruptedException {
    var findings = new Findings();
    var data = new GroupBysWire(documents, documents / 2, new Random(options.seed()));
    var nodes = FunctionNodes.apart(directory, new FreePorts(), LEAVES).withMore(CONFIG);
    try (var closer = new Closer()) {
      var cluster = closer.register("cluster", new ProcessCluster(nodes.layout(), java, ticker));
      var channels = closer.register("channels", new Channels(Credentials.none()));
      progress.accept("starting " + nodes.nodes().size() + " processes");
      cluster.start(START);
      var coordinator = nodes.layout().coordinators().getFirst();
      var bulk = new BulkGrpcClient(channels, coordinator);
      bulk.create(DATASET, GroupBysWire.SCHEMA, shards, 1);
      progress.accept("loading %d documents into %d shards".formatted(documents, shards));
      bulk.load(DATASET, data.documents());
      var client = new GroupBysGrpcClient(channels, coordinator);
      var site = new Site(cluster, nodes.http(), client, ticker);
      settle(site, data);
      for (var kind : kinds()) {
        measure(kind, site, data, findings, progress);
      }
      memory(cluster, findings);
    }
    findings.note(
        "%s is stopped for %d s while the queries wait for its part; histograms of the coordinator's"
                .formatted(STOPPED, pause.toSeconds())
            + " heap then, and the mean of one before and one after, lie in "
            + directory.getFileName());
    return findings.result(
        name(),
        "%d queries at once over %,d documents with %,d keys of %d and of %d characters, in %d shards"
                .formatted(
                    queries,
                    documents,
                    documents / 2,
                    GroupBysWire.SHORT_LENGTH,
                    GroupBysWire.LONG_LENGTH,
                    shards)
            + " on "
            + LEAVES
            + " leaves");
  }

  /** Until all documents are seen. */
  private static void settle(Site site, GroupBysWire data) throws InterruptedException {
    long end = site.ticker().nanoTime() + START.toNanos();
    var request = Asked.terms(DATASET, GroupBysWire.SHORT, SIZE, 1);
    var wrong = "";
    while (site.ticker().nanoTime() - end < 0) {
      try {
        wrong = site.send(request, 1).getFirst().wrong(data, GroupBysWire.SHORT);
        if (wrong.isEmpty()) {
          return;
        }
      } catch (ExecutionException e) {
        wrong = String.valueOf(e.getCause());
      }
      site.look();
    }
    throw new HeddleException(ErrorCode.UNAVAILABLE, "not settled: " + wrong);
  }

  private void measure(
      Kind kind, Site site, GroupBysWire data, Findings findings, Consumer<String> progress)
      throws InterruptedException {
    progress.accept(kind.name() + ": " + queries + " queries");
    // Once as it is, which also makes what the JVM makes only once.
    check(kind, site.send(kind.request(), queries), data, findings);
    if (!kind.compared()) {
      return;
    }
    var _ = site.calm();
    var before = site.histogram();
    var pausing = site.cluster().pause(STOPPED, pause);
    var answers = site.send(kind.request(), queries);
    long held = site.calm();
    var with = site.histogram();
    boolean midway = !pausing.isDone() && answers.stream().noneMatch(Answer::isDone);
    pausing.join();
    check(kind, answers, data, findings);
    answers.clear();
    if (site.calm() != 0) {
      findings.problem(kind.name() + ": " + site.held() + " bytes held after the end");
    }
    var after = site.histogram();
    keep(kind.name() + "-before", before);
    keep(kind.name() + "-with", with);
    keep(kind.name() + "-after", after);
    if (!midway) {
      findings.note(kind.name() + ": some queries ended too soon to be measured");
      return;
    }
    double without = (JvmFootprint.total(before) + JvmFootprint.total(after)) / 2.0;
    double taken = JvmFootprint.total(with) - without;
    findings.figure(kind.name() + "HeldBytes", (double) held / queries);
    findings.figure(kind.name() + "HeapBytes", taken / queries);
    findings.figure(kind.name() + "ErrorPercent", 100 * Math.abs(held / taken - 1));
    findings.goal(kind.name() + "ErrorPercent", MOST_ERROR_PERCENT);
  }

  private void keep(String name, String histogram) {
    try {
      var _ = Files.writeString(directory.resolve(name + ".txt"), histogram);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, name + ": " + e, e);
    }
  }

  private void check(Kind kind, List<Answer> answers, GroupBysWire data, Findings findings)
      throws InterruptedException {
    int right = 0;
    int refused = 0;
    for (var answer : answers) {
      try {
        var wrong = answer.wrong(data, kind.field());
        if (wrong.isEmpty()) {
          right++;
        } else {
          findings.problem(kind.name() + ": " + wrong);
        }
      } catch (ExecutionException e) {
        var cause = e.getCause() == null ? e : e.getCause();
        if (Status.fromThrowable(cause).getCode() == Status.Code.RESOURCE_EXHAUSTED) {
          refused++;
        } else {
          findings.problem(kind.name() + ": " + GrpcErrors.fromStatus(cause).getMessage());
        }
      }
    }
    findings.figure(kind.name() + "Right", right);
    findings.figure(kind.name() + "Refused", refused);
  }

  /** A process without memory ends, and says so in its log. */
  private static void memory(ProcessCluster cluster, Findings findings) {
    long errors = 0;
    for (var node : cluster.layout().nodes()) {
      if (!cluster.running(node.node())) {
        findings.problem(node.node() + ": ended");
      }
      try (var files = Files.list(node.home())) {
        for (var file : files.filter(Files::isRegularFile).toList()) {
          errors +=
              Files.readString(file, StandardCharsets.ISO_8859_1)
                  .lines()
                  .filter(line -> line.contains("OutOfMemoryError"))
                  .count();
        }
      } catch (IOException e) {
        throw new HeddleException(ErrorCode.STORAGE_FAILED, node.node() + ": " + e, e);
      }
    }
    findings.figure("outOfMemoryErrors", (double) errors);
    if (errors > 0) {
      findings.problem(errors + " OutOfMemoryErrors in the logs (expected: 0)");
    }
  }
}
