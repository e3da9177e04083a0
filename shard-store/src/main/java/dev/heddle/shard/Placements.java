package dev.heddle.shard;

import dev.heddle.catalog.CatalogKeys;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which shards this node has, kept as the catalog says. Read by any thread; changed by the one that
 * follows the catalog.
 */
final class Placements {
  private static final Logger log = LoggerFactory.getLogger(Placements.class);
  private static final double BYTES_PER_MEGABYTE = 1 << 20;

  /** A shard's place in a dataset. */
  record Place(String datasetId, int shard) {}

  private final String node;
  private final ShardOpening opening;
  private final ShardFolders folders;
  private final DataSize indexBuffer;
  private final Duration reopenAfter;
  private final Ticker ticker;
  private volatile Map<Place, Slot> slots = Map.of();

  Placements(
      String node,
      ShardOpening opening,
      ShardFolders folders,
      ShardStoreConfig config,
      Ticker ticker) {
    this.node = node;
    this.opening = opening;
    this.folders = folders;
    this.indexBuffer = config.indexBuffer();
    this.reopenAfter = config.reopenAfter();
    this.ticker = ticker;
  }

  Collection<Slot> all() {
    return slots.values();
  }

  Stream<LocalShard> open() {
    return all().stream()
        .map(Slot::shard)
        .filter(shard -> shard != null)
        .map(LocalShard.class::cast);
  }

  /** The shard, if it is placed here in this generation. */
  LocalShard require(String datasetId, int shard, long generation) {
    Slot slot = find(datasetId, shard);
    if (slot.generation() != generation) {
      throw new HeddleException(
          ErrorCode.NOT_OWNER,
          "generation of shard %s: %d (expected: %d on node %s)"
              .formatted(slot.identity(), generation, slot.generation(), node));
    }
    return slot.require();
  }

  LocalShard require(String datasetId, int shard) {
    return find(datasetId, shard).require();
  }

  private Slot find(String datasetId, int shard) {
    Slot slot = slots.get(new Place(datasetId, shard));
    if (slot == null) {
      throw new HeddleException(
          ErrorCode.NOT_OWNER,
          "shard: %s/%d (expected: one that is placed on node %s)"
              .formatted(datasetId, shard, node));
    }
    return slot;
  }

  /** Opens what is new in the view, closes and deletes what is gone. */
  void follow(CatalogView view) {
    Map<Place, Slot> next = new HashMap<>();
    for (DatasetRecord dataset : view.allDatasets()) {
      for (ShardPlacement placement : dataset.shards()) {
        if (placement.nodes().contains(node)) {
          next.put(new Place(dataset.id(), placement.shard()), placed(dataset, placement));
        }
      }
    }
    List<Slot> leaving =
        slots.entrySet().stream()
            .filter(slot -> !next.containsKey(slot.getKey()))
            .map(Map.Entry::getValue)
            .toList();
    slots = Map.copyOf(next);
    leaving.forEach(Placements::close);
    dropDeleted(view);
    openClosed(view.revision());
  }

  private Slot placed(DatasetRecord dataset, ShardPlacement placement) {
    Slot present = slots.get(new Place(dataset.id(), placement.shard()));
    if (present != null && present.identity().incarnation().equals(placement.incarnation())) {
      return present.generation() == placement.generation()
          ? present
          : present.inGeneration(placement.generation());
    }
    if (present != null) {
      close(present);
    }
    ShardIdentity identity =
        new ShardIdentity(
            dataset.tenant(),
            dataset.name(),
            dataset.id(),
            placement.shard(),
            placement.incarnation());
    return new Slot(
        identity, dataset.schema(), placement.generation(), null, "opening", ticker.nanoTime());
  }

  private static void close(Slot slot) {
    LocalShard shard = slot.shard();
    if (shard == null) {
      return;
    }
    try {
      shard.close();
      log.info("shard closed shard={}", slot.identity());
    } catch (IOException | RuntimeException e) {
      log.warn("shard closed badly shard={}", slot.identity(), e);
    }
  }

  /**
   * Deletes datasets that the catalog knew when their shards were made and knows no more. An older
   * catalog, such as one that lost its data, proves nothing; neither does an entry that this
   * version cannot read.
   */
  private void dropDeleted(CatalogView view) {
    Set<String> gone = new HashSet<>();
    try {
      for (ShardFolders.Made made : folders.all()) {
        ShardIdentity identity = made.identity();
        if (view.revision() > made.revision()
            && view.datasetById(identity.datasetId()).isEmpty()
            && replacedOrGone(view, identity)) {
          gone.add(identity.datasetId());
        }
      }
      for (String datasetId : gone) {
        folders.drop(datasetId);
      }
    } catch (IOException e) {
      log.warn("deleting datasets failed, left for the next change datasets={}", gone, e);
    }
  }

  private static boolean replacedOrGone(CatalogView view, ShardIdentity identity) {
    return view.dataset(identity.tenant(), identity.dataset()).isPresent()
        || view.revisionOf(CatalogKeys.dataset(identity.tenant(), identity.dataset())) == 0;
  }

  /** Tries to open what is not open, and reopens what failed, each after its pause. */
  void openClosed(long revision) {
    boolean changed = false;
    for (Map.Entry<Place, Slot> entry : slots.entrySet()) {
      Slot slot = entry.getValue();
      LocalShard shard = slot.shard();
      if (shard != null && shard.failure() != null) {
        close(slot);
        slot = slot.unavailable(String.valueOf(shard.failure()), ticker.nanoTime());
        replace(entry.getKey(), slot);
      }
      if (slot.shard() == null && ticker.nanoTime() - slot.retryAtNanos() >= 0) {
        replace(entry.getKey(), opened(slot, revision));
        changed = true;
      }
    }
    if (changed) {
      shareBuffer();
    }
  }

  private Slot opened(Slot slot, long revision) {
    try {
      LocalShard shard = opening.open(slot.identity(), slot.schema(), revision);
      log.info("shard open shard={} index={}", slot.identity(), shard.index());
      return slot.open(shard);
    } catch (IOException | RuntimeException e) {
      log.error("shard unavailable shard={}", slot.identity(), e);
      return slot.unavailable(e.toString(), ticker.nanoTime() + reopenAfter.toNanos());
    }
  }

  private void replace(Place place, Slot slot) {
    Map<Place, Slot> next = new HashMap<>(slots);
    next.put(place, slot);
    slots = Map.copyOf(next);
  }

  private void shareBuffer() {
    List<LocalShard> open = new ArrayList<>(open().toList());
    double share = indexBuffer.bytes() / BYTES_PER_MEGABYTE / Math.max(1, open.size());
    open.forEach(shard -> shard.setBuffer(Math.max(1, share)));
  }

  /** Shards of a dataset here that are not open, with their reasons; empty: all are. */
  String unavailable(String datasetId) {
    return all().stream()
        .filter(slot -> slot.identity().datasetId().equals(datasetId) && slot.shard() == null)
        .map(slot -> slot.identity() + ": " + slot.reason())
        .collect(Collectors.joining("; "));
  }

  void closeAll() {
    List<Slot> leaving = List.copyOf(all());
    slots = Map.of();
    leaving.forEach(Placements::close);
  }
}
