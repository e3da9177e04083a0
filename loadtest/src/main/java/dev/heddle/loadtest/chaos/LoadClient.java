package dev.heddle.loadtest.chaos;

import dev.heddle.loadtest.consistency.Action;
import dev.heddle.loadtest.consistency.History;
import dev.heddle.loadtest.consistency.Operation;
import dev.heddle.loadtest.consistency.Outcome;
import dev.heddle.loadtest.consistency.SessionEvent;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.function.BooleanSupplier;
import tools.jackson.databind.json.JsonMapper;

/**
 * A session that reads and writes keys which others read and write too, and documents of its own,
 * one call at a time, and notes what it was told. Runs on a thread of its own.
 */
final class LoadClient implements Runnable {
  /** Ids of documents that are written once. */
  static final String ONCE = "once-";

  private static final int MOST_THINKING_MILLIS = 30;

  private final String name;
  private final Random random;
  private final List<String> keys;
  private final DocumentsGrpcClient documents;
  private final History history;
  private final Ledger ledger;
  private final LoadTally tally;
  private final Ticker ticker;
  private final BooleanSupplier stopped;

  /** Versions as last seen, for conditions. */
  private final Map<String, Long> versions = new HashMap<>();

  private int written;

  LoadClient(
      String name,
      long seed,
      List<String> keys,
      DocumentsGrpcClient documents,
      Records records,
      Ticker ticker,
      BooleanSupplier stopped) {
    this.name = name;
    this.random = new Random(seed);
    this.keys = List.copyOf(keys);
    this.documents = documents;
    this.history = records.history();
    this.ledger = records.ledger();
    this.tally = records.tally();
    this.ticker = ticker;
    this.stopped = stopped;
  }

  /** Where clients note what they were told. */
  record Records(History history, Ledger ledger, LoadTally tally) {}

  @Override
  public void run() {
    try {
      while (!stopped.getAsBoolean()) {
        step();
        Pacing.pause(Duration.ofMillis(random.nextInt(MOST_THINKING_MILLIS)), ticker, stopped);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void step() {
    int dice = random.nextInt(100);
    if (dice < 30) {
      writeOnce();
      return;
    }
    var key = keys.get(random.nextInt(keys.size()));
    if (dice < 50) {
      read(key);
    } else if (dice < 62) {
      put(key, new Action.Put(value()), OptionalLong.empty());
    } else if (dice < 76) {
      long version = versions.getOrDefault(key, 0L);
      put(key, new Action.PutIf(version, value()), OptionalLong.of(version));
    } else if (dice < 81) {
      delete(key);
    } else {
      readWeakly(key, dice < 94 ? ReadLevel.SESSION : ReadLevel.ANY);
    }
  }

  private String value() {
    return name + "-" + ++written;
  }

  private static String json(String value) {
    return "{\"v\":\"" + value + "\"}";
  }

  private void writeOnce() {
    var id = ONCE + value();
    try {
      var ack = documents.put(id, json(id), OptionalLong.empty());
      ledger.acknowledged(new StoredDocument(id, json(id), ack.version()));
      tally.wrote();
    } catch (HeddleException e) {
      tally.failed(id, e);
      if (Certainty.of(e) == Certainty.IN_DOUBT) {
        ledger.inDoubt(id);
      } else {
        ledger.refused(id);
      }
    }
  }

  /** Reads linearizably. */
  void read(String key) {
    long invoked = ticker.nanoTime();
    Outcome outcome;
    try {
      var found = documents.get(key, ReadLevel.LINEARIZABLE);
      seen(key, found, invoked, SessionEvent.Kind.READ);
      outcome =
          found
              .<Outcome>map(
                  document -> new Outcome.Found(value(document.json()), document.version()))
              .orElse(Outcome.ABSENT);
      tally.read();
    } catch (HeddleException e) {
      tally.failed("read of " + key, e);
      outcome = Outcome.UNKNOWN;
    }
    add(key, new Action.Read(), invoked, outcome);
  }

  private void readWeakly(String key, ReadLevel level) {
    long invoked = ticker.nanoTime();
    try {
      var found = documents.get(key, level);
      var kind = level == ReadLevel.ANY ? SessionEvent.Kind.READ_ANY : SessionEvent.Kind.READ;
      seen(key, found, invoked, kind);
      tally.read();
    } catch (HeddleException e) {
      tally.failed("read of " + key, e);
    }
  }

  private void seen(
      String key, Optional<StoredDocument> found, long invoked, SessionEvent.Kind kind) {
    long version = found.map(StoredDocument::version).orElse(0L);
    versions.put(key, version);
    event(key, kind, version, invoked);
  }

  private void put(String key, Action action, OptionalLong condition) {
    var value =
        switch (action) {
          case Action.Put put -> put.value();
          case Action.PutIf put -> put.value();
          case Action.Read _, Action.Delete _ -> throw new IllegalArgumentException("" + action);
        };
    long invoked = ticker.nanoTime();
    Outcome outcome;
    try {
      var ack = documents.put(key, json(value), condition);
      versions.put(key, ack.version());
      event(key, SessionEvent.Kind.WROTE, ack.version(), invoked);
      outcome = new Outcome.Written(ack.version());
      tally.wrote();
    } catch (HeddleException e) {
      tally.failed(action + " on " + key, e);
      outcome = outcome(e, condition.isPresent());
    }
    add(key, action, invoked, outcome);
  }

  private void delete(String key) {
    long invoked = ticker.nanoTime();
    Outcome outcome;
    try {
      var ack = documents.delete(key);
      // Where nothing was found, nothing was written, and the index says how far the leader was.
      long index = ack.found() ? ack.index() : 0;
      versions.put(key, 0L);
      event(key, SessionEvent.Kind.DELETED, index, invoked);
      outcome = new Outcome.Deleted(ack.found(), index);
      tally.wrote();
    } catch (HeddleException e) {
      tally.failed("delete of " + key, e);
      outcome = outcome(e, false);
      if (outcome.equals(Outcome.UNKNOWN)) {
        event(key, SessionEvent.Kind.DELETES_IN_DOUBT, 0, invoked);
      }
    }
    add(key, new Action.Delete(), invoked, outcome);
  }

  private static Outcome outcome(HeddleException error, boolean conditional) {
    return switch (Certainty.of(error)) {
      case CONFLICT -> conditional ? Outcome.CONFLICT : Outcome.UNKNOWN;
      case REFUSED, WRONG -> Outcome.REFUSED;
      case IN_DOUBT -> Outcome.UNKNOWN;
    };
  }

  private static String value(String json) {
    return JsonMapper.shared().readTree(json).path("v").asString("");
  }

  private void add(String key, Action action, long invoked, Outcome outcome) {
    history.add(new Operation(key, name, action, invoked, ticker.nanoTime(), outcome));
  }

  private void event(String key, SessionEvent.Kind kind, long version, long invoked) {
    history.add(new SessionEvent(name, key, kind, version, invoked, ticker.nanoTime()));
  }
}
