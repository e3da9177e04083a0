package dev.heddle.gateway.session;

import com.hazelcast.config.Config;
import com.hazelcast.config.EvictionConfig;
import com.hazelcast.config.EvictionPolicy;
import com.hazelcast.config.InMemoryFormat;
import com.hazelcast.config.JavaSerializationFilterConfig;
import com.hazelcast.config.JoinConfig;
import com.hazelcast.config.MapConfig;
import com.hazelcast.config.MaxSizePolicy;
import com.hazelcast.config.NetworkConfig;
import com.hazelcast.core.Hazelcast;
import com.hazelcast.core.HazelcastInstance;
import com.hazelcast.core.LifecycleEvent;
import com.hazelcast.internal.util.ConcurrencyUtil;
import com.hazelcast.map.IMap;
import com.hazelcast.partition.MigrationListener;
import com.hazelcast.partition.MigrationState;
import com.hazelcast.partition.ReplicaMigrationEvent;
import com.hazelcast.spi.merge.DiscardMergePolicy;
import com.hazelcast.spi.properties.ClusterProperty;
import com.hazelcast.topic.ITopic;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's member of the grid: a map of sessions and one of resumable connections, each entry on
 * an owner and one backup. It is in memory and favours availability, so it holds what a user can
 * lose (who owns data is the catalog's business). Nothing is discovered: members are named in the
 * config. Thread-safe.
 */
final class SessionGrid implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(SessionGrid.class);
  private static final String MAP = "sessions";
  private static final String CONNECTIONS = "connections";
  private static final String CHANNELS = "channels";
  private static final String PRESENCE = "presence";

  private static final String MERGE_SECONDS = "5";
  private static final Duration LOOK = Duration.ofMillis(10);

  /** The attribute of a member that names its node. */
  private static final String NODE = "node";

  /** Sessions a node, owned and backed up; beyond, those unused for longest go. */
  private static final int MAX_SESSIONS_PER_NODE = 1_000_000;

  /** Channels a node whose presence is kept; what is pushed out is told again. */
  private static final int MAX_PRESENCE_PER_NODE = 20_000;

  static {
    // By itself, Hazelcast starts one of the system's threads for each callback on machines with
    // one or two processors, which costs more than what is called back.
    var callbacks = Threads.virtual("grid-callback");
    ConcurrencyUtil.setDefaultAsyncExecutor(task -> callbacks.newThread(task).start());
  }

  private final HazelcastInstance member;
  private final ChannelUse channelUse;

  private SessionGrid(HazelcastInstance member, ChannelUse channelUse) {
    this.member = member;
    this.channelUse = channelUse;
  }

  /**
   * Starts the member; returns once it has joined the others that are up and holds its share: from
   * then on no entry is lost when any one of them is.
   *
   * @param name members of other names are not let in
   * @param cipher what this member's entry processors open and seal with
   * @param journal where they write what becomes of sessions; null: nowhere
   */
  static SessionGrid start(
      String node,
      String name,
      GridConfig grid,
      SessionConfig sessions,
      AttributeCipher cipher,
      @Nullable SessionJournal journal) {
    var config = new Config();
    config.setInstanceName("heddle-" + node + "-" + UUID.randomUUID());
    config.setClusterName(name);
    config.getMemberAttributeConfig().setAttribute(NODE, node);
    config.setNetworkConfig(network(grid));
    var channelUse = new ChannelUse();
    config.setUserContext(
        new ConcurrentHashMap<>(
            Map.of(ChangePositions.CIPHER, cipher, ChannelUse.CONTEXT, channelUse)));
    if (journal != null) {
      config.getUserContext().put(SessionStep.JOURNAL, journal);
    }
    config.getJetConfig().setEnabled(false);
    config.getMetricsConfig().setEnabled(false);
    config.getIntegrityCheckerConfig().setEnabled(false);
    config
        .getSerializationConfig()
        .addDataSerializableFactory(GridTypes.FACTORY, new GridTypes())
        .setJavaSerializationFilterConfig(filter());
    config.addMapConfig(map(sessions));
    config.addMapConfig(connectionMap());
    config.addMapConfig(inPlace(CHANNELS));
    config.addMapConfig(
        inPlace(PRESENCE)
            .setEvictionConfig(
                new EvictionConfig()
                    .setMaxSizePolicy(MaxSizePolicy.PER_NODE)
                    .setSize(MAX_PRESENCE_PER_NODE)
                    .setEvictionPolicy(EvictionPolicy.LRU)));
    set(config, grid);
    Ticker ticker = Ticker.system();
    long started = ticker.nanoTime();
    HazelcastInstance member = Hazelcast.newHazelcastInstance(config);
    log.info(
        "session grid joined node={} address={} members={} millis={}",
        node,
        member.getCluster().getLocalMember().getAddress(),
        member.getCluster().getMembers().size(),
        (ticker.nanoTime() - started) / 1_000_000);
    awaitCopies(member, node, grid.joinTimeout(), ticker);
    return new SessionGrid(member, channelUse);
  }

  /**
   * Entries move to a member that has joined, one part after the other: until it is over, some have
   * one copy only.
   */
  private static void awaitCopies(
      HazelcastInstance member, String node, Duration most, Ticker ticker) {
    long end = ticker.nanoTime() + most.toNanos();
    while (member.getCluster().getMembers().size() > 1 && !hasCopies(member)) {
      if (ticker.nanoTime() - end >= 0) {
        log.warn(
            "session grid has not all copies yet node={} millis={} (expected: as many copies as"
                + " settings say before this node serves)",
            node,
            most.toMillis());
        return;
      }
      LockSupport.parkNanos(LOOK.toNanos());
      if (Thread.currentThread().isInterrupted()) {
        return;
      }
    }
  }

  private static boolean hasCopies(HazelcastInstance member) {
    var self = member.getCluster().getLocalMember();
    var parts = member.getPartitionService();
    // Before its share is given to it, a new member finds everything in order.
    return parts.getPartitions().stream().anyMatch(part -> self.equals(part.getOwner()))
        && parts.isClusterSafe();
  }

  /** Java serialization is left to the grid's own messages. */
  private static JavaSerializationFilterConfig filter() {
    var filter = new JavaSerializationFilterConfig();
    filter.getWhitelist().addPrefixes("java.", "com.hazelcast.", "[");
    return filter;
  }

  private static NetworkConfig network(GridConfig grid) {
    HostPort address = grid.address();
    var network = new NetworkConfig();
    network.setPort(address.port()).setPortAutoIncrement(false).setPortCount(1);
    network.getInterfaces().setEnabled(false);
    JoinConfig join = network.getJoin();
    join.getAutoDetectionConfig().setEnabled(false);
    join.getMulticastConfig().setEnabled(false);
    // Also where it is alone: members with different ways to join refuse each other.
    join.getTcpIpConfig().setEnabled(true).setConnectionTimeoutSeconds(2);
    grid.members().forEach(join.getTcpIpConfig()::addMember);
    return network;
  }

  private static MapConfig map(SessionConfig sessions) {
    var map = new MapConfig(MAP);
    map.setInMemoryFormat(InMemoryFormat.BINARY);
    map.setBackupCount(1);
    map.setAsyncBackupCount(0);
    map.setStatisticsEnabled(false);
    map.setPerEntryStatsEnabled(false);
    map.getMergePolicyConfig().setPolicy(MergeSessions.class.getName());
    // Every write sets its own; this is for an entry that somehow came without.
    map.setTimeToLiveSeconds(Math.clamp(sessions.idleTimeout().toSeconds(), 1, Integer.MAX_VALUE));
    map.setEvictionConfig(
        new EvictionConfig()
            .setMaxSizePolicy(MaxSizePolicy.PER_NODE)
            .setSize(MAX_SESSIONS_PER_NODE)
            .setEvictionPolicy(EvictionPolicy.LRU));
    return map;
  }

  /** Entries are removed when their windows are over, and are as many as gateways let in. */
  private static MapConfig connectionMap() {
    var map = new MapConfig(CONNECTIONS);
    map.setInMemoryFormat(InMemoryFormat.BINARY);
    map.setBackupCount(1);
    map.setAsyncBackupCount(0);
    map.setStatisticsEnabled(false);
    map.setPerEntryStatsEnabled(false);
    return map;
  }

  /**
   * Entries that steps change where they are, without reading and writing the whole each time. Of
   * two halves of a split grid the larger one's stay: positions of the other are in no line of
   * eras. Nothing is pushed out by others: {@link ChannelUse} bounds channels.
   */
  private static MapConfig inPlace(String name) {
    var map = new MapConfig(name);
    map.setInMemoryFormat(InMemoryFormat.OBJECT);
    map.setBackupCount(1);
    map.setAsyncBackupCount(0);
    map.setStatisticsEnabled(false);
    map.setPerEntryStatsEnabled(false);
    map.getMergePolicyConfig().setPolicy(DiscardMergePolicy.class.getName());
    return map;
  }

  private static void set(Config config, GridConfig grid) {
    String host = grid.address().host();
    config.setProperty("hazelcast.local.localAddress", host);
    config.setProperty("hazelcast.prefer.ipv4.stack", Boolean.toString(!host.contains(":")));
    set(config, ClusterProperty.SOCKET_BIND_ANY, "false");
    set(config, ClusterProperty.LOGGING_TYPE, "slf4j");
    set(config, ClusterProperty.PHONE_HOME_ENABLED, "false");
    set(config, ClusterProperty.SHUTDOWNHOOK_ENABLED, "false");
    set(config, ClusterProperty.PARTITION_COUNT, "271");
    set(config, ClusterProperty.WAIT_SECONDS_BEFORE_JOIN, "0");
    set(config, ClusterProperty.MAX_WAIT_SECONDS_BEFORE_JOIN, "1");
    set(config, ClusterProperty.MAX_JOIN_SECONDS, Long.toString(grid.joinTimeout().toSeconds()));
    set(config, ClusterProperty.TCP_JOIN_PORT_TRY_COUNT, "1");
    set(config, ClusterProperty.GRACEFUL_SHUTDOWN_MAX_WAIT, "10");
    set(config, ClusterProperty.HEARTBEAT_INTERVAL_SECONDS, "1");
    set(config, ClusterProperty.MAX_NO_HEARTBEAT_SECONDS, "10");
    set(config, ClusterProperty.HEALTH_MONITORING_LEVEL, "OFF");
    // Halves of a split grid look for each other this often; by itself, after minutes only.
    set(config, ClusterProperty.MERGE_FIRST_RUN_DELAY_SECONDS, MERGE_SECONDS);
    set(config, ClusterProperty.MERGE_NEXT_RUN_DELAY_SECONDS, MERGE_SECONDS);
    // One map with short operations: more threads would only switch.
    set(config, ClusterProperty.IO_THREAD_COUNT, "1");
    set(config, ClusterProperty.PARTITION_OPERATION_THREAD_COUNT, "2");
    set(config, ClusterProperty.GENERIC_OPERATION_THREAD_COUNT, "2");
    set(config, ClusterProperty.EVENT_THREAD_COUNT, "1");
    set(config, ClusterProperty.RESPONSE_THREAD_COUNT, "1");
    set(config, ClusterProperty.CLIENT_ENGINE_THREAD_COUNT, "1");
    set(config, ClusterProperty.CLIENT_ENGINE_BLOCKING_THREAD_COUNT, "1");
    set(config, ClusterProperty.CLIENT_ENGINE_QUERY_THREAD_COUNT, "1");
  }

  private static void set(
      Config config, com.hazelcast.spi.properties.HazelcastProperty property, String value) {
    config.setProperty(property.getName(), value);
  }

  IMap<String, SessionEntry> sessions() {
    return member.getMap(MAP);
  }

  IMap<String, ConnectionEntry> connections() {
    return member.getMap(CONNECTIONS);
  }

  IMap<String, ChannelEntry> channels() {
    return member.getMap(CHANNELS);
  }

  /** What the channels weigh that this member owns. */
  ChannelUse channelUse() {
    return channelUse;
  }

  IMap<String, PresenceEntry> presence() {
    return member.getMap(PRESENCE);
  }

  /** What gateways tell each other of channels; may lose what nobody has time to hear. */
  ITopic<byte[]> news(int shard) {
    return member.getTopic(CHANNELS + "-" + shard);
  }

  /** This member's id. */
  String member() {
    return member.getCluster().getLocalMember().getUuid().toString();
  }

  /** Ids of all members. */
  Set<String> memberIds() {
    return member.getCluster().getMembers().stream()
        .map(each -> each.getUuid().toString())
        .collect(Collectors.toSet());
  }

  /** Which part of the grid a session is in. */
  int partition(String key) {
    return member.getPartitionService().getPartition(key).getPartitionId();
  }

  /** A map of the grid that has no settings of its own. */
  <V> IMap<String, V> named(String map) {
    return member.getMap(map);
  }

  /**
   * Says what becomes of entries besides steps.
   *
   * @param moved some are at other members now
   * @param merged two halves of the grid have become one
   */
  void onMove(Runnable moved, Runnable merged) {
    var _ =
        member
            .getPartitionService()
            .addMigrationListener(
                new MigrationListener() {
                  @Override
                  public void migrationStarted(MigrationState state) {}

                  @Override
                  public void migrationFinished(MigrationState state) {
                    moved.run();
                  }

                  @Override
                  public void replicaMigrationCompleted(ReplicaMigrationEvent event) {}

                  @Override
                  public void replicaMigrationFailed(ReplicaMigrationEvent event) {}
                });
    var _ =
        member
            .getLifecycleService()
            .addLifecycleListener(event -> {
              if (event.getState() == LifecycleEvent.LifecycleState.MERGED) {
                merged.run();
              }
            });
  }

  /** Names of the members' nodes. */
  Set<String> nodes() {
    return member.getCluster().getMembers().stream()
        .map(each -> String.valueOf(each.getAttribute(NODE)))
        .collect(Collectors.toSet());
  }

  int members() {
    return member.getCluster().getMembers().size();
  }

  /** Where this member listens. */
  HostPort address() {
    InetSocketAddress address = member.getCluster().getLocalMember().getSocketAddress();
    return new HostPort(address.getHostString(), address.getPort());
  }

  /** Leaves in order: what this member owns moves to the others first. */
  @Override
  public void close() {
    member.shutdown();
  }
}
