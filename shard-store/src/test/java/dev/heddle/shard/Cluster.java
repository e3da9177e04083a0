package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.within;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import dev.heddle.process.testing.Ports;
import dev.heddle.replication.RaftConfig;
import dev.heddle.replication.RaftNode;
import dev.heddle.replication.Role;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.IOUtils;

/**
 * Several stores that replicate for real, in this process, and one catalog that stays. Nodes are
 * started and stopped by one thread; any may read and write.
 */
final class Cluster implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofMinutes(2);

  /** The dataset that tests write to. */
  static final String DATASET = "d1";

  private static final Duration TTL = Duration.ofSeconds(30);

  /** How often the indexes are committed, and how much of their logs is left then. */
  record Pace(Duration commitAfter, int retained) {
    /** Hardly ever: all is in the log. */
    static Pace lazy() {
      return new Pace(Duration.ofHours(1), 1_000_000);
    }

    /** All the time, and logs are cut at once. */
    static Pace eager() {
      return new Pace(Duration.ofMillis(30), 0);
    }
  }

  private final Path directory;
  private final Pace pace;
  private final LocalCatalog catalog;
  private final CatalogClient client;
  private final Map<String, HostPort> addresses = new TreeMap<>();
  private final Map<String, AtomicBoolean> failing = new ConcurrentHashMap<>();
  private final Map<String, Running> nodes = new ConcurrentSkipListMap<>();
  private final UUID self = UUID.randomUUID();
  private final AtomicLong calls = new AtomicLong();
  private final AtomicInteger fetches = new AtomicInteger();

  /** Open while states are sent. */
  private final AtomicReference<CountDownLatch> fetching =
      new AtomicReference<>(new CountDownLatch(0));

  private record Running(ShardStore store, Closer closer) {}

  Cluster(Path directory, Pace pace, String... names) {
    this.directory = directory;
    this.pace = pace;
    this.catalog = LocalCatalog.start(directory.resolve("catalog"));
    this.client = catalog.client();
    List.of(names).forEach(this::start);
  }

  /** A node comes, or comes back at its old address. */
  void start(String name) {
    Closer closer = new Closer();
    HostPort address = addresses.computeIfAbsent(name, any -> Ports.free());
    RaftNode raft = closer.register("raft", new RaftNode(name, address, raft()));
    raft.start();
    Channels channels = closer.register("channels", new Channels(Credentials.none()));
    CatalogClient mine = catalog.client();
    closer.register("client", mine);
    AtomicBoolean fails = failing.computeIfAbsent(name, any -> new AtomicBoolean());
    ShardStore store =
        closer.register(
            "store",
            new ShardStore(
                config(),
                name,
                directory.resolve(name),
                mine,
                channels,
                raft,
                Ticker.system(),
                Clock.systemUTC(),
                new SimpleMeterRegistry(),
                folder -> new FailingDirectory(FSDirectory.open(folder), fails)));
    GrpcServer server =
        closer.register(
            "internal",
            new GrpcServer(
                name,
                new HostPort("127.0.0.1", 0),
                store.internalServices(),
                ServerOptions.internal(Credentials.none())
                    .withInterceptors(List.of(new Counting())),
                false));
    server.start();
    mine.register(
        new NodeRecord(
            name,
            UUID.randomUUID().toString(),
            Set.of("leaf"),
            server.address().toString(),
            "",
            "",
            raft.address().toString()),
        TTL);
    nodes.put(name, new Running(store, closer));
  }

  /** Counts the states that nodes fetch from each other; nothing else is served here. */
  private final class Counting implements ServerInterceptor {
    @Override
    public <Q, P> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, P> call, Metadata headers, ServerCallHandler<Q, P> next) {
      fetches.incrementAndGet();
      try {
        fetching.get().await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      return next.startCall(call, headers);
    }
  }

  /** From now on no node gets a state that it asks for, until they are let go. */
  void holdFetches() {
    fetching.set(new CountDownLatch(1));
  }

  void letFetchesGo() {
    fetching.get().countDown();
  }

  /** A node that is stopped loses its disk. */
  void wipe(String name) throws IOException {
    IOUtils.rm(directory.resolve(name));
  }

  /** The replica on a node; empty: not there yet. */
  Optional<ShardStatus> replica(String name, int shard) {
    return store(name).status().stream().filter(status -> status.shard() == shard).findFirst();
  }

  /** States that nodes have fetched from each other, or tried to. */
  int fetches() {
    return fetches.get();
  }

  private RaftConfig raft() {
    RaftConfig defaults = RaftConfig.defaults();
    return new RaftConfig(
        defaults.electionMin(),
        defaults.electionMax(),
        Duration.ofMillis(600),
        Duration.ofMillis(1_200),
        defaults.callTimeout(),
        defaults.readTimeout(),
        // Only whole files are cut off.
        DataSize.ofMiB(1),
        pace.retained(),
        defaults.pendingEntries(),
        defaults.pendingBytes());
  }

  private ShardStoreConfig config() {
    ShardStoreConfig defaults = ShardStoreConfig.defaults();
    return new ShardStoreConfig(
        defaults.indexBuffer(),
        defaults.maxDocument(),
        defaults.maxBatch(),
        defaults.maxWaitingWriters(),
        defaults.maxWaitingBytes(),
        Duration.ofMillis(20),
        Duration.ofMillis(500),
        defaults.settleUpTo(),
        defaults.filterCache(),
        Duration.ofMillis(100),
        pace.commitAfter(),
        defaults.commitBytes(),
        new DataSize(0),
        defaults.snapshots(),
        // Nothing moves by itself here.
        new PlacementConfig(Duration.ofHours(10), 1, Duration.ofHours(1), Duration.ofHours(1)));
  }

  /** A node goes in good order. */
  void stop(String name) {
    Objects.requireNonNull(nodes.remove(name), name).closer().close();
  }

  /** A node goes, and what its indexes have not committed is lost. */
  void crash(String name) {
    fail(name, true);
    stop(name);
    fail(name, false);
  }

  /** From now on the disk under the node's indexes takes nothing, or does again. */
  void fail(String name, boolean fails) {
    failing.computeIfAbsent(name, any -> new AtomicBoolean()).set(fails);
  }

  Set<String> names() {
    return Set.copyOf(nodes.keySet());
  }

  ShardStore store(String name) {
    return Objects.requireNonNull(nodes.get(name), name).store();
  }

  CatalogClient catalog() {
    return client;
  }

  /** The catalog's present record of the dataset. */
  DatasetRecord dataset() {
    return client.view().datasetById(DATASET).orElseThrow();
  }

  Path folder(String name, int shard) {
    return directory.resolve(name).resolve("datasets").resolve(DATASET).resolve("" + shard);
  }

  /** Makes the dataset with all shards on these nodes, and waits until it takes writes. */
  void create(Schema schema, int shards, String... on) {
    known(on);
    List<ShardPlacement> placements = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      placements.add(new ShardPlacement(shard, 1, UUID.randomUUID().toString(), List.of(on)));
    }
    long revision =
        change(
            new DatasetRecord(
                "default", "things", DATASET, schema, 1, on.length, placements, Instant.EPOCH));
    await(revision, on);
  }

  /** Waits until the catalog knows the nodes. */
  void known(String... names) {
    for (String name : names) {
      within(PATIENCE, name + " is known", () -> client.view().node(name).isPresent());
    }
  }

  /** Puts a record in the place of the dataset's; the catalog's revision then. */
  long change(DatasetRecord record) {
    return LocalCatalog.write(client, List.of(Change.put(record)));
  }

  void await(long revision, String... on) {
    for (String name : on) {
      store(name).awaitShards(DATASET, revision, Deadline.after(PATIENCE, Ticker.system()));
    }
  }

  RequestId request() {
    return new RequestId(self, calls.incrementAndGet());
  }

  WriteResult write(int shard, Operation... operations) {
    return write(shard, request(), List.of(operations));
  }

  /** At the leader, whoever that is; asks again, by the same name, until the outcome is known. */
  WriteResult write(int shard, RequestId request, List<Operation> operations) {
    CompletableFuture<WriteResult> outcome = new CompletableFuture<>();
    Map<String, HeddleException> refusals = new TreeMap<>();
    try {
      within(
          PATIENCE,
          "written to " + shard,
          () -> {
            for (Map.Entry<String, Running> node : nodes.entrySet()) {
              try {
                outcome.complete(
                    node.getValue()
                        .store()
                        .write(
                            DATASET,
                            shard,
                            request,
                            operations,
                            Deadline.after(PATIENCE, Ticker.system())));
                return true;
              } catch (HeddleException e) {
                if (!passing(e.code())) {
                  throw e;
                }
                refusals.put(node.getKey(), e);
              }
            }
            return false;
          });
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + ": " + refusals + " " + statuses(), e);
    }
    return outcome.join();
  }

  private List<ShardStatus> statuses() {
    return nodes.values().stream().flatMap(node -> node.store().status().stream()).toList();
  }

  private static boolean passing(ErrorCode code) {
    return switch (code) {
      case NOT_LEADER, NO_MAJORITY, UNAVAILABLE, NOT_OWNER, STORAGE_FAILED -> true;
      default -> false;
    };
  }

  /** The node that leads the shard, once there is one. */
  String leader(int shard) {
    CompletableFuture<String> leader = new CompletableFuture<>();
    within(
        PATIENCE,
        "a leader of " + shard,
        () -> {
          for (Map.Entry<String, Running> node : nodes.entrySet()) {
            for (ShardStatus status : node.getValue().store().status()) {
              if (status.shard() == shard && status.role() == Role.LEADER) {
                leader.complete(node.getKey());
              }
            }
          }
          return leader.isDone();
        });
    return leader.join();
  }

  /** One of the nodes that does not lead the shard. */
  String follower(int shard) {
    String leader = leader(shard);
    return nodes.keySet().stream().filter(name -> !name.equals(leader)).findFirst().orElseThrow();
  }

  /** Waits until searches on the node see everything that was acknowledged. */
  void current(String name, int shard) {
    within(
        PATIENCE,
        name + " is current",
        () -> {
          try {
            store(name)
                .ready(DATASET, shard, ReadLevel.LINEARIZABLE, Optional.empty(), true)
                .get(60, TimeUnit.SECONDS);
            return true;
          } catch (ExecutionException | TimeoutException e) {
            return false;
          }
        });
  }

  /** All documents of a replica, as its searches see them. */
  List<String> contents(String name, int shard) {
    List<String> all = new ArrayList<>();
    String after = "";
    boolean more = true;
    while (more) {
      DocumentPage page = store(name).scan(DATASET, shard, after, 100);
      for (DocumentPage.Entry entry : page.documents()) {
        all.add(ShardContents.line(entry));
        after = entry.id();
      }
      more = page.more();
    }
    return all;
  }

  /** What the replicas have in common, once all of them are current and nobody writes. */
  List<String> sameContents(int shard, Collection<String> names) {
    names.forEach(name -> current(name, shard));
    String first = names.iterator().next();
    List<String> expected = contents(first, shard);
    for (String name : names) {
      List<String> contents = contents(name, shard);
      if (!contents.equals(expected)) {
        throw new AssertionError(
            "shard %d on %s: %s%n(expected, as on %s: %s)"
                .formatted(shard, name, contents, first, expected));
      }
    }
    return expected;
  }

  @Override
  public void close() {
    Closer all = new Closer();
    all.register("catalog", catalog);
    nodes.forEach((name, node) -> all.register(name, node.closer()));
    all.close();
  }
}
