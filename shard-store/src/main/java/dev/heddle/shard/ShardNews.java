package dev.heddle.shard;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What this node tells the catalog of its own replicas, all of a dataset in one write. What does
 * not get there is told again by whoever told it. Safe for any thread; blocks none of them.
 */
final class ShardNews {
  private static final Logger log = LoggerFactory.getLogger(ShardNews.class);
  private static final int ATTEMPTS = 4;

  /** How long the catalog's next revision is waited for. */
  private static final Duration NEXT = Duration.ofSeconds(1);

  /** What became of a replica. */
  enum Kind {
    /** Its files are there. */
    BEGUN,
    /** They were there, and are not any more. */
    LOST,
    /** It was to come here, and cannot. */
    REFUSED
  }

  private record Place(String datasetId, int shard) {}

  private final String node;
  private final CatalogClient catalog;
  private final Ticker ticker;
  private final ThreadFactory threads = Threads.virtual("shard-news");
  private final ReentrantLock lock = new ReentrantLock();

  /** What is to be told; guarded by the lock, as what follows. */
  private final Map<Place, Kind> waiting = new LinkedHashMap<>();

  private boolean telling;

  /**
   * @param node this one
   */
  ShardNews(String node, CatalogClient catalog, Ticker ticker) {
    this.node = node;
    this.catalog = catalog;
    this.ticker = ticker;
  }

  void tell(ShardIdentity shard, Kind kind) {
    lock.lock();
    try {
      waiting.put(new Place(shard.datasetId(), shard.shard()), kind);
      if (!telling) {
        telling = true;
        threads.newThread(this::tellAll).start();
      }
    } finally {
      lock.unlock();
    }
  }

  private void tellAll() {
    for (Map<Place, Kind> news = taken(); !news.isEmpty(); news = taken()) {
      Map<Place, Kind> all = news;
      try {
        for (String datasetId : all.keySet().stream().map(Place::datasetId).distinct().toList()) {
          tell(datasetId, all);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (RuntimeException e) {
        log.debug("the catalog was not told of replicas, told again later", e);
      }
    }
  }

  private Map<Place, Kind> taken() {
    lock.lock();
    try {
      Map<Place, Kind> news = new LinkedHashMap<>(waiting);
      waiting.clear();
      telling = !news.isEmpty();
      return news;
    } finally {
      lock.unlock();
    }
  }

  private void tell(String datasetId, Map<Place, Kind> news) throws InterruptedException {
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      CatalogView view = catalog.view();
      Optional<DatasetRecord> known = view.datasetById(datasetId);
      if (known.isEmpty()) {
        return;
      }
      DatasetRecord next = told(known.get(), news);
      if (next.equals(known.get())) {
        return;
      }
      long seen = view.revision() + 1;
      try {
        seen = catalog.write(List.of(Change.replace(next, view.revisionOf(next.key()))));
        log.info("the catalog knows of replicas dataset={} news={}", next.name(), news);
        attempt = ATTEMPTS;
      } catch (HeddleException e) {
        if (e.code() != ErrorCode.REVISION_CONFLICT) {
          throw e;
        }
      }
      // The next write needs the newest record, and so do those who tell.
      var _ = catalog.awaitRevision(seen, Deadline.after(NEXT, ticker));
    }
  }

  private DatasetRecord told(DatasetRecord dataset, Map<Place, Kind> news) {
    DatasetRecord next = dataset;
    for (ShardPlacement placement : dataset.shards()) {
      Kind kind = news.get(new Place(dataset.id(), placement.shard()));
      if (kind != null && placement.concerns(node)) {
        next = next.with(next(node, dataset.replicas(), placement, kind));
      }
    }
    return next;
  }

  /**
   * A placement after the news.
   *
   * <p>A node that has lost a replica has also lost what it acknowledged and for whom it voted:
   * with it, a majority might choose a leader that lacks what a majority has acknowledged. So it
   * takes no part before the group has let go of it and has taken it in again, which needs a
   * majority without it. In a group of two there is none; but there the other one has everything
   * that was acknowledged, and nobody leads without its vote, so that this one may begin anew. The
   * last one that has begun stays as it is: nobody has the shard any more.
   */
  static ShardPlacement next(String node, int replicas, ShardPlacement placement, Kind kind) {
    boolean joins = placement.joining().equals(Optional.of(node));
    return switch (kind) {
      case BEGUN -> placement.begun().contains(node) ? placement : placement.begun(node, true);
      case REFUSED -> joins ? placement.on(placement.nodes()) : placement;
      case LOST -> {
        if (!placement.begun().contains(node) || placement.begun().size() == 1) {
          yield placement;
        }
        if (joins) {
          yield placement.on(placement.nodes());
        }
        if (placement.nodes().size() == 1) {
          yield placement;
        }
        if (replicas == 2 && placement.nodes().size() == 2) {
          boolean resting = placement.joining().isEmpty() && placement.leaving().isEmpty();
          yield resting ? placement.begun(node, false) : placement;
        }
        yield placement.without(node);
      }
    };
  }
}
