package dev.heddle.catalog;

import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The catalog at one revision. Immutable; a successor shares with it whatever did not change, so
 * that comparing records by identity tells what did.
 */
public final class CatalogView {
  private static final CatalogView EMPTY =
      new CatalogView(
          -1,
          Map.of(),
          new TreeMap<>(),
          Map.of(),
          new TreeMap<>(),
          new TreeMap<>(),
          new TreeMap<>());

  private static final Object UNREADABLE = new Object();

  private final long revision;
  private final Map<String, Long> revisions;
  private final NavigableMap<String, DatasetRecord> datasets;
  private final Map<String, DatasetRecord> datasetsById;
  private final NavigableMap<String, FunctionRecord> functions;
  private final NavigableMap<String, AppRecord> apps;
  private final NavigableMap<String, NodeRecord> nodes;

  /** What was asked for of {@link #nodes}; every request asks. */
  private final ConcurrentHashMap<String, List<NodeRecord>> byRole = new ConcurrentHashMap<>();

  private CatalogView(
      long revision,
      Map<String, Long> revisions,
      NavigableMap<String, DatasetRecord> datasets,
      Map<String, DatasetRecord> datasetsById,
      NavigableMap<String, FunctionRecord> functions,
      NavigableMap<String, AppRecord> apps,
      NavigableMap<String, NodeRecord> nodes) {
    this.revision = revision;
    this.revisions = revisions;
    this.datasets = datasets;
    this.datasetsById = datasetsById;
    this.functions = functions;
    this.apps = apps;
    this.nodes = nodes;
  }

  /** Nothing seen yet: revision -1. */
  public static CatalogView empty() {
    return EMPTY;
  }

  public long revision() {
    return revision;
  }

  public Optional<DatasetRecord> dataset(String tenant, String name) {
    return Optional.ofNullable(datasets.get(CatalogKeys.dataset(tenant, name)));
  }

  public Optional<DatasetRecord> datasetById(String id) {
    return Optional.ofNullable(datasetsById.get(id));
  }

  /** By name. */
  public List<DatasetRecord> datasets(String tenant) {
    return ofTenant(datasets, CatalogKeys.DATASET, tenant);
  }

  /** Those of all tenants. */
  public Collection<DatasetRecord> allDatasets() {
    return Collections.unmodifiableCollection(datasets.values());
  }

  public Optional<FunctionRecord> function(String tenant, String name) {
    return Optional.ofNullable(functions.get(CatalogKeys.function(tenant, name)));
  }

  /** By name. */
  public List<FunctionRecord> functions(String tenant) {
    return ofTenant(functions, CatalogKeys.FUNCTION, tenant);
  }

  /** Those of all tenants. */
  public Collection<FunctionRecord> allFunctions() {
    return Collections.unmodifiableCollection(functions.values());
  }

  public Optional<AppRecord> app(String tenant, String name) {
    return Optional.ofNullable(apps.get(CatalogKeys.app(tenant, name)));
  }

  /** By name. */
  public List<AppRecord> apps(String tenant) {
    return ofTenant(apps, CatalogKeys.APP, tenant);
  }

  /** Those of all tenants. */
  public Collection<AppRecord> allApps() {
    return Collections.unmodifiableCollection(apps.values());
  }

  /** The nodes that live, by name. */
  public List<NodeRecord> nodes() {
    return List.copyOf(nodes.values());
  }

  public Optional<NodeRecord> node(String name) {
    return Optional.ofNullable(nodes.get(CatalogKeys.node(name)));
  }

  /** The nodes that live and have the role, by name. */
  public List<NodeRecord> nodesWith(String role) {
    List<NodeRecord> known = byRole.get(role);
    if (known == null) {
      known = nodes.values().stream().filter(node -> node.roles().contains(role)).toList();
      byRole.put(role, known);
    }
    return known;
  }

  /** The revision of the write that last changed an entry; 0: there is none. */
  public long revisionOf(String key) {
    return revisions.getOrDefault(key, 0L);
  }

  @Override
  public String toString() {
    return "CatalogView[revision=" + revision + ", entries=" + revisions.size() + "]";
  }

  /** This view with an update on top. Entries that cannot be read are left out. */
  CatalogView with(CatalogUpdate update) {
    Editor editor = new Editor(update.snapshot() ? EMPTY : this, this);
    update.removed().forEach(editor::remove);
    update.changed().forEach(editor::put);
    return editor.build(update.revision());
  }

  private static <T> List<T> ofTenant(NavigableMap<String, T> all, String kind, String tenant) {
    // '0' follows '/': the range holds exactly the keys of this kind and tenant.
    return List.copyOf(all.subMap(kind + tenant + "/", true, kind + tenant + "0", false).values());
  }

  /** Builds a successor; copies only the maps of kinds that change. One thread. */
  @SuppressWarnings("ReferenceEquality") // A map that is still the same object was not copied yet.
  private static final class Editor {
    private final CatalogView from;
    private final CatalogView previous;
    private final Map<String, Long> revisions;
    private NavigableMap<String, DatasetRecord> datasets;
    private NavigableMap<String, FunctionRecord> functions;
    private NavigableMap<String, AppRecord> apps;
    private NavigableMap<String, NodeRecord> nodes;

    /**
     * @param from what the update applies to
     * @param previous whose records are kept where they are the same, after a snapshot too
     */
    Editor(CatalogView from, CatalogView previous) {
      this.from = from;
      this.previous = previous;
      this.revisions = new HashMap<>(from.revisions);
      this.datasets = from.datasets;
      this.functions = from.functions;
      this.apps = from.apps;
      this.nodes = from.nodes;
    }

    void put(CatalogEntry entry) {
      revisions.put(entry.key(), entry.revision());
      switch (CatalogJson.readKnown(entry).orElse(UNREADABLE)) {
        case DatasetRecord dataset ->
            editDatasets().put(entry.key(), kept(previous.datasets.get(entry.key()), dataset));
        case FunctionRecord function ->
            editFunctions().put(entry.key(), kept(previous.functions.get(entry.key()), function));
        case AppRecord app ->
            editApps().put(entry.key(), kept(previous.apps.get(entry.key()), app));
        case NodeRecord node ->
            editNodes().put(entry.key(), kept(previous.nodes.get(entry.key()), node));
        default -> removeRecord(entry.key());
      }
    }

    private static <T> T kept(@Nullable T old, T read) {
      return old != null && old.equals(read) ? old : read;
    }

    void remove(String key) {
      revisions.remove(key);
      removeRecord(key);
    }

    private void removeRecord(String key) {
      if (datasets.containsKey(key)) {
        editDatasets().remove(key);
      } else if (functions.containsKey(key)) {
        editFunctions().remove(key);
      } else if (apps.containsKey(key)) {
        editApps().remove(key);
      } else if (nodes.containsKey(key)) {
        editNodes().remove(key);
      }
    }

    CatalogView build(long revision) {
      return new CatalogView(revision, revisions, datasets, byId(), functions, apps, nodes);
    }

    private Map<String, DatasetRecord> byId() {
      if (datasets == from.datasets) {
        return from.datasetsById;
      }
      Map<String, DatasetRecord> byId = HashMap.newHashMap(datasets.size());
      datasets.values().forEach(dataset -> byId.put(dataset.id(), dataset));
      return byId;
    }

    private NavigableMap<String, DatasetRecord> editDatasets() {
      datasets = datasets == from.datasets ? new TreeMap<>(datasets) : datasets;
      return datasets;
    }

    private NavigableMap<String, FunctionRecord> editFunctions() {
      functions = functions == from.functions ? new TreeMap<>(functions) : functions;
      return functions;
    }

    private NavigableMap<String, AppRecord> editApps() {
      apps = apps == from.apps ? new TreeMap<>(apps) : apps;
      return apps;
    }

    private NavigableMap<String, NodeRecord> editNodes() {
      nodes = nodes == from.nodes ? new TreeMap<>(nodes) : nodes;
      return nodes;
    }
  }
}
