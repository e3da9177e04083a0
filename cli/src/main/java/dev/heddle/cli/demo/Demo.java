package dev.heddle.cli.demo;

import dev.heddle.cli.client.ClusterAddress;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.cli.node.DataFormat;
import dev.heddle.cli.terminal.Console;
import dev.heddle.process.DataDirectory;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** The demo from its start to its end. */
final class Demo {
  private static final String REMEDY =
      "remove that directory, and the demo loads its data anew; or use another one with --data DIR";
  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final Duration CALL_LIMIT = Duration.ofSeconds(30);

  private final DemoOptions options;
  private final Path home;
  private final Console console;
  private final Ticker ticker;
  private final Path addressFile;
  private final Path clusterFile;

  /**
   * @param home of the checkout, for the sample application and the flags
   */
  Demo(DemoOptions options, Path home, Console console, Ticker ticker) {
    this.options = options;
    this.home = home;
    this.console = console;
    this.ticker = ticker;
    this.addressFile = options.data().resolve("demo.json");
    this.clusterFile = options.data().resolve("cluster.json");
  }

  /** Returns the exit code when the demo has ended. */
  int run() throws IOException, InterruptedException {
    try (DataDirectory data = DataFormat.open(options.data(), "demo", REMEDY)) {
      checkPort("", "--port", options.port());
      checkPort("", "--grpc-port", options.grpcPort());
      options
          .secondPort()
          .ifPresent(port -> checkPort(", for the second gateway,", "--port", port));
      DemoMarker marker = DemoMarker.begin(clusterFile, options.leaves());
      InternalPorts ports = InternalPorts.load(data.path().resolve("ports.json"));
      Path sample = home.resolve(options.sample().folder());
      List<NodeSpec> specs =
          new DemoNodes(options, marker, sample.resolve("pages"), ports).prepare();
      Launcher launcher = new JavaLauncher(java(), flags());
      try (DemoSupervisor supervisor =
          new DemoSupervisor(launcher, RestartPolicy.DEFAULT, console, ticker)) {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(supervisor), "demo-shutdown"));
        return run(supervisor, marker, specs, sample);
      } finally {
        Files.deleteIfExists(addressFile);
      }
    }
  }

  private int run(DemoSupervisor supervisor, DemoMarker marker, List<NodeSpec> specs, Path sample)
      throws IOException, InterruptedException {
    try {
      console.note(
          "heddle: starting "
              + String.join(", ", specs.stream().map(NodeSpec::node).toList())
              + " (logs in "
              + options.data().resolve("logs")
              + ")");
      supervisor.start(specs);
      boolean copying;
      String dataset;
      try (DemoData data = DemoData.prepare(options, sample, console, ticker)) {
        supervisor.awaitReady(START_LIMIT);
        marker.formed(clusterFile);
        dataset = data.dataset();
        copying = fill(supervisor, data, sample);
      }
      console.line("heddle ready " + options.url());
      console.line("heddle grpc localhost:" + options.grpcPort());
      options.secondUrl().ifPresent(url -> console.line("heddle also " + url));
      new ReplicaWatch(address(), CALL_LIMIT, supervisor, console).start(dataset, copying);
    } catch (RuntimeException e) {
      if (supervisor.stopped()) {
        // Somebody pressed Ctrl-C: what fails because of that is no news.
        return 1;
      }
      throw supervisor.ended().map(why -> unavailable(why, e)).orElse(e);
    }
    String why = supervisor.awaitEnd();
    if (why.isEmpty()) {
      return 0;
    }
    console.note("heddle: " + why);
    return 1;
  }

  /** Data, functions, app; until a query succeeds. Tells whether shards are being copied. */
  private boolean fill(DemoSupervisor supervisor, DemoData data, Path sample)
      throws IOException, InterruptedException {
    ClusterAddress address = address();
    boolean copying;
    try (ClusterGrpcClient grpc = new ClusterGrpcClient(address, CALL_LIMIT);
        ClusterHttp http = new ClusterHttp(address, CALL_LIMIT)) {
      copying = data.ensure(grpc, supervisor);
      new DemoFunctions(
              sample, options.sample().app(), options.data().resolve("deployed.json"), console)
          .ensure(grpc, http);
      new Probe(http, supervisor, ticker).await(data.dataset());
    }
    if (options.secondUrl().isPresent()) {
      try (ClusterHttp http = new ClusterHttp(address(options.secondUrl().get()), CALL_LIMIT)) {
        Probe second = new Probe(http, supervisor, ticker);
        second.awaitGrid(options.sample().gateways());
        second.awaitApp(options.sample().app());
      }
    }
    ObjectNode found =
        JsonMapper.shared()
            .createObjectNode()
            .put("http", address.http().toString())
            .put("grpc", address.grpc().toString())
            .put("pid", ProcessHandle.current().pid());
    Files.writeString(addressFile, found + "\n");
    return copying;
  }

  private ClusterAddress address() {
    return address(options.url());
  }

  private ClusterAddress address(String url) {
    return new ClusterAddress(
        new HostPort("127.0.0.1", options.grpcPort()), URI.create(url), Optional.empty(), "demo");
  }

  private void stop(DemoSupervisor supervisor) {
    supervisor.close();
    try {
      Files.deleteIfExists(addressFile);
    } catch (IOException e) {
      // It names our process, which is gone in a moment: nobody will believe it.
      console.note("heddle: " + addressFile + " stays: " + e.getMessage());
    }
  }

  private static RuntimeException unavailable(String why, RuntimeException cause) {
    return new HeddleException(ErrorCode.UNAVAILABLE, why, cause);
  }

  private static void checkPort(String whose, String option, int port) {
    if (!InternalPorts.isFree(port)) {
      throw new HeddleException(
          ErrorCode.CONFLICT,
          "port "
              + port
              + whose
              + " is in use (expected: a free port; choose another one with "
              + option
              + " PORT)");
    }
  }

  /** The Java that runs this. */
  private static Path java() {
    String said = System.getProperty("heddle.java");
    return said != null ? Path.of(said) : Path.of(System.getProperty("java.home"), "bin", "java");
  }

  private List<String> flags() {
    Path file = home.resolve("etc/jvm.flags");
    if (!Files.exists(file)) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "heddle.home: " + home + " (expected: a checkout with etc/jvm.flags)");
    }
    return List.of("@" + file, "-Dheddle.home=" + home);
  }
}
