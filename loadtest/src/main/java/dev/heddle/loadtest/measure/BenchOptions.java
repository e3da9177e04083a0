package dev.heddle.loadtest.measure;

import dev.heddle.process.HostPort;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What to measure and how. Wrong values are refused with an IllegalArgumentException in the form
 * {@code name: value (expected: …)}.
 *
 * @param experiments names; they run in this order
 * @param seed of everything that is random
 * @param quick whether correctness is the question and not speed: experiments do as little as
 *     proves that they work
 * @param peers to compare with
 */
public record BenchOptions(
    List<String> experiments,
    Target target,
    Workload workload,
    Load load,
    long seed,
    Output output,
    boolean quick,
    Peers peers) {
  public static final BenchOptions DEFAULTS =
      new BenchOptions(
          List.of("query"),
          Target.DEFAULTS,
          Workload.DEFAULTS,
          Load.DEFAULTS,
          20_260_101,
          Output.NONE,
          false,
          Peers.UNSAID);

  public BenchOptions {
    experiments = List.copyOf(experiments);
  }

  public BenchOptions withExperiments(String... names) {
    return new BenchOptions(List.of(names), target, workload, load, seed, output, quick, peers);
  }

  public BenchOptions withTarget(Target other) {
    return new BenchOptions(experiments, other, workload, load, seed, output, quick, peers);
  }

  public BenchOptions withWorkload(Workload other) {
    return new BenchOptions(experiments, target, other, load, seed, output, quick, peers);
  }

  public BenchOptions withLoad(Load other) {
    return new BenchOptions(experiments, target, workload, other, seed, output, quick, peers);
  }

  public BenchOptions withOutput(Output other) {
    return new BenchOptions(experiments, target, workload, load, seed, other, quick, peers);
  }

  public BenchOptions withPeers(Peers other) {
    return new BenchOptions(experiments, target, workload, load, seed, output, quick, other);
  }

  /** As little as proves that everything works. */
  public BenchOptions withQuick() {
    return new BenchOptions(experiments, target, workload, Load.QUICK, seed, output, true, peers);
  }

  /**
   * The cluster under load.
   *
   * @param url of the gateway; plain HTTP
   * @param key the API key of the tenant
   * @param timeout to connect, and for each wait for bytes of a reply
   */
  public record Target(URI url, String dataset, Optional<String> key, Duration timeout) {
    public static final Target DEFAULTS =
        new Target(
            URI.create("http://localhost:8080"),
            "dbpedia",
            Optional.empty(),
            Duration.ofSeconds(10));

    private static final int HTTP_PORT = 80;

    public Target {
      if (!"http".equals(url.getScheme()) || url.getHost() == null || url.getQuery() != null) {
        throw new IllegalArgumentException("target: " + url + " (expected: http://HOST:PORT)");
      }
      if (dataset.isEmpty()) {
        throw new IllegalArgumentException("dataset: '' (expected: a dataset's name)");
      }
      if (!timeout.isPositive() || timeout.compareTo(Duration.ofHours(1)) > 0) {
        throw new IllegalArgumentException("timeout: " + timeout + " (expected: up to 1h)");
      }
    }

    public HostPort address() {
      var host = url.getHost();
      boolean bracketed = host.startsWith("[") && host.endsWith("]");
      return new HostPort(
          bracketed ? host.substring(1, host.length() - 1) : host,
          url.getPort() < 0 ? HTTP_PORT : url.getPort());
    }

    /** The path below the URL, for a request line. */
    public String path(String below) {
      var base = url.getRawPath();
      return (base.endsWith("/") ? base.substring(0, base.length() - 1) : base) + below;
    }
  }

  /**
   * Which queries are sent.
   *
   * @param file one a line, a query's JSON object or plain text; absent: made of the dataset's own
   *     documents
   * @param count how many different ones to make, 1..100,000; says nothing about a file
   * @param with JSON fields that are added to each query, over its own: {@code {"k": 100}}
   * @param arrivals a file of times at which requests are to be sent; absent: drawn by the seed
   */
  public record Workload(Optional<Path> file, int count, String with, Optional<Path> arrivals) {
    public static final Workload DEFAULTS = new Workload(Optional.empty(), 300, "{}");

    public Workload {
      Bounds.within("queryCount", count, 1, 100_000);
    }

    /** With arrivals drawn by the seed. */
    public Workload(Optional<Path> file, int count, String with) {
      this(file, count, with, Optional.empty());
    }

    public Workload withArrivals(Path times) {
      return new Workload(file, count, with, Optional.of(times));
    }
  }

  /**
   * How they are sent.
   *
   * @param warmup requests before anything counts, 0..100,000,000
   * @param runs repetitions, 1..1,000
   * @param requests in each run, 1..10,000,000
   * @param clients that each send the next one when the last was answered, 1..256; each has a
   *     thread and a connection
   */
  public record Load(int warmup, int runs, int requests, int clients) {
    public static final Load DEFAULTS = new Load(12_000, 5, 3_000, 1);

    /** Where nobody asks how fast it is. */
    public static final Load QUICK = new Load(100, 2, 100, 1);

    public Load {
      Bounds.within("warmup", warmup, 0, 100_000_000);
      Bounds.within("runs", runs, 1, 1_000);
      Bounds.within("requests", requests, 1, 10_000_000);
      Bounds.within("clients", clients, 1, 256);
    }
  }

  /**
   * What is kept of a run.
   *
   * @param folder takes report.json, report.html and requests.csv; absent: nothing is written
   * @param csv whether there is a line about each request
   * @param checkout whose commit is named in the report
   * @param command what was typed, without secrets
   */
  public record Output(
      Optional<Path> folder, boolean csv, Optional<Path> checkout, List<String> command) {
    public static final Output NONE =
        new Output(Optional.empty(), false, Optional.empty(), List.of());

    public Output {
      command = List.copyOf(command);
      if (csv && folder.isEmpty()) {
        throw new IllegalArgumentException("csv: true (expected: a folder for it, with --out)");
      }
    }
  }

  /** On its own: what makes defaults of its part must not begin with those of the whole. */
  private static final class Bounds {
    private Bounds() {}

    static void within(String name, int value, int least, int most) {
      if (value < least || value > most) {
        throw new IllegalArgumentException(
            name + ": " + value + " (expected: " + least + ".." + most + ")");
      }
    }
  }

  /** The options that a report names; the key is none of them. */
  Map<String, Object> shown() {
    var shown = new LinkedHashMap<String, Object>();
    shown.put("target", target.url().toString());
    shown.put("dataset", target.dataset());
    shown.put("timeoutMillis", target.timeout().toMillis());
    workload.file().ifPresent(file -> shown.put("queries", String.valueOf(file.getFileName())));
    workload
        .arrivals()
        .ifPresent(file -> shown.put("arrivals", String.valueOf(file.getFileName())));
    shown.put("queryCount", workload.count());
    shown.put("with", workload.with());
    shown.put("warmup", load.warmup());
    shown.put("runs", load.runs());
    shown.put("requests", load.requests());
    shown.put("clients", load.clients());
    shown.put("quick", quick);
    peers.named().ifPresent(_ -> shown.put("peers", String.join(",", peers.shown())));
    return shown;
  }
}
