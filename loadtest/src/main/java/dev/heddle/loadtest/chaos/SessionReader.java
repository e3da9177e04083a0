package dev.heddle.loadtest.chaos;

import dev.heddle.catalog.Slots;
import dev.heddle.loadtest.consistency.History;
import dev.heddle.loadtest.consistency.SessionEvent;
import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;

/**
 * A session that writes now and then, and else reads what it and others wrote: through a
 * coordinator, which chooses the replicas, or straight at replicas drawn by lot. In between it
 * searches, through a coordinator, for what it wrote last where nobody else writes. Runs on a
 * thread of its own.
 */
final class SessionReader implements Runnable {
  private static final int READS_TO_A_WRITE = 20;
  private static final int READS_TO_A_SEARCH = 5;

  /** Of each session, as its key that nobody else writes. */
  private static final String OWN = "own-";

  /** A read that no replica has served for so long has failed. */
  private static final Duration LONGEST = Duration.ofSeconds(5);

  private final String name;
  private final Random random;
  private final List<String> keys;
  private final DocumentsGrpcClient documents;
  private final Optional<Replicas> replicas;
  private final ReadsLeft left;
  private final History history;
  private final Ticker ticker;

  /** Up to where the session has seen each shard, where it asks replicas itself. */
  private final Map<Integer, ReplicasGrpcClient.Point> seen = new HashMap<>();

  private final LatencyRecorder times = new LatencyRecorder();
  private final LatencyRecorder searches = new LatencyRecorder();
  private long elsewhere;
  private long failed;
  private int written;

  /** What the session's own key has, and at which version; 0: not known. */
  private String own = "";

  private long ownVersion;

  /** Own keys given up: a write that is in doubt may come in later. */
  private int doubtful;

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
      ReadsLeft left,
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
    while (left.any() && !Thread.currentThread().isInterrupted()) {
      write(keys.get(random.nextInt(keys.size())));
      ownVersion = write(ownKey());
      doubtful += ownVersion == 0 ? 1 : 0;
      for (int i = 1; i <= READS_TO_A_WRITE && left.take(); i++) {
        try {
          if (i % READS_TO_A_SEARCH == 0 && ownVersion > 0) {
            search();
          } else {
            read(keys.get(random.nextInt(keys.size())));
          }
        } catch (HeddleException e) {
          failed++;
          left.failed();
        }
      }
    }
  }

  /** The version; 0: not known to be written. */
  private long write(String key) {
    long invoked = ticker.nanoTime();
    var value = name + "-" + ++written;
    try {
      var ack = documents.put(key, "{\"v\":\"" + value + "\"}", OptionalLong.empty());
      see(ack.shard(), ack.incarnation(), ack.index());
      event(key, SessionEvent.Kind.WROTE, ack.version(), invoked);
      own = value;
      return ack.version();
    } catch (HeddleException e) {
      // In doubt or not: nothing that a later read would have to show.
      failed++;
      return 0;
    }
  }

  private String ownKey() {
    return OWN + name + "-" + doubtful;
  }

  /** A write is to be found, not only there: nobody deletes it, or writes over it. */
  private void search() {
    var key = ownKey();
    long invoked = ticker.nanoTime();
    boolean found = documents.search(own, ReadLevel.SESSION).contains(key);
    long returned = ticker.nanoTime();
    searches.record(returned - invoked);
    history.add(
        new SessionEvent(
            name, key, SessionEvent.Kind.READ, found ? ownVersion : 0, invoked, returned));
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
    long giveUp = ticker.nanoTime() + LONGEST.toNanos();
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
        if (!behind || ticker.nanoTime() >= giveUp) {
          throw e;
        }
        elsewhere++;
        left.elsewhere();
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

  /** Of the reads by id that were answered. */
  LatencyRecorder times() {
    return times;
  }

  /** Of the searches that were answered. */
  LatencyRecorder searches() {
    return searches;
  }

  /** Times that a replica did not come so far in time, and another one was asked. */
  long elsewhere() {
    return elsewhere;
  }

  /** Calls without an answer, writes among them. */
  long failed() {
    return failed;
  }
}
