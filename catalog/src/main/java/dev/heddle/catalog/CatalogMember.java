package dev.heddle.catalog;

import dev.heddle.catalog.CatalogHome.Note;
import dev.heddle.catalog.CatalogMembersGrpcClient.Joined;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.LogPosition;
import dev.heddle.replication.Member;
import dev.heddle.replication.RaftNode;
import dev.heddle.replication.ReplicatedGroup;
import dev.heddle.replication.Role;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's member of the catalog's group: founds it, comes back to it, or asks the seeds where
 * it is and waits until a leader makes it a voter. Opens it again when it has ended by itself,
 * writes its state to disk, and knows whether that state may be shown. Safe for any thread.
 */
final class CatalogMember implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CatalogMember.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** How long a leader that ends looks for another one. */
  private static final Duration RESIGNING = Duration.ofMillis(1_500);

  /** What a node sees that takes part in nothing. */
  private static final GroupStatus NOTHING =
      new GroupStatus(
          Role.OUTSIDE,
          false,
          Optional.empty(),
          0,
          -1,
          -1,
          -1,
          Duration.ZERO,
          List.of(),
          "not open yet");

  private record Opened(CatalogReplica replica, ReplicatedGroup group) {}

  private final CatalogConfig.Replication config;
  private final String node;
  private final CatalogHome home;
  private final RaftNode raft;
  private final boolean bootstrap;
  private final List<String> seeds;
  private final CatalogMembersGrpcClient others;
  private final Ticker ticker;
  private final CatalogReplica.Listener listener;
  private final Joining joining;

  /** Held while the member is opened, looked after or closed. */
  private final ReentrantLock lock = new ReentrantLock();

  /** Changed under {@link #lock} only, as is what follows. */
  private volatile @Nullable Note note;

  private volatile boolean closed;

  private volatile @Nullable Opened opened;
  private volatile boolean serving;

  /** False as long as there is no log here and nobody has said that it may begin without. */
  private boolean mayOpen;

  /** Voters to begin with, of a voter that has lost its log. */
  private List<Member> first = List.of();

  /** What others last said of the voters, while this is none. */
  private volatile @Nullable CatalogMembers elsewhere;

  private final Pace asking;
  private final Pace reopening;
  private final Pace writing;
  private long lastContact;
  private Duration reopenPause = FIRST_PAUSE;
  private long lastIndex = -1;
  private long lastChange;

  CatalogMember(
      CatalogConfig.Replication config,
      String node,
      CatalogHome home,
      RaftNode raft,
      boolean bootstrap,
      List<String> seeds,
      CatalogMembersGrpcClient others,
      Ticker ticker,
      CatalogReplica.Listener listener) {
    this.config = config;
    this.node = node;
    this.home = home;
    this.raft = raft;
    this.bootstrap = bootstrap;
    this.seeds = List.copyOf(seeds);
    this.seeds.forEach(HostPort::parse);
    this.others = others;
    this.ticker = ticker;
    this.listener = listener;
    this.asking = new Pace(config.checkInterval());
    this.reopening = new Pace(config.checkInterval());
    this.writing = new Pace(config.checkInterval());
    this.joining = new Joining(node, this.seeds, others, this::joined);
  }

  /**
   * Opens the group where its log is here, founds it where told to, else begins to ask.
   *
   * @throws HeddleException STORAGE_FAILED, or INVALID_REQUEST if there is nobody to ask
   */
  void start() {
    lock.lock();
    try {
      Optional<Note> found = home.note();
      if (found.isEmpty() && bootstrap && !joining.thereIsOne()) {
        Note founded = new Note(UUID.randomUUID(), true);
        home.note(founded);
        log.info("cluster founded cluster={} node={}", founded.cluster(), node);
        found = Optional.of(founded);
      }
      note = found.orElse(null);
      if (found.isPresent() && (found.get().founding() || home.hasLog(found.get().cluster()))) {
        open(found.get());
        return;
      }
      if (seeds.isEmpty()) {
        throw new HeddleException(
            ErrorCode.INVALID_REQUEST,
            "catalog seeds: none, and "
                + home.path()
                + " has no log (expected: a member to ask, or to be told to bootstrap)");
      }
    } finally {
      lock.unlock();
    }
    joining.start();
  }

  /** The cluster that this node belongs to; empty: none yet. */
  Optional<UUID> cluster() {
    Note known = note;
    return known == null ? Optional.empty() : Optional.of(known.cluster());
  }

  /** The state as far as it was applied here; empty: this node takes no part yet. */
  Optional<CatalogState> state() {
    Opened now = opened;
    return now == null ? Optional.empty() : Optional.of(now.replica().state());
  }

  GroupStatus status() {
    Opened now = opened;
    return now == null ? NOTHING : now.group().status();
  }

  /** The group; empty: this node takes no part at the moment. */
  Optional<ReplicatedGroup> group() {
    Opened now = opened;
    return now == null ? Optional.empty() : Optional.of(now.group());
  }

  /** Whether the state is one to be shown: as new as the leader's, give or take a moment. */
  boolean serving() {
    return serving;
  }

  /** What others say of the voters, where this node is none of them; empty: nothing yet. */
  Optional<CatalogMembers> elsewhere() {
    return status().role() == Role.OUTSIDE ? Optional.ofNullable(elsewhere) : Optional.empty();
  }

  /**
   * The file with the state, for another member: as it is now on a voter, who writes it for that.
   *
   * @throws HeddleException NOT_FOUND if this node has none
   */
  InputStream stored() {
    Opened now = opened;
    if (now != null && now.group().status().role() != Role.OUTSIDE) {
      now.replica().write();
    }
    Path file = home.state();
    try {
      return Files.newInputStream(file);
    } catch (NoSuchFileException e) {
      throw new HeddleException(
          ErrorCode.NOT_FOUND, "catalog state on " + node + ": none yet (expected: one)", e);
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED, file + ": " + e + " (expected: a readable file)", e);
    }
  }

  /** host:port of members that this one knows: the seeds, and the leaves of its state. */
  Set<String> addresses() {
    Set<String> addresses = new LinkedHashSet<>(seeds);
    state().ifPresent(state -> state.nodes().forEach(record -> addresses.add(record.internal())));
    return addresses;
  }

  /** Looks after the member; to be called every check interval, and whenever something changed. */
  void look() {
    if (!lock.tryLock()) {
      // Someone is at it.
      return;
    }
    try {
      Note known = note;
      if (known == null || closed) {
        return;
      }
      Opened now = opened;
      if (now == null) {
        if (mayOpen) {
          reopen(known);
        }
        return;
      }
      GroupStatus status = now.group().status();
      if (status.role() == Role.CLOSED) {
        ended(now, known, status);
        return;
      }
      if (status.leading() && known.founding()) {
        Note begun = new Note(known.cluster(), false);
        home.note(begun);
        note = begun;
      }
      contact(now, status);
      if (status.role() == Role.OUTSIDE) {
        askAround();
      } else {
        elsewhere = null;
      }
      keep(now);
    } finally {
      lock.unlock();
    }
  }

  private void contact(Opened now, GroupStatus status) {
    long time = ticker.nanoTime();
    boolean follows =
        status.role() == Role.FOLLOWER
            && status.leader().isPresent()
            && status.silence().compareTo(config.contactTimeout()) < 0;
    if (status.leading() || follows) {
      lastContact = time;
      reopenPause = FIRST_PAUSE;
      if (!serving && (status.leading() || caughtUp(now))) {
        serving = true;
        log.info(
            "catalog serves node={} role={} leader={} term={} revision={}",
            node,
            status.role(),
            status.leader().orElse(node),
            status.term(),
            now.replica().state().revision());
      }
    } else if (serving
        && (status.role() == Role.OUTSIDE
            || time - lastContact > config.contactTimeout().toNanos())) {
      serving = false;
      log.warn(
          "catalog no longer serves: out of touch node={} role={} term={}",
          node,
          status.role(),
          status.term());
      listener.replaced();
    }
  }

  /** Keeps up with who leads, for those who ask here. */
  private void askAround() {
    if (!asking.due()) {
      return;
    }
    CatalogMembers before = elsewhere;
    Set<String> asked = new LinkedHashSet<>();
    if (before != null) {
      before.leaderAddress().ifPresent(asked::add);
    }
    asked.addAll(addresses());
    for (String address : asked) {
      try {
        CatalogMembers answer = others.members(address);
        if (answer.leaderAddress().isPresent()) {
          elsewhere = answer;
          break;
        }
      } catch (HeddleException e) {
        log.debug("no answer address={}", address, e);
      }
    }
    asking.pause(elsewhere == null ? FIRST_PAUSE : config.contactTimeout());
  }

  /** Whether everything that was acknowledged before is applied here now. */
  private boolean caughtUp(Opened now) {
    try {
      long _ = now.group().barrier().get(config.callTimeout().toNanos(), TimeUnit.NANOSECONDS);
      return true;
    } catch (ExecutionException | TimeoutException e) {
      log.debug("catalog not caught up yet", e);
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** Writes the state to disk when it is worth it, so that the log can be cut. */
  private void keep(Opened now) {
    CatalogReplica.Unwritten unwritten = now.replica().unwritten();
    long time = ticker.nanoTime();
    if (unwritten.index() != lastIndex) {
      lastIndex = unwritten.index();
      lastChange = time;
    }
    boolean idle = time - lastChange >= config.stateIdle().toNanos();
    if (unwritten.entries() > 0
        && writing.due()
        && (idle
            || unwritten.entries() >= config.stateEntries()
            || unwritten.bytes() >= config.stateBytes().bytes())) {
      // Behind the state before this one: members that lag a little still find what they miss.
      var _ =
          now.group()
              .trim()
              .exceptionally(e -> {
                log.debug("log not cut", e);
                return null;
              });
      try {
        now.replica().write();
      } catch (HeddleException e) {
        log.error("catalog state not written: trying again later, the log has it", e);
        writing.pause(LONGEST_PAUSE);
      }
    }
  }

  private void open(Note known) {
    CatalogReplica replica =
        new CatalogReplica(home, known.cluster().toString(), listener, stateFetch(known.cluster()));
    List<Member> members = known.founding() ? List.of(raft.member()) : first;
    ReplicatedGroup group = raft.open(known.cluster(), home.log(), members, replica);
    first = List.of();
    mayOpen = true;
    opened = new Opened(replica, group);
    asking.reset();
    writing.reset();
    lastContact = ticker.nanoTime();
    log.info(
        "catalog member open cluster={} node={} revision={} directory={}",
        known.cluster(),
        node,
        replica.state().revision(),
        home.path());
  }

  private void reopen(Note known) {
    if (!reopening.due()) {
      return;
    }
    try {
      open(known);
    } catch (HeddleException e) {
      log.error("catalog member not opened: trying again later directory={}", home.path(), e);
      pauseBeforeReopen();
    }
  }

  /** Its log or disk failed, or it was replaced while it was away. */
  private void ended(Opened now, Note known, GroupStatus status) {
    Set<String> asked = addresses();
    serving = false;
    opened = null;
    // Before it asks: from here on it can neither vote nor acknowledge.
    now.group().close();
    listener.replaced();
    pauseBeforeReopen();
    boolean replaced = replaced(known, asked);
    log.warn(
        "catalog member ended: to be opened again node={} replaced={} reason=\"{}\"",
        node,
        replaced,
        status.failure());
    if (replaced) {
      home.putAside();
    }
  }

  private void pauseBeforeReopen() {
    reopening.pause(reopenPause);
    reopenPause = longer(reopenPause);
  }

  /** Whether a leader says that this node is not among the voters; its log is of no use then. */
  private boolean replaced(Note known, Set<String> asked) {
    for (String address : asked) {
      try {
        Joined answer = others.join(address, node, false);
        if (answer.cluster().equals(known.cluster()) && answer.voter().isPresent()) {
          return !answer.voter().get();
        }
      } catch (HeddleException e) {
        log.debug("no answer address={}", address, e);
      }
    }
    return false;
  }

  /**
   * This node may take part.
   *
   * @param leader host:port of who said so
   */
  private void joined(Joined answer, String leader) {
    lock.lock();
    try {
      Note known = note;
      if (closed) {
        return;
      }
      if (known != null && !known.cluster().equals(answer.cluster())) {
        throw new HeddleException(
            ErrorCode.CONFLICT,
            "cluster: " + answer.cluster() + " (expected: " + known.cluster() + ")");
      }
      if (!answer.voters().isEmpty()) {
        // The leader knows how far this voter once was, and cannot send what is before that.
        LogPosition copied = stateFetch(answer.cluster()).copy(leader);
        home.install();
        log.info("catalog state fetched from={} index={}", leader, copied.index());
      }
      Note joined = new Note(answer.cluster(), false);
      home.note(joined);
      note = joined;
      first = answer.voters();
      mayOpen = true;
      reopening.reset();
    } catch (IOException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED, home.path() + ": " + e + " (expected: usable)", e);
    } finally {
      lock.unlock();
    }
    listener.changed();
  }

  private StateFetch stateFetch(UUID cluster) {
    return new StateFetch(node, cluster, home, others, this);
  }

  private static Duration longer(Duration pause) {
    Duration more = pause.multipliedBy(2);
    return more.compareTo(LONGEST_PAUSE) < 0 ? more : LONGEST_PAUSE;
  }

  /** Stops taking part; the files stay. */
  @Override
  public void close() {
    joining.close();
    lock.lock();
    try {
      closed = true;
      serving = false;
      Opened now = opened;
      opened = null;
      if (now != null) {
        now.group().resign(RESIGNING);
        now.group().close();
      }
    } finally {
      lock.unlock();
    }
  }
}
