package dev.heddle.shard;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.shard.PlacementMoves.Move;
import dev.heddle.shard.PlacementMoves.Refusal;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells shards to move: away from nodes that are lost, and to as many nodes as their datasets want.
 * It runs on every node that holds data and acts on the one with the lowest name; should two take
 * themselves for it, the catalog takes only one's change of a dataset, and the other looks again.
 * What it writes is carried out by the leaders of the shards. Owns its thread; any thread may use
 * it.
 */
public final class PlacementController implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(PlacementController.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);
  private static final String LEAF = "leaf";

  /** A node that did not take a shard is spared for so many times as long as it was tried. */
  private static final int SPARED = 2;

  private final String node;
  private final CatalogClient catalog;
  private final PlacementConfig config;
  private final Ticker ticker;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(Threads.named("placement"));
  private final ReentrantLock lock = new ReentrantLock();

  /**
   * Since when nodes that should hold shards are away; guarded by {@link #lock}, as what follows.
   */
  private final Map<String, Long> awaySince = new HashMap<>();

  /** Nodes that shards were on their way to at the last look. */
  private Set<Refusal> arriving = Set.of();

  /** Nodes that shards were on their way to, and when it was seen that they never came there. */
  private final Map<Refusal, Long> refused = new HashMap<>();

  private long lookedAt;

  /** Of this controller's last write; -1: none yet. */
  private long writtenRevision = -1;

  private long writtenAt;
  private boolean failing;

  /** A dataset as this look has last written it. */
  private record Written(DatasetRecord dataset, long revision) {}

  /**
   * @param node this one
   */
  public PlacementController(
      String node, CatalogClient catalog, PlacementConfig config, Ticker ticker) {
    this.node = node;
    this.catalog = catalog;
    this.config = config;
    this.ticker = ticker;
    this.lookedAt = ticker.nanoTime();
    long every = config.every().toNanos();
    Future<?> _ =
        thread.scheduleWithFixedDelay(this::lookOrLog, every, every, TimeUnit.NANOSECONDS);
  }

  /** A look that throws would be the last one. */
  private void lookOrLog() {
    try {
      look();
    } catch (RuntimeException e) {
      log.error("placement not looked at: trying again later", e);
    }
  }

  /** Looks at the catalog once, and acts if this node is the one to do so. */
  void look() {
    lock.lock();
    try {
      CatalogView view = catalog.view();
      if (!catalog.ready()) {
        return;
      }
      Set<String> live = holders(view);
      Set<String> lost = lost(view, live);
      noteRefusals(view);
      boolean acting = live.stream().findFirst().filter(node::equals).isPresent();
      if (acting && sawOwnWrites(view)) {
        act(
            view,
            PlacementMoves.next(
                view.allDatasets(), live, lost, Set.copyOf(refused.keySet()), config.moves()));
      }
    } finally {
      lock.unlock();
    }
  }

  /** The nodes that live and can hold shards, by name. */
  private static Set<String> holders(CatalogView view) {
    Set<String> live = new TreeSet<>();
    for (NodeRecord leaf : view.nodesWith(LEAF)) {
      if (!leaf.replication().isEmpty()) {
        live.add(leaf.node());
      }
    }
    return live;
  }

  private Set<String> lost(CatalogView view, Set<String> live) {
    long now = ticker.nanoTime();
    long patience = config.rebuildAfter().toNanos();
    if (now - lookedAt > patience / 2) {
      // This process itself has stood still: what it knows of the others is old.
      awaySince.clear();
    }
    lookedAt = now;
    Set<String> away = new HashSet<>();
    for (DatasetRecord dataset : view.allDatasets()) {
      for (ShardPlacement placement : dataset.shards()) {
        away.addAll(placement.nodes());
        placement.joining().ifPresent(away::add);
      }
    }
    away.removeAll(live);
    awaySince.keySet().retainAll(away);
    away.forEach(name -> awaySince.putIfAbsent(name, now));
    Set<String> lost = new HashSet<>();
    awaySince.forEach((name, since) -> {
      if (now - since >= patience) {
        lost.add(name);
      }
    });
    return lost;
  }

  /** A node that did not take a shard is spared from it for a while. */
  private void noteRefusals(CatalogView view) {
    long now = ticker.nanoTime();
    Set<Refusal> before = arriving;
    Set<Refusal> next = new HashSet<>();
    for (DatasetRecord dataset : view.allDatasets()) {
      for (ShardPlacement placement : dataset.shards()) {
        placement
            .joining()
            .ifPresent(name -> next.add(new Refusal(dataset.id(), placement.shard(), name)));
      }
    }
    arriving = next;
    for (Refusal one : before) {
      if (view.datasetById(one.datasetId())
          .filter(dataset -> !dataset.shards().get(one.shard()).concerns(one.node()))
          .isPresent()) {
        refused.put(one, now);
      }
    }
    long spared = SPARED * config.giveUpAfter().toNanos();
    refused.values().removeIf(since -> now - since >= spared);
  }

  /** Before, moves that it has begun would not be counted. */
  private boolean sawOwnWrites(CatalogView view) {
    long waited = ticker.nanoTime() - writtenAt;
    return view.revision() >= writtenRevision || waited > config.rebuildAfter().toNanos();
  }

  private void act(CatalogView view, List<Move> moves) {
    Map<String, Written> written = new HashMap<>();
    Set<String> contested = new HashSet<>();
    for (Move move : moves) {
      String key = move.dataset().key();
      if (contested.contains(key)) {
        continue;
      }
      Written before = written.getOrDefault(key, new Written(move.dataset(), view.revisionOf(key)));
      DatasetRecord after = before.dataset().with(move.to());
      try {
        long revision = catalog.write(List.of(Change.replace(after, before.revision())));
        written.put(key, new Written(after, revision));
        writtenRevision = revision;
        writtenAt = ticker.nanoTime();
        failing = false;
        told(move);
      } catch (HeddleException e) {
        if (e.code() != ErrorCode.REVISION_CONFLICT) {
          if (!failing) {
            log.warn("placement not written: trying again dataset={}", move.dataset().name(), e);
          }
          failing = true;
          return;
        }
        contested.add(key);
        log.debug("placement changed by someone else dataset={}", move.dataset().name());
      }
    }
  }

  private static void told(Move move) {
    String shard = move.dataset().name() + "/" + move.to().shard();
    if (move.to().joining().isEmpty() && move.to().leaving().isEmpty()) {
      log.warn(
          "shard does not move: its new node is lost shard={} placement={}", shard, move.from());
    } else {
      log.info("shard moves shard={} placement={}", shard, move.to());
    }
  }

  /** Ends the looks; what runs ends first. */
  @Override
  public void close() {
    Threads.close(thread, CLOSE_GRACE);
  }
}
