package dev.heddle.shard;

import dev.heddle.catalog.CatalogKeys;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.replication.Member;
import dev.heddle.replication.RaftNode;
import dev.heddle.replication.Role;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which shards this node has, kept as the catalog says. Read by any thread; changed by the one that
 * follows the catalog.
 */
final class Placements {
  private static final Logger log = LoggerFactory.getLogger(Placements.class);
  private static final double BYTES_PER_MEGABYTE = 1 << 20;

  /** How long a node that ends looks for others who lead its shards. */
  private static final Duration RESIGNING = Duration.ofMillis(1_500);

  /** Shards that are closed at the same time. */
  private static final int MOST_CLOSING = 16;

  /** A shard's place in a dataset. */
  record Place(String datasetId, int shard) {}

  private final String node;
  private final ShardOpening opening;
  private final ShardFolders folders;
  private final RaftNode raft;
  private final ShardReplica.Fetching fetching;
  private final ExecutorService fetches;
  private final Membership membership;
  private final ShardNews news;
  private final JoinWatch joins;
  private final DiskSpace space;
  private final DataSize indexBuffer;
  private final Duration reopenAfter;
  private final Ticker ticker;

  /** Where nodes were last known to replicate, also those that are away. */
  private final Map<String, HostPort> addresses = new ConcurrentHashMap<>();

  private volatile Map<Place, Slot> slots = Map.of();
  private volatile CatalogView view = CatalogView.empty();
  private volatile Consumer<ShardReplica> refresh = replica -> {};

  Placements(
      String node,
      ShardOpening opening,
      ShardFolders folders,
      RaftNode raft,
      ShardReplica.Fetching fetching,
      ExecutorService fetches,
      Membership membership,
      ShardNews news,
      DiskSpace space,
      ShardStoreConfig config,
      Ticker ticker) {
    this.node = node;
    this.opening = opening;
    this.folders = folders;
    this.raft = raft;
    this.fetching = fetching;
    this.fetches = fetches;
    this.membership = membership;
    this.news = news;
    this.joins = new JoinWatch(config.placement().giveUpAfter());
    this.space = space;
    this.indexBuffer = config.indexBuffer();
    this.reopenAfter = config.reopenAfter();
    this.ticker = ticker;
  }

  /** Who refreshes a replica that someone waits for; before the first one is opened. */
  void refreshBy(Consumer<ShardReplica> refresher) {
    refresh = refresher;
  }

  Collection<Slot> all() {
    return slots.values();
  }

  Stream<ShardReplica> open() {
    return all().stream().map(Slot::replica).flatMap(Stream::ofNullable);
  }

  /** The shard's place on this node. */
  Slot require(String datasetId, int shard) {
    Slot slot = slots.get(new Place(datasetId, shard));
    if (slot == null) {
      throw new HeddleException(
          ErrorCode.NOT_OWNER,
          "shard: %s/%d (expected: one that is placed on node %s)"
              .formatted(datasetId, shard, node));
    }
    return slot;
  }

  /** The state of one of this node's groups, to be sent to another node. */
  Optional<HeldCommit> hold(UUID group) {
    for (Slot slot : all()) {
      ShardReplica replica = slot.replica();
      if (replica != null && slot.identity().incarnation().equals(group.toString())) {
        try {
          return Optional.of(replica.local().hold());
        } catch (IOException e) {
          throw replica.local().storageFailed(e);
        }
      }
    }
    return Optional.empty();
  }

  /** What a leader has to see to; called now and then for shards that this node leads. */
  void lead(Slot slot, ShardReplica replica) {
    membership.look(view, slot.dataset(), slot.placement(), replica.group());
    if (replica.local().schemaVersion() < slot.dataset().schemaVersion()) {
      var _ =
          replica
              .propose(slot.dataset().schemaVersion(), slot.dataset().schema())
              .exceptionally(e -> {
                log.debug("schema not written yet shard={}", slot.identity(), e);
                return null;
              });
    }
  }

  /** Whether the catalog knows that this node has the shard's files; if not, it is told. */
  boolean known(Slot slot) {
    if (slot.replica() == null || slot.placement().begun().contains(node)) {
      return true;
    }
    news.tell(slot.identity(), ShardNews.Kind.BEGUN);
    return false;
  }

  /** Gives up shards that are to come here and get no further; call now and then, on one thread. */
  void giveUpStuck() {
    Collection<Slot> all = all();
    joins.retain(all.stream().map(Slot::identity).collect(Collectors.toSet()));
    for (Slot slot : all) {
      boolean joining = slot.placement().joining().equals(Optional.of(node));
      if (joins.stuck(slot, joining, ticker.nanoTime())) {
        log.warn("shard cannot come here: given up shard={} {}", slot.identity(), slot.reason());
        news.tell(slot.identity(), ShardNews.Kind.REFUSED);
      }
    }
  }

  /** Opens what is new in the view, closes and deletes what is gone. */
  void follow(CatalogView newest) {
    view = newest;
    newest
        .nodes()
        .forEach(other -> {
          if (!other.replication().isEmpty()) {
            addresses.put(other.node(), HostPort.parse(other.replication()));
          }
        });
    Map<Place, Slot> next = new HashMap<>();
    for (DatasetRecord dataset : newest.allDatasets()) {
      for (ShardPlacement placement : dataset.shards()) {
        if (placement.concerns(node)) {
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
    closeAll(leaving);
    dropDeleted(newest);
    openClosed(newest.revision());
  }

  private Slot placed(DatasetRecord dataset, ShardPlacement placement) {
    Slot present = slots.get(new Place(dataset.id(), placement.shard()));
    if (present != null && present.identity().incarnation().equals(placement.incarnation())) {
      ShardReplica replica = present.replica();
      if (replica != null) {
        replica.local().know(dataset.schemaVersion(), dataset.schema());
      }
      return present.as(dataset, placement);
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
        identity, dataset, placement, null, "opening", Reopening.now(ticker.nanoTime()));
  }

  private static void close(Slot slot) {
    ShardReplica replica = slot.replica();
    if (replica == null) {
      return;
    }
    try {
      replica.shutdown();
      log.info("shard closed shard={}", slot.identity());
    } catch (IOException | RuntimeException e) {
      log.warn("shard closed badly shard={}", slot.identity(), e);
    }
  }

  /**
   * Deletes datasets that the catalog knew when their shards were made and knows no more, and
   * shards that it has moved to other nodes. An older catalog, such as one that lost its data,
   * proves nothing; neither does an entry that this version cannot read.
   */
  private void dropDeleted(CatalogView newest) {
    Set<String> gone = new HashSet<>();
    try {
      for (ShardFolders.Made made : folders.all()) {
        ShardIdentity identity = made.identity();
        if (newest.revision() <= made.revision()) {
          continue;
        }
        Optional<DatasetRecord> dataset = newest.datasetById(identity.datasetId());
        if (dataset.isEmpty()) {
          if (replacedOrGone(newest, identity)) {
            gone.add(identity.datasetId());
          }
        } else if (moved(dataset.get(), identity)) {
          folders.drop(identity);
        }
      }
      for (String datasetId : gone) {
        folders.drop(datasetId);
      }
    } catch (IOException e) {
      log.warn("deleting datasets failed, left for the next change datasets={}", gone, e);
    }
  }

  private boolean moved(DatasetRecord dataset, ShardIdentity identity) {
    return identity.shard() < dataset.shards().size()
        && !dataset.shards().get(identity.shard()).concerns(node);
  }

  private static boolean replacedOrGone(CatalogView view, ShardIdentity identity) {
    return view.dataset(identity.tenant(), identity.dataset()).isPresent()
        || view.revisionOf(CatalogKeys.dataset(identity.tenant(), identity.dataset())) == 0;
  }

  /** Tries to open what is not open, and reopens what failed, each after its pause. */
  void openClosed(long revision) {
    openClosed(revision, true);
  }

  /** The same while the catalog is away: nothing begins of which it may know better. */
  void reopenMade(long revision) {
    openClosed(revision, false);
  }

  private void openClosed(long revision, boolean begins) {
    closeFailed();
    boolean changed = false;
    for (Map.Entry<Place, Slot> entry : slots.entrySet()) {
      Slot slot = entry.getValue();
      if (slot.replica() == null
          && slot.reopening().due(ticker.nanoTime())
          && (begins || folders.hasLog(slot.identity()))) {
        replace(entry.getKey(), opened(slot, revision));
        changed = true;
      }
    }
    if (changed) {
      shareBuffer();
    }
  }

  private void closeFailed() {
    // While the disk is full a failed shard would only fail again: what is open can be read.
    if (!space.enough()) {
      return;
    }
    Map<Place, Slot> next = new HashMap<>(slots);
    List<Slot> resting = new ArrayList<>();
    List<Slot> leaving = new ArrayList<>();
    long now = ticker.nanoTime();
    slots.forEach((place, slot) ->
        failure(slot)
            .ifPresent(why -> {
              boolean isNew = slot.reason().isEmpty();
              Slot failed =
                  isNew ? slot.failed(why, slot.reopening().failed(now, reopenAfter)) : slot;
              if (failed.reopening().due(now)) {
                log.warn("shard is opened again shard={} reason=\"{}\"", slot.identity(), why);
                leaving.add(failed);
                next.put(place, failed.unavailable(failed.reason(), failed.reopening()));
              } else if (isNew) {
                log.warn("shard failed again shard={} reason=\"{}\"", slot.identity(), why);
                resting.add(failed);
                next.put(place, failed);
              }
            }));
    // What is open can be read until then, but others are to lead.
    sideBySide(resting, Placements::leave);
    closeAll(leaving);
    if (!resting.isEmpty() || !leaving.isEmpty()) {
      slots = Map.copyOf(next);
    }
  }

  private static void leave(Slot slot) {
    ShardReplica replica = slot.replica();
    if (replica != null) {
      replica.group().close();
    }
  }

  private static Optional<String> failure(Slot slot) {
    ShardReplica replica = slot.replica();
    if (replica == null) {
      return Optional.empty();
    }
    String failure = replica.local().failure();
    if (failure != null) {
      return Optional.of(failure);
    }
    var status = replica.status();
    return status.role() == Role.CLOSED ? Optional.of(status.failure()) : Optional.empty();
  }

  private Slot opened(Slot slot, long revision) {
    ShardIdentity identity = slot.identity();
    ShardReplica replica = null;
    try {
      boolean made = folders.made(identity.datasetId(), identity.shard()).isPresent();
      List<Member> first = made ? List.of() : first(slot);
      ShardReplica opened =
          new ShardReplica(
              identity,
              folders.folder(identity),
              () -> local(slot, made),
              fetching,
              fetches,
              waiting -> refresh.accept(waiting));
      replica = opened;
      opened.in(
          raft.open(UUID.fromString(identity.incarnation()), folders.log(identity), first, opened));
      if (!made) {
        folders.noteMade(new ShardFolders.Made(identity, revision));
      }
      log.info("shard open shard={} index={}", identity, opened.local().applied().index());
      return slot.open(opened, ticker.nanoTime());
    } catch (IOException | RuntimeException e) {
      log.error("shard unavailable shard={}", identity, e);
      abandon(replica);
      Reopening later = slot.reopening().refused(ticker.nanoTime(), reopenAfter);
      return slot.unavailable(String.valueOf(e.getMessage()), later);
    }
  }

  private LocalShard local(Slot slot, boolean made) throws IOException {
    return opening.open(slot.identity(), slot.dataset().schema(), made);
  }

  private static void abandon(@Nullable ShardReplica replica) {
    if (replica != null) {
      try {
        replica.abandon();
      } catch (IOException e) {
        log.warn("shard closed badly shard={}", replica.identity(), e);
      }
    }
  }

  /** With whom a new shard begins; nobody where this node joins one that is there already. */
  private List<Member> first(Slot slot) throws IOException {
    ShardPlacement placement = slot.placement();
    if (placement.begun().contains(node)) {
      if (!folders.hasLog(slot.identity())) {
        throw lost(slot);
      }
      return List.of();
    }
    boolean untold = placement.generation() > 1 && placement.begun().isEmpty();
    if (untold || !placement.nodes().contains(node)) {
      return List.of();
    }
    List<Member> members = new ArrayList<>();
    for (String name : placement.nodes()) {
      HostPort address = name.equals(node) ? raft.address() : addresses.get(name);
      if (address == null) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            "node " + name + ": not known yet (expected: known, to begin the shard with it)");
      }
      members.add(new Member(name, address));
    }
    return members;
  }

  /** The shard was here: it must not begin anew, empty, as if it had never had anything. */
  private HeddleException lost(Slot slot) {
    boolean last = slot.placement().begun().equals(List.of(node));
    if (!last) {
      news.tell(slot.identity(), ShardNews.Kind.LOST);
    }
    return new HeddleException(
        ErrorCode.UNAVAILABLE,
        "files of shard %s: none (expected: those that were on this node; %s)"
            .formatted(
                slot.identity(),
                last ? "no other node has any" : "it comes again from the other nodes"));
  }

  private void replace(Place place, Slot slot) {
    Map<Place, Slot> next = new HashMap<>(slots);
    next.put(place, slot);
    slots = Map.copyOf(next);
  }

  private void shareBuffer() {
    List<ShardReplica> open = open().toList();
    double share = indexBuffer.bytes() / BYTES_PER_MEGABYTE / Math.max(1, open.size());
    open.forEach(replica -> replica.local().setBuffer(Math.max(1, share)));
  }

  /** Shards of a dataset here that are not open, with their reasons; empty: all are. */
  String unavailable(String datasetId) {
    return all().stream()
        .filter(slot -> slot.identity().datasetId().equals(datasetId) && slot.replica() == null)
        .map(slot -> slot.identity() + ": " + slot.reason())
        .collect(Collectors.joining("; "));
  }

  void closeAll() {
    List<Slot> leaving = List.copyOf(all());
    // While it still says who leads, to those who come too late.
    sideBySide(leaving, Placements::resign);
    slots = Map.of();
    closeAll(leaving);
  }

  private static void resign(Slot slot) {
    ShardReplica replica = slot.replica();
    if (replica != null) {
      replica.group().resign(RESIGNING);
    }
  }

  /** Each waits about a second for its log to end. */
  private static void closeAll(List<Slot> leaving) {
    sideBySide(leaving, Placements::close);
  }

  private static void sideBySide(List<Slot> leaving, Consumer<Slot> work) {
    if (leaving.isEmpty()) {
      return;
    }
    // Platform threads: what closes an index must not be interrupted, and nobody does that to
    // these.
    ExecutorService closing =
        Executors.newFixedThreadPool(
            Math.min(MOST_CLOSING, leaving.size()), Threads.named("shard-close"));
    leaving.forEach(slot -> closing.execute(() -> work.accept(slot)));
    OrderlyEnd.await(closing);
  }
}
