package dev.heddle.cli;

import dev.heddle.cli.client.BulkGrpcClient;
import dev.heddle.cli.client.ClusterAddress;
import dev.heddle.cli.client.ClusterGrpcClient;
import dev.heddle.cli.client.ClusterHttp;
import dev.heddle.cli.client.DatasetsGrpcClient;
import dev.heddle.cli.client.FunctionPackage;
import dev.heddle.cli.client.FunctionsGrpcClient;
import dev.heddle.cli.client.InvocationsGrpcClient;
import dev.heddle.cli.client.QueryGrpcClient;
import dev.heddle.cli.node.Node;
import dev.heddle.cli.node.NodeConfig;
import dev.heddle.cli.node.Role;
import dev.heddle.cli.terminal.Console;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A node with all roles and its clients, in one process on loopback, doing a little of everything
 * that nodes do: what the JVM notes meanwhile is for all kinds of nodes. Whatever fails ends it
 * with an exception.
 */
final class TrainingRun implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String DATASET = "training";
  private static final String ROOM = "room.a";
  private static final int DOCUMENTS = 2_000;
  private static final int SOCKETS = 50;
  private static final long SEED = 20_161_104;

  private static final List<String> WORDS =
      List.of(
          "loom", "warp", "weft", "heddle", "shuttle", "thread", "cloth", "bridge", "river",
          "stone");

  private final Path folder;
  private final Console console;
  private final Node node;
  private final ClusterGrpcClient grpc;
  private final ClusterHttp http;
  private final URI sockets;
  private final JsonMapper json = JsonMapper.shared();
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);

  /** Starts the node. */
  TrainingRun(Path folder, Console console) throws IOException, InterruptedException {
    this.folder = folder;
    this.console = console;
    Set<Role> roles = EnumSet.allOf(Role.class);
    Path config = Files.writeString(folder.resolve("node.yaml"), config());
    this.node = new Node(NodeConfig.read(config, roles), roles, Ticker.system(), Clock.systemUTC());
    node.start();
    if (!node.awaitKnown(PATIENCE)) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          "node: not known to itself after " + PATIENCE.toSeconds() + " s (expected: ready)");
    }
    HostPort web = node.http().orElseThrow();
    var address =
        new ClusterAddress(
            node.grpc().orElseThrow(), URI.create("http://" + web), Optional.empty(), "training");
    this.grpc = new ClusterGrpcClient(address, PATIENCE);
    this.http = new ClusterHttp(address, PATIENCE);
    this.sockets = URI.create("ws://" + web + "/ws/training");
  }

  private String config() {
    return """
    node: training
    directory: %s
    internal: 127.0.0.1:0
    replication: 127.0.0.1:0
    grpc: 127.0.0.1:0
    gateway: {http: "127.0.0.1:0"}
    catalog: {seeds: [], bootstrap: true}
    """
        .formatted(json.writeValueAsString(folder.resolve("node").toString()));
  }

  /**
   * Does everything once, and most of it often.
   *
   * @param rounds calls of each kind
   */
  void all(int rounds) throws IOException, InterruptedException {
    index();
    for (int i = 0; i < rounds; i++) {
      search(i);
    }
    for (Starter starter : Starter.values()) {
      invoke(starter, rounds);
    }
    converse(rounds);
    console.note("heddle: trained");
  }

  private ObjectNode object(String text) {
    return (ObjectNode) json.readTree(text);
  }

  private void index() throws InterruptedException {
    JsonNode schema =
        object(
            """
            {"fields": [{"name": "title", "type": "text", "weight": 2},
             {"name": "text", "type": "text", "weight": 1},
             {"name": "kind", "type": "keyword"}, {"name": "year", "type": "long"}]}
            """);
    var _ = new DatasetsGrpcClient(grpc).create(DATASET, schema, 2, 1);
    var refused = new Refused();
    try (var bulk = new BulkGrpcClient(grpc, DATASET, BulkGrpcClient.Limits.DEFAULT, refused)) {
      for (int i = 0; i < DOCUMENTS; i++) {
        var document =
            json.createObjectNode()
                .put("title", words(3))
                .put("text", words(40))
                .put("kind", word())
                .put("year", 1900 + random.nextInt(120));
        bulk.write("d" + i, document.toString().getBytes(StandardCharsets.UTF_8));
      }
      bulk.complete();
    }
    if (refused.last != null) {
      throw new HeddleException(ErrorCode.INTERNAL, refused.last);
    }
  }

  /** Remembers what should not be. */
  private static final class Refused implements BulkGrpcClient.Listener {
    private volatile @Nullable String last;

    @Override
    public void written(int documents) {}

    @Override
    public void rejected(String id, String error) {
      last = id + ": " + error;
    }
  }

  private String word() {
    return WORDS.get(random.nextInt(WORDS.size()));
  }

  private String words(int count) {
    var words = new StringBuilder(word());
    for (int i = 1; i < count; i++) {
      words.append(' ').append(word());
    }
    return words.toString();
  }

  /** Over gRPC and HTTP in turn; over HTTP of four kinds. */
  private void search(int round) throws InterruptedException {
    ObjectNode query = json.createObjectNode().put("k", 10);
    if (round % 2 == 1) {
      query.put("query", words(2));
      var _ = new QueryGrpcClient(grpc).run(DATASET, query, Optional.empty());
      return;
    }
    query.set("query", clause(round / 2 % 4));
    query.putArray("highlight").add("text");
    if (round % 3 == 0) {
      query.set("aggs", object("{\"kinds\": {\"terms\": {\"field\": \"kind\", \"size\": 5}}}"));
    }
    var _ = http.post(query, "v1", "datasets", DATASET, "query");
  }

  private ObjectNode clause(int kind) {
    return object(
        switch (kind) {
          case 0 -> "{\"match\": {\"text\": \"" + words(2) + "\"}}";
          case 1 -> "{\"phrase\": {\"text\": \"" + words(2) + "\"}}";
          case 2 ->
              "{\"bool\": {\"must\": {\"match\": {\"title\": \""
                  + word()
                  + "\"}}, \"filter\": {\"range\": {\"year\": {\"gte\": 1950}}}}}";
          default -> "{\"term\": {\"kind\": \"" + word() + "\"}}";
        });
  }

  private void invoke(Starter starter, int rounds) throws IOException, InterruptedException {
    String name = function(starter);
    var _ = starter.write(folder.resolve(name), name);
    var _ =
        new FunctionsGrpcClient(grpc)
            .deploy(FunctionPackage.read(folder.resolve(name), console.err()));
    var event = object("{\"name\": \"Ada\"}");
    for (int i = 0; i < rounds; i++) {
      if (i % 4 == 0) {
        var _ = new InvocationsGrpcClient(grpc).invoke(name, event);
      } else {
        var _ = http.post(event, "run", name);
      }
    }
  }

  private static String function(Starter starter) {
    return "hello-" + starter.name().toLowerCase(Locale.ROOT);
  }

  /** Sockets that call a function, listen to a channel, and are told what is published there. */
  private void converse(int rounds) throws InterruptedException {
    var _ =
        http.putYaml(
            """
            name: training
            routes: {$default: {function: %s}}
            channels: {"room.*": {subscribe: true, presence: true}}
            """
                .formatted(function(Starter.JAVA)),
            "v1",
            "apps",
            "training");
    var frames = new Semaphore(0);
    var open = new ArrayList<WebSocket>();
    try (var client = HttpClient.newHttpClient()) {
      for (int i = 0; i < SOCKETS; i++) {
        WebSocket socket =
            client
                .newWebSocketBuilder()
                .subprotocols("heddle.v1")
                .buildAsync(sockets, new Counting(frames))
                .join();
        open.add(socket);
        send(socket, "{\"heddle\":\"subscribe\",\"channel\":\"" + ROOM + "\"}");
      }
      // A welcome, and that it is subscribed.
      await(frames, 2 * SOCKETS);
      for (int i = 0; i < rounds; i++) {
        if (i % 8 == 0) {
          var _ = http.post(object("{\"round\": " + i + "}"), "v1", "channels", ROOM);
          await(frames, SOCKETS);
        } else {
          send(open.get(i % SOCKETS), "{\"name\": \"Ada\"}");
          await(frames, 1);
        }
      }
      for (WebSocket socket : open) {
        var _ = socket.sendClose(WebSocket.NORMAL_CLOSURE, "").join();
      }
    }
  }

  private static void send(WebSocket socket, String frame) {
    var _ = socket.sendText(frame, true).join();
  }

  private static void await(Semaphore frames, int count) throws InterruptedException {
    if (!frames.tryAcquire(count, PATIENCE.toNanos(), TimeUnit.NANOSECONDS)) {
      throw new HeddleException(
          ErrorCode.DEADLINE_EXCEEDED,
          "frames: " + frames.availablePermits() + " (expected: " + count + ")");
    }
  }

  /** Counts whole frames. */
  private record Counting(Semaphore frames) implements WebSocket.Listener {
    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      if (last) {
        frames.release();
      }
      return WebSocket.Listener.super.onText(socket, data, last);
    }
  }

  @Override
  public void close() {
    try (node;
        grpc;
        http) {
      // In the order that they need: clients first.
    }
  }
}
