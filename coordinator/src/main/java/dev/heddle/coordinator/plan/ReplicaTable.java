package dev.heddle.coordinator.plan;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.process.Ticker;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the coordinator knows of all replicas: told by the nodes with every answer and by a stream
 * from each. Hints only: a replica itself decides what it can serve. Holds what the catalog names,
 * and for a minute what it does not name yet. Safe for many threads; reading takes no lock.
 */
public final class ReplicaTable {
  /**
   * Datasets at most that the catalog does not name: nodes may know of one before this one does.
   */
  private static final int MOST_UNNAMED = 1_000;

  private static final int MOST_REPLICAS = 32;
  private static final Duration UNNAMED_FOR = Duration.ofMinutes(1);

  private final Ticker ticker;
  private final Map<String, Dataset> datasets = new ConcurrentHashMap<>();
  private final Map<String, NodeLoad> loads = new ConcurrentHashMap<>();
  private final Set<String> doubtful = ConcurrentHashMap.newKeySet();
  private final Map<String, NodeUse> uses = new ConcurrentHashMap<>();

  /** Ids of the datasets that the catalog named last. */
  private volatile Set<String> named = Set.of();

  public ReplicaTable(Ticker ticker) {
    this.ticker = ticker;
  }

  /** A node told of its replica. */
  public void heard(String datasetId, int shard, ReplicaState state) {
    if (shard < 0 || shard >= DatasetRecord.MOST_SHARDS) {
      return;
    }
    var dataset = dataset(datasetId);
    if (dataset != null && !dataset.knows(shard, state)) {
      dataset.shards.compute(
          shard, (number, known) -> (known == null ? Shard.NONE : known).with(state));
    }
    doubtful.remove(state.node());
  }

  /** The dataset's part of the table, new if need be; null where there is no more room. */
  private @Nullable Dataset dataset(String datasetId) {
    var dataset = datasets.get(datasetId);
    if (dataset == null && (datasets.size() < MOST_UNNAMED || unnamed() < MOST_UNNAMED)) {
      dataset = datasets.computeIfAbsent(datasetId, id -> new Dataset(ticker.nanoTime()));
    }
    return dataset;
  }

  private long unnamed() {
    return datasets.keySet().stream().filter(id -> !named.contains(id)).count();
  }

  /** A node told what its replica holds. */
  public void holds(String datasetId, KnownSummary summary) {
    int shard = summary.shard();
    if (shard < 0 || shard >= DatasetRecord.MOST_SHARDS) {
      return;
    }
    var dataset = dataset(datasetId);
    if (dataset != null) {
      dataset.summaries.merge(
          shard, summary, (known, newest) -> newest.replaces(known) ? newest : known);
    }
  }

  /** The newest of what replicas of the shard told to hold; null: none has. */
  @Nullable KnownSummary summary(String datasetId, int shard) {
    var dataset = datasets.get(datasetId);
    return dataset == null ? null : dataset.summaries.get(shard);
  }

  /** A node told how busy it is. */
  public void load(String node, int queueLength, long serviceMicros) {
    loads.put(node, new NodeLoad(queueLength, serviceMicros, ticker.nanoTime()));
  }

  /** A node told that it has no replica of the shard any more. */
  public void gone(String datasetId, int shard, String node) {
    var dataset = datasets.get(datasetId);
    if (dataset != null) {
      dataset.shards.computeIfPresent(shard, (number, known) -> known.without(node));
    }
  }

  /** Someone who must know said who leads the shard. */
  public void leads(String datasetId, int shard, String node) {
    var dataset = dataset(datasetId);
    if (dataset != null) {
      dataset.shards.compute(
          shard, (number, known) -> (known == null ? Shard.NONE : known).ledBy(node));
    }
  }

  /** The node said that it does not lead the shard, and knows nobody who does. */
  public void leadsNot(String datasetId, int shard, String node) {
    var dataset = datasets.get(datasetId);
    if (dataset != null) {
      dataset.shards.computeIfPresent(
          shard, (number, known) -> known.leader.equals(node) ? known.ledBy("") : known);
    }
  }

  /** What this coordinator itself sees of the node. */
  public NodeUse use(String node) {
    var known = uses.get(node);
    return known == null ? uses.computeIfAbsent(node, unseen -> new NodeUse()) : known;
  }

  /** How long the dataset's replicas work; null where there is no room for the dataset. */
  public @Nullable ServiceTimes services(String datasetId) {
    var dataset = dataset(datasetId);
    return dataset == null ? null : dataset.services;
  }

  /** The connection to a node broke: others are asked first until it is heard of again. */
  public void lost(String node) {
    doubtful.add(node);
  }

  /** Whether the node was lost and not heard of since. */
  public boolean doubtful(String node) {
    return doubtful.contains(node);
  }

  /** Node that leads the shard, as far as known. */
  public Optional<String> leader(String datasetId, int shard) {
    var known = shard(datasetId, shard);
    return known == null || known.leader.isEmpty() ? Optional.empty() : Optional.of(known.leader);
  }

  /** The shard's replicas, as far as known. */
  public List<ReplicaState> replicas(String datasetId, int shard) {
    var known = shard(datasetId, shard);
    return known == null ? List.of() : known.replicas;
  }

  @Nullable Shard shard(String datasetId, int shard) {
    var dataset = datasets.get(datasetId);
    return dataset == null ? null : dataset.shards.get(shard);
  }

  @Nullable NodeLoad load(String node) {
    return loads.get(node);
  }

  /** Replicas in the table. */
  public int size() {
    int size = 0;
    for (var dataset : datasets.values()) {
      for (var shard : dataset.shards.values()) {
        size += shard.replicas.size();
      }
    }
    return size;
  }

  /** How long ago the live node was heard of that has been silent for longest; 0: there is none. */
  public double ageSeconds() {
    long now = ticker.nanoTime();
    long oldest = 0;
    for (var load : loads.values()) {
      oldest = Math.max(oldest, now - load.heardNanos());
    }
    return oldest / 1e9;
  }

  /** Forgets nodes, datasets and replicas that the catalog no longer has. */
  public void retain(CatalogView view) {
    Set<String> live = view.nodes().stream().map(NodeRecord::node).collect(Collectors.toSet());
    loads.keySet().retainAll(live);
    uses.keySet().retainAll(live);
    doubtful.retainAll(live);
    long now = ticker.nanoTime();
    var before = named;
    named = view.allDatasets().stream().map(DatasetRecord::id).collect(Collectors.toSet());
    datasets.forEach((id, dataset) -> {
      var record = view.datasetById(id);
      if (record.isPresent()) {
        dataset.retain(record.get(), live);
      } else if (before.contains(id) || now - dataset.sinceNanos > UNNAMED_FOR.toNanos()) {
        datasets.remove(id, dataset);
      }
    });
  }

  private static final class Dataset {
    private final long sinceNanos;
    private final Map<Integer, Shard> shards = new ConcurrentHashMap<>();
    private final Map<Integer, KnownSummary> summaries = new ConcurrentHashMap<>();
    private final ServiceTimes services = new ServiceTimes();

    Dataset(long sinceNanos) {
      this.sinceNanos = sinceNanos;
    }

    boolean knows(int shard, ReplicaState state) {
      var known = shards.get(shard);
      return known != null && !known.leader.isEmpty() && state.equals(known.of(state.node()));
    }

    void retain(DatasetRecord record, Set<String> live) {
      shards.keySet().removeIf(shard -> shard >= record.shards().size());
      shards.replaceAll((shard, known) -> known.among(live));
      summaries.keySet().removeIf(shard -> shard >= record.shards().size());
      summaries.values().removeIf(summary -> !live.contains(summary.node()));
      services.retain(live);
    }
  }

  /**
   * The replicas of a shard.
   *
   * @param leader empty: not known
   * @param term in which it leads
   */
  record Shard(List<ReplicaState> replicas, String leader, long term) {
    private static final Shard NONE = new Shard(List.of(), "", 0);

    @Nullable ReplicaState of(String node) {
      for (var replica : replicas) {
        if (replica.node().equals(node)) {
          return replica;
        }
      }
      return null;
    }

    private Shard with(ReplicaState state) {
      if (!replicas.isEmpty() && !replicas.getFirst().incarnation().equals(state.incarnation())) {
        // Another history: what was known is of the one that is no more.
        return NONE.with(state);
      }
      List<ReplicaState> next = others(state.node());
      if (next.size() < MOST_REPLICAS) {
        next.add(state);
      }
      String says = state.role() == ReplicaState.Role.LEADER ? state.node() : state.leader();
      boolean newer = state.term() > term || (state.term() == term && !says.isEmpty());
      return new Shard(List.copyOf(next), newer ? says : leader, Math.max(term, state.term()));
    }

    private Shard without(String node) {
      return new Shard(List.copyOf(others(node)), leader.equals(node) ? "" : leader, term);
    }

    private Shard ledBy(String node) {
      return new Shard(replicas, node, term);
    }

    private Shard among(Set<String> live) {
      return new Shard(
          replicas.stream().filter(replica -> live.contains(replica.node())).toList(),
          live.contains(leader) ? leader : "",
          term);
    }

    private List<ReplicaState> others(String node) {
      List<ReplicaState> others = new ArrayList<>(replicas.size() + 1);
      for (var replica : replicas) {
        if (!replica.node().equals(node)) {
          others.add(replica);
        }
      }
      return others;
    }
  }
}
