package dev.heddle.replication;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.grpc.GrpcConfigKeys;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.GroupManagementRequest;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.RaftGroup;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.protocol.RaftPeer;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.ExitUtils;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process's part in all groups that it replicates: one server, one port, one configuration.
 * Every entry is forced to disk by a majority before its proposal succeeds. Safe for any thread.
 *
 * <p>The algorithm is Raft (Ongaro and Ousterhout, 2014), as implemented by Apache Ratis: with
 * pre-votes, joint consensus for changes of members, and reads confirmed by a majority.
 */
public final class RaftNode implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RaftNode.class);

  /** Silence after which a member is connected to anew: more than a slow disk takes. */
  private static final Duration SILENCE = Duration.ofSeconds(10);

  private static final Duration LOOK = Duration.ofSeconds(1);

  private final String name;
  private final HostPort address;
  private final Clock clock;
  private final Duration silence;
  private final RaftProperties properties;
  private final Duration readTimeout;
  private final RaftServer server;
  private final Map<RaftGroupId, GroupMachine> machines = new ConcurrentHashMap<>();

  /** Of groups that were open in this process before: terms that they had come to. */
  private final Map<RaftGroupId, Long> terms = new ConcurrentHashMap<>();

  private final ClientId self = ClientId.randomId();
  private final AtomicLong calls = new AtomicLong();

  private final ScheduledExecutorService looks =
      Executors.newSingleThreadScheduledExecutor(Threads.named("raft-silence"));

  /** When silent members were last looked for; 0: never. Of the thread that looks. */
  private long lastLook;

  /** Held while a group is opened: Ratis reads the folder from shared properties. */
  private final ReentrantLock opening = new ReentrantLock();

  /**
   * @param name unique in the cluster, and the same over restarts
   * @param address to listen at, and to be reached at by the others; must stay the same over
   *     restarts where groups have more than one member; port 0: any free one
   */
  public RaftNode(String name, HostPort address, RaftConfig config) {
    this(name, address, config, List.of(), Clock.systemUTC());
  }

  /**
   * As above, for members that prove to each other that they know a secret, and hide from others
   * what they say.
   *
   * @param secrets the first is this node's, each is accepted of others; empty: anyone who can
   *     reach the address is taken for a member
   * @param clock for terms of members who lost what they had voted
   */
  public RaftNode(
      String name, HostPort address, RaftConfig config, List<String> secrets, Clock clock) {
    this(name, address, config, secrets, clock, SILENCE);
  }

  /**
   * @param silence after which a member that was asked is connected to anew
   */
  RaftNode(
      String name,
      HostPort address,
      RaftConfig config,
      List<String> secrets,
      Clock clock,
      Duration silence) {
    Silences.listen();
    // A port that is taken is an error, not the end of the process.
    ExitUtils.disableSystemExit();
    this.name = name;
    this.address = address;
    this.clock = clock;
    this.silence = silence;
    this.properties = RaftSettings.of(address, config);
    this.readTimeout = config.readTimeout();
    // Groups are opened one by one, each from its own folder: nothing is to be found at start.
    RaftServerConfigKeys.setStorageDir(properties, List.of());
    Parameters parameters = new Parameters();
    GrpcConfigKeys.Server.setServicesCustomizer(parameters, new MembersOnly(this::machine));
    Transport.setGroups(parameters, this::machine);
    if (!secrets.isEmpty()) {
      GrpcConfigKeys.TLS.setConf(parameters, MemberIdentity.tls(secrets));
    }
    try {
      this.server =
          RaftServer.newBuilder()
              .setServerId(RaftPeerId.valueOf(name))
              .setStateMachineRegistry(machines::get)
              .setProperties(properties)
              .setParameters(parameters)
              .build();
    } catch (IOException e) {
      throw failed("server", e);
    }
  }

  /**
   * Listens.
   *
   * @throws HeddleException UNAVAILABLE if the address cannot be had
   */
  public void start() {
    try {
      server.start();
    } catch (IOException | RuntimeException e) {
      throw failed("replication", e);
    }
    var _ =
        looks.scheduleWithFixedDelay(
            this::look, LOOK.toMillis(), LOOK.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void look() {
    reconnect();
    try {
      machines.values().forEach(GroupMachine::endStuckCandidate);
    } catch (RuntimeException e) {
      log.warn("candidates not looked after", e);
    }
  }

  /** Gives up connections to members that do not answer, so that new ones are made. */
  private void reconnect() {
    try {
      long now = System.nanoTime();
      boolean stood = lastLook != 0 && now - lastLook > 3 * LOOK.toNanos();
      lastLook = now;
      if (stood) {
        // This process stood still, not the others: their answers are about to be read.
        Silences.forgetAll();
        return;
      }
      Set<String> silent = Silences.of(silence);
      if (silent.isEmpty()) {
        return;
      }
      Map<RaftPeerId, String> members = new HashMap<>();
      for (GroupMachine machine : machines.values()) {
        RaftServer.Division division = machine.divisionIfAny();
        if (division != null) {
          division.getRaftConf().getAllPeers().stream()
              .filter(peer -> silent.contains(peer.getAddress()))
              .forEach(peer -> members.put(peer.getId(), peer.getAddress()));
        }
      }
      members.forEach((id, address) -> {
        log.info(
            "member silent, connecting anew node={} address={} silence-ms={}",
            id,
            address,
            silence.toMillis());
        Silences.forget(address);
        // Closing a connection takes some seconds.
        Threads.virtual("raft-connect").newThread(() -> connectAnew(id)).start();
      });
    } catch (RuntimeException e) {
      log.warn("connecting anew failed", e);
    }
  }

  private void connectAnew(RaftPeerId id) {
    try {
      server
          .getServerRpc()
          .handleException(id, new IOException("silent for " + silence.toMillis() + " ms"), true);
    } catch (RuntimeException e) {
      log.warn("connecting anew failed node={}", id, e);
    }
  }

  public String name() {
    return name;
  }

  /** Where the others reach it. */
  public HostPort address() {
    return address.withPort(server.getServerRpc().getInetSocketAddress().getPort());
  }

  /** This node as a member of groups. */
  public Member member() {
    return new Member(name, address());
  }

  /**
   * Takes part in a group: from the files in {@code directory}, or, where there are none, as one of
   * its first members. Blocks until the log is read; does not wait for a leader.
   *
   * @param first the members that the group begins with; empty: waits until a leader adds it
   * @throws HeddleException STORAGE_FAILED if the files cannot be read; ALREADY_EXISTS if the group
   *     is open
   */
  public ReplicatedGroup open(UUID group, Path directory, List<Member> first, Replica replica) {
    RaftGroupId id = RaftGroupId.valueOf(group);
    opening.lock();
    try {
      if (machines.containsKey(id)) {
        throw new HeddleException(
            ErrorCode.ALREADY_EXISTS, "group: " + group + " (expected: one that is not open)");
      }
      Files.createDirectories(directory);
      Path folder = directory.resolve(group.toString());
      LogRepair.run(folder);
      GroupMetadata metadata = new GroupMetadata(folder);
      LogPosition durable = replica.open();
      GroupMachine machine = new GroupMachine(replica, durable, metadata);
      machines.put(id, machine);
      boolean added = false;
      try {
        long known = Math.max(durable.term(), terms.getOrDefault(id, 0L));
        metadata.repair(known, clock.millis());
        add(id, directory, first);
        machine.opened();
        added = true;
        return new RatisGroup(this, server, id, machine, readTimeout);
      } finally {
        if (!added) {
          machine.closeGroup();
          machines.remove(id);
          replica.close();
        }
      }
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED,
          "group " + group + ": " + e + " (expected: a log that can be read)",
          e);
    } finally {
      opening.unlock();
    }
  }

  @Nullable GroupMachine machine(RaftGroupId id) {
    return machines.get(id);
  }

  private void add(RaftGroupId id, Path directory, List<Member> first) throws IOException {
    RaftServerConfigKeys.setStorageDir(properties, List.of(directory.toFile()));
    RaftClientReply reply =
        server.groupManagement(
            GroupManagementRequest.newAdd(
                self,
                server.getId(),
                calls.incrementAndGet(),
                RaftGroup.valueOf(id, peers(first)),
                false));
    if (!reply.isSuccess()) {
      throw new IOException(reply.getException());
    }
  }

  /** Learns where members are, before it talks to them. */
  void know(List<Member> members) {
    server
        .getServerRpc()
        .addRaftPeers(
            peers(members).stream().filter(peer -> !peer.getId().equals(server.getId())).toList());
  }

  static List<RaftPeer> peers(List<Member> members) {
    return members.stream()
        .map(member ->
            RaftPeer.newBuilder()
                .setId(RaftPeerId.valueOf(member.node()))
                .setAddress(member.address().toString())
                .build())
        .toList();
  }

  /** Takes about a second, while the log's thread ends. */
  void leave(RaftGroupId id, GroupMachine machine) {
    if (machines.get(id) != machine) {
      return;
    }
    machine.endEviction();
    terms.merge(id, machine.term(), Math::max);
    try {
      RaftClientReply reply =
          server.groupManagement(
              GroupManagementRequest.newRemove(
                  self, server.getId(), calls.incrementAndGet(), id, false, false));
      if (!reply.isSuccess()) {
        log.warn("group left badly group={} reason=\"{}\"", id, reply.getException());
      }
    } catch (IOException e) {
      log.warn("group left badly group={}", id, e);
    } finally {
      machines.remove(id, machine);
    }
  }

  private static HeddleException failed(String what, Exception e) {
    return new HeddleException(
        ErrorCode.UNAVAILABLE, what + ": " + e + " (expected: an address that is free)", e);
  }

  /** Leaves all groups; their files stay. */
  @Override
  public void close() {
    looks.shutdownNow();
    machines.values().forEach(GroupMachine::endEviction);
    try {
      server.close();
    } catch (IOException e) {
      log.warn("replication closed badly", e);
    }
  }
}
