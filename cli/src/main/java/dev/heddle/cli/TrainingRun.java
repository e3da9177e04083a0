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
import dev.heddle.cli.node.FreePort;
import dev.heddle.cli.node.Node;
import dev.heddle.cli.node.NodeConfig;
import dev.heddle.cli.node.Role;
import dev.heddle.cli.terminal.Console;
import dev.heddle.gateway.session.KeyRing;
import dev.heddle.process.Closer;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A node with all roles, a second gateway and their clients, in one process on loopback, doing a
 * little of everything that nodes do: what the JVM notes meanwhile is for all kinds of nodes.
 * Whatever fails ends it with an exception.
 */
final class TrainingRun implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final Ticker TICKER = Ticker.system();
  private static final String DATASET = "training";
  private static final String LOOPBACK = "127.0.0.1";
  private static final String ROOM = "room.a";
  private static final int DOCUMENTS = 2_000;
  private static final int SOCKETS = 50;
  private static final Duration LOOK = Duration.ofMillis(50);

  /** How often clients are at one gateway and then at the other. */
  private static final int STAYS = 8;

  private static final long SEED = 20_161_104;

  private static final List<String> WORDS =
      List.of(
          "loom", "warp", "weft", "heddle", "shuttle", "thread", "cloth", "bridge", "river",
          "stone");

  private final Path folder;
  private final Path keys;
  private final Console console;
  private final Closer closer = new Closer();
  private final ClusterGrpcClient grpc;
  private final ClusterHttp http;
  private final List<URI> sockets;
  private final JsonMapper json = JsonMapper.shared();
  private final RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);

  /** Starts the nodes. */
  TrainingRun(Path folder, Console console) throws IOException, InterruptedException {
    this.folder = folder;
    this.console = console;
    this.keys = folder.resolve("sessions.yaml");
    try {
      KeyRing.createIfAbsent(keys);
      var members = List.of(FreePort.any(LOOPBACK).toString(), FreePort.any(LOOPBACK).toString());
      Node all =
          start("training", EnumSet.allOf(Role.class), members, 0, "seeds: [], bootstrap: true");
      Node other =
          start(
              "training-2",
              EnumSet.of(Role.GATEWAY, Role.COORDINATOR),
              members,
              1,
              "seeds: [\"" + all.internal() + "\"]");
      var address =
          new ClusterAddress(
              all.grpc().orElseThrow(),
              URI.create("http://" + all.http().orElseThrow()),
              Optional.empty(),
              "training");
      this.grpc = closer.register("gRPC client", new ClusterGrpcClient(address, PATIENCE));
      this.http = closer.register("HTTP client", new ClusterHttp(address, PATIENCE));
      this.sockets = List.of(sockets(all), sockets(other));
    } catch (IOException | InterruptedException | RuntimeException e) {
      closer.closeAfter(e);
      throw e;
    }
  }

  /**
   * @param members of the gateways' grid, of which this is one
   */
  private Node start(String name, Set<Role> roles, List<String> members, int member, String catalog)
      throws IOException, InterruptedException {
    String text =
        """
        node: %s
        directory: %s
        internal: 127.0.0.1:0
        replication: 127.0.0.1:0
        grpc: 127.0.0.1:0
        gateway:
          http: 127.0.0.1:0
          session: {keys: %s}
          hazelcast: {address: "%s", members: %s, join-timeout: 60s}
        catalog: {%s}
        """
            .formatted(
                name,
                quoted(folder.resolve(name)),
                quoted(keys),
                members.get(member),
                json.writeValueAsString(members),
                catalog);
    Path config = Files.writeString(folder.resolve(name + ".yaml"), text);
    var node =
        closer.register(
            name, new Node(NodeConfig.read(config, roles), roles, TICKER, Clock.systemUTC()));
    node.start();
    if (!node.awaitKnown(PATIENCE)) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          "node: not known to itself after " + PATIENCE.toSeconds() + " s (expected: ready)");
    }
    return node;
  }

  private String quoted(Path path) {
    return json.writeValueAsString(path.toString());
  }

  private static URI sockets(Node node) {
    return URI.create("ws://" + node.http().orElseThrow() + "/ws/training");
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
    // What finds nothing yet would train nothing.
    long began = TICKER.nanoTime();
    while (found() < DOCUMENTS) {
      if (TICKER.nanoTime() - began > PATIENCE.toNanos()) {
        throw new HeddleException(
            ErrorCode.DEADLINE_EXCEEDED,
            "documents found: " + found() + " (expected: " + DOCUMENTS + ")");
      }
      LockSupport.parkNanos(LOOK.toNanos());
    }
  }

  private long found() throws InterruptedException {
    var every =
        object("{\"query\": {\"exists\": {\"field\": \"kind\"}}, \"k\": 1, \"countUpTo\": 10000}");
    return http.post(every, "v1", "datasets", DATASET, "query")
        .path("total")
        .path("value")
        .asLong();
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

  /**
   * Sockets that call a function, listen to a channel, are told what is published there, vanish,
   * and come back at the other gateway.
   */
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
    try (var clients = new TrainingClients(SOCKETS, ROOM, PATIENCE)) {
      for (int i = 0; i < rounds; i++) {
        if (i % stay(rounds) == 0) {
          clients.connect(sockets.get(i / stay(rounds) % sockets.size()));
        }
        if (i % 8 == 0) {
          var _ = http.post(object("{\"round\": " + i + "}"), "v1", "channels", ROOM);
          clients.await(SOCKETS);
        } else {
          clients.send(i % SOCKETS, "{\"name\": \"Ada\"}");
          clients.await(1);
        }
      }
      clients.end();
    }
  }

  /** Rounds between two stays. */
  private static int stay(int rounds) {
    return Math.ceilDiv(rounds, STAYS);
  }

  @Override
  public void close() {
    closer.close();
  }
}
