package dev.heddle.loadtest.chaos;

import dev.heddle.catalog.Slots;
import dev.heddle.loadtest.consistency.History;
import dev.heddle.loadtest.consistency.SessionEvent;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A session that writes now and then, and else reads what it and others wrote: through a
 * coordinator, which chooses the replicas, or straight at replicas drawn by lot. Runs on a thread
 * of its own.
 */
final class SessionReader implements Runnable {
  private static final int READS_TO_A_WRITE = 20;

  private final String name;
  private final Random random;
  private final List<String> keys;
  private final DocumentsGrpcClient documents;
  private final Optional<Replicas> replicas;
  private final AtomicLong left;
  private final History history;
  private final Ticker ticker;

  /** Up to where the session has seen each shard, where it asks replicas itself. */
  private final Map<Integer, ReplicasGrpcClient.Point> seen = new HashMap<>();

  private final LatencyRecorder times = new LatencyRecorder();
  private long elsewhere;
  private long failed;
  private int written;

  /**
   * Where replicas are: every leaf has one of every shard.
   *
   * @param shards of the dataset
   */
  record Replicas(ReplicasGrpcClient client, List<HostPort> leaves, String datasetId, int shards) {}

  /**
   * @param replicas asked for reads; empty: a coordinator is
   * @param left reads that all sessions together still have to do
   */
  SessionReader(
      String name,
      long seed,
      List<String> keys,
      DocumentsGrpcClient documents,
      Optional<Replicas> replicas,
      AtomicLong left,
      History history,
      Ticker ticker) {
    this.name = name;
    this.random = new Random(seed);
    this.keys = List.copyOf(keys);
    this.documents = documents;
    this.replicas = replicas;
    this.left = left;
    this.history = history;
    this.ticker = ticker;
  }

  @Override
  public void run() {
    while (left.get() > 0 && !Thread.currentThread().isInterrupted()) {
      write();
      for (int i = 0; i < READS_TO_A_WRITE && left.getAndDecrement() > 0; i++) {
        var key = keys.get(random.nextInt(keys.size()));
        try {
          read(key);
        } catch (HeddleException e) {
          failed++;
        }
      }
    }
  }

  private void write() {
    var key = keys.get(random.nextInt(keys.size()));
    long invoked = ticker.nanoTime();
    try {
      var json = "{\"v\":\"" + name + "-" + ++written + "\"}";
      var ack = documents.put(key, json, OptionalLong.empty());
      see(ack.shard(), ack.incarnation(), ack.index());
      event(key, SessionEvent.Kind.WROTE, ack.version(), invoked);
    } catch (HeddleException e) {
      // In doubt or not: nothing that a later read would have to show.
      failed++;
    }
  }

  private void see(int shard, String incarnation, long index) {
    seen.merge(
        shard,
        new ReplicasGrpcClient.Point(incarnation, index),
        (before, now) -> now.index() > before.index() ? now : before);
  }

  private void read(String key) {
    long invoked = ticker.nanoTime();
    long version =
        replicas.isPresent()
            ? versionAtReplica(key, replicas.get())
            : documents.get(key, ReadLevel.SESSION).map(StoredDocument::version).orElse(0L);
    times.record(ticker.nanoTime() - invoked);
    event(key, SessionEvent.Kind.READ, version, invoked);
  }

  private long versionAtReplica(String key, Replicas at) {
    int shard = Slots.shard(key, at.shards);
    var after = Optional.ofNullable(seen.get(shard));
    int first = random.nextInt(at.leaves.size());
    for (int i = 0; ; i++) {
      var leaf = at.leaves.get((first + i) % at.leaves.size());
      try {
        long version = at.client.version(leaf, at.datasetId, shard, key, after);
        // The document stands where its version says: who has seen one has seen the other.
        after.ifPresent(point -> see(shard, point.incarnation(), version));
        return version;
      } catch (HeddleException e) {
        boolean behind =
            e.code() == ErrorCode.STALE_REPLICA || e.code() == ErrorCode.DEADLINE_EXCEEDED;
        if (!behind || i + 1 == at.leaves.size()) {
          throw e;
        }
        elsewhere++;
      }
    }
  }

  private void event(String key, SessionEvent.Kind kind, long version, long invoked) {
    // Before its first write a session cannot say after what a replica is to read.
    var shown =
        replicas.isPresent() && !seen.containsKey(Slots.shard(key, replicas.get().shards))
            ? SessionEvent.Kind.READ_ANY
            : kind;
    history.add(new SessionEvent(name, key, shown, version, invoked, ticker.nanoTime()));
  }

  /** Of the reads. */
  LatencyRecorder times() {
    return times;
  }

  /** Times that a replica did not come so far in time, and another one was asked. */
  long elsewhere() {
    return elsewhere;
  }

  /** Calls without an answer. */
  long failed() {
    return failed;
  }
}
