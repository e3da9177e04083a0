package dev.heddle.loadtest.chaos;

import dev.heddle.catalog.Slots;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;

/**
 * Writes to one shard, again and again, and notes when that was acknowledged: so it is seen how
 * long the shard takes no writes. Runs on a thread of its own.
 */
final class ShardProbe implements Runnable {
  private static final Duration PERIOD = Duration.ofMillis(50);

  private final int shard;
  private final int shards;
  private final DocumentsGrpcClient documents;
  private final LoadClient.Records records;
  private final Ticker ticker;
  private final BooleanSupplier stopped;
  private final Queue<Ack> acks = new ConcurrentLinkedQueue<>();
  private volatile long lastAck;
  private int tried;

  /**
   * An acknowledged write.
   *
   * @param invoked when it was called, and
   * @param returned when it was answered, in nanoseconds of the run's clock
   */
  record Ack(long invoked, long returned) {}

  /**
   * @param shards of the dataset
   */
  ShardProbe(
      int shard,
      int shards,
      DocumentsGrpcClient documents,
      LoadClient.Records records,
      Ticker ticker,
      BooleanSupplier stopped) {
    this.shard = shard;
    this.shards = shards;
    this.documents = documents;
    this.records = records;
    this.ticker = ticker;
    this.stopped = stopped;
    this.lastAck = ticker.nanoTime();
  }

  @Override
  public void run() {
    try {
      while (!stopped.getAsBoolean()) {
        write();
        Pacing.pause(PERIOD, ticker, stopped);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Writes once. */
  void write() {
    var id = nextId();
    var json = "{\"v\":\"" + id + "\"}";
    long invoked = ticker.nanoTime();
    try {
      var ack = documents.put(id, json, OptionalLong.empty());
      long returned = ticker.nanoTime();
      acks.add(new Ack(invoked, returned));
      lastAck = returned;
      records.ledger().acknowledged(new StoredDocument(id, json, ack.version()));
      records.tally().wrote();
    } catch (HeddleException e) {
      records.tally().failed(id, e);
      if (Certainty.of(e) == Certainty.IN_DOUBT) {
        records.ledger().inDoubt(id);
      } else {
        records.ledger().refused(id);
      }
    }
  }

  private String nextId() {
    while (true) {
      var id = LoadClient.ONCE + "probe-" + shard + "-" + ++tried;
      if (Slots.shard(id, shards) == shard) {
        return id;
      }
    }
  }

  int shard() {
    return shard;
  }

  /** How long ago the last write was acknowledged. */
  Duration silence() {
    return Duration.ofNanos(ticker.nanoTime() - lastAck);
  }

  List<Ack> acks() {
    return List.copyOf(acks);
  }
}
