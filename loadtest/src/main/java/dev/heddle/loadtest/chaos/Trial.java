package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.consistency.History;
import dev.heddle.process.ChannelLimits;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A cluster of processes, a dataset on it, and clients that use it. One shot, for one thread; its
 * clients have threads of their own.
 */
final class Trial implements AutoCloseable {
  static final Duration CALL = Duration.ofSeconds(5);
  static final Duration SLOW_CALL = Duration.ofSeconds(60);

  private static final Duration START = Duration.ofMinutes(3);
  private static final Duration LOOK = Duration.ofSeconds(2);
  private static final Duration SCAN = Duration.ofSeconds(30);
  private static final Duration LIVELY = Duration.ofSeconds(2);
  private static final String DATASET = "trial";
  private static final String STATE_FETCHED = "replica has fetched a state";

  private final Shape shape;
  private final Ticker ticker;
  private final Closer closer = new Closer();
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final LoadClient.Records records =
      new LoadClient.Records(new History(), new Ledger(), new LoadTally());
  private final Channels channels;
  private final ProcessCluster cluster;
  private final ReplicasGrpcClient replicas;
  private final ThreadFactory threads = Threads.virtual("trial-client");
  private final List<Thread> running = new ArrayList<>();
  private final List<ShardProbe> probes = new ArrayList<>();
  private String datasetId = "";

  /**
   * @param coordinators processes of their own; 0: each leaf is a coordinator, too
   * @param replicas of each shard
   * @param settings YAML for every node; empty: as shipped
   */
  record Shape(int leaves, int coordinators, int shards, int replicas, String settings) {
    /** With nodes as shipped. */
    Shape(int leaves, int coordinators, int shards, int replicas) {
      this(leaves, coordinators, shards, replicas, "");
    }
  }

  /**
   * Starts nothing yet.
   *
   * @param directory for the nodes' data and logs; they stay
   */
  Trial(Shape shape, JavaCommand java, Path directory, Ticker ticker) {
    this.shape = shape;
    this.ticker = ticker;
    var layout =
        ClusterLayout.of(
            ClusterLayout.Plan.loopback(directory, shape.leaves, shape.coordinators)
                .withMore(shape.settings));
    this.channels = closer.register("channels", new Channels(Credentials.none(), limits()));
    this.cluster = closer.register("cluster", new ProcessCluster(layout, java, ticker));
    this.replicas = new ReplicasGrpcClient(channels, LOOK);
  }

  /** Clients notice at once when a node is back. */
  private static ChannelLimits limits() {
    var defaults = ChannelLimits.defaults();
    return new ChannelLimits(
        defaults.maxChannels(),
        defaults.maxInboundMessage(),
        defaults.keepAliveTime(),
        defaults.keepAliveTimeout(),
        defaults.idleTimeout(),
        Duration.ofMillis(50),
        Duration.ofMillis(200));
  }

  /** Starts the nodes and makes the dataset. */
  void start() throws InterruptedException {
    cluster.start(START);
    var client = client(SLOW_CALL);
    client.create(shape.shards, shape.replicas);
    datasetId = client.datasetId();
  }

  /** Starts nodes that do not run, and waits until they serve. */
  void restart() throws InterruptedException {
    cluster.start(START);
  }

  Shape shape() {
    return shape;
  }

  ProcessCluster cluster() {
    return cluster;
  }

  LoadClient.Records records() {
    return records;
  }

  ReplicasGrpcClient replicas() {
    return replicas;
  }

  /** The same, with another time for each call. */
  ReplicasGrpcClient replicas(Duration timeout) {
    return new ReplicasGrpcClient(channels, timeout);
  }

  String datasetId() {
    return datasetId;
  }

  Leaders leaders() {
    return new Leaders(cluster, replicas, datasetId);
  }

  /** A session of its own. */
  DocumentsGrpcClient client(Duration timeout) {
    return new DocumentsGrpcClient(
        channels, cluster.layout().coordinators(), Optional.empty(), DATASET, timeout);
  }

  /** Whether clients are to end. */
  boolean stopped() {
    return stopped.get();
  }

  /** Runs a client on a thread of its own; it ends soon after {@link #stopped}. */
  void run(Runnable client) {
    var thread = threads.newThread(client);
    running.add(thread);
    thread.start();
  }

  /** Writes to each shard from now on. */
  void probe() {
    for (int i = 0; i < shape.shards; i++) {
      var probe = new ShardProbe(i, shape.shards, client(CALL), records, ticker, this::stopped);
      probes.add(probe);
      run(probe);
    }
  }

  /** Whether all probed shards have taken a write lately. */
  boolean lively() {
    return silent().isEmpty();
  }

  /** Shards that have not taken a write lately. */
  List<Integer> silent() {
    return probes.stream()
        .filter(probe -> probe.acks().isEmpty() || probe.silence().compareTo(LIVELY) >= 0)
        .map(ShardProbe::shard)
        .toList();
  }

  /** Returns whether all probed shards took writes in time. */
  boolean awaitLively(Duration limit) throws InterruptedException {
    return Pacing.await(limit, ticker, this::lively);
  }

  /** What the probes were told, by shard. */
  Map<Integer, List<ShardProbe.Ack>> acks() {
    var acks = new HashMap<Integer, List<ShardProbe.Ack>>();
    probes.forEach(probe -> acks.put(probe.shard(), probe.acks()));
    return acks;
  }

  /** Returns whether every shard had a leader that says so in time. */
  boolean awaitLed(Duration limit) throws InterruptedException {
    return Pacing.await(limit, ticker, () -> leaders().leaders().size() == shape.shards);
  }

  /** Sum over the shards of the terms that their leaders are in; of those that have one. */
  long terms() {
    return leaders().leaders().values().stream().mapToLong(ReplicaView::term).sum();
  }

  /** Times that a replica took the state of another one, as the nodes' logs tell. */
  long statesFetched() {
    return cluster.layout().leaves().mapToLong(leaf -> leaf.logged(STATE_FETCHED)).sum();
  }

  /** Returns when all clients have ended. */
  void stop() throws InterruptedException {
    stopped.set(true);
    for (var thread : running) {
      thread.join();
    }
  }

  /** Returns when the first so many clients have ended. */
  void join(int clients) throws InterruptedException {
    for (var thread : running.subList(0, clients)) {
      thread.join();
    }
  }

  ReplicaComparison compareReplicas(Duration limit) throws InterruptedException {
    return ReplicaComparison.of(
        cluster, leaders(), replicas(SCAN), datasetId, shape.shards, shape.replicas, limit, ticker);
  }

  /** Ends all clients and nodes. */
  @Override
  public void close() {
    stopped.set(true);
    closer.close();
  }
}
