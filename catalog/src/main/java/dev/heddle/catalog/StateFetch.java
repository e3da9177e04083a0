package dev.heddle.catalog;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.LogPosition;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies the state of another member to this one's disk: the leader's, or that of anyone who has
 * one that is new enough. One at a time; blocks.
 */
final class StateFetch implements CatalogReplica.Fetch {
  private static final Logger log = LoggerFactory.getLogger(StateFetch.class);

  /** The group asks again as soon as an attempt has failed. */
  private static final Duration FAILURE_PAUSE = Duration.ofMillis(500);

  private final String node;
  private final UUID cluster;
  private final CatalogHome home;
  private final CatalogMembersGrpcClient others;
  private final CatalogMember member;

  StateFetch(
      String node,
      UUID cluster,
      CatalogHome home,
      CatalogMembersGrpcClient others,
      CatalogMember member) {
    this.node = node;
    this.cluster = cluster;
    this.home = home;
    this.others = others;
    this.member = member;
  }

  @Override
  public LogPosition run(String leader, LogPosition first) {
    List<String> problems = new ArrayList<>();
    for (String address : addresses(leader)) {
      try {
        LogPosition fetched = copy(address);
        if (fetched.index() >= first.index() - 1) {
          log.info("catalog state fetched from={} index={}", address, fetched.index());
          return fetched;
        }
        problems.add(address + ": state of index " + fetched.index());
      } catch (HeddleException | IOException e) {
        problems.add(address + ": " + e.getMessage());
      }
    }
    LockSupport.parkNanos(FAILURE_PAUSE.toNanos());
    throw new HeddleException(
        ErrorCode.UNAVAILABLE,
        "catalog state: " + problems + " (expected: one of index >= " + (first.index() - 1) + ")");
  }

  /** Where the leader may be, by the own state and by what the others say; then the others. */
  private Set<String> addresses(String leader) {
    Set<String> known = member.addresses();
    Set<String> addresses = new LinkedHashSet<>();
    member
        .state()
        .flatMap(state -> state.node(leader))
        .ifPresent(record -> addresses.add(record.internal()));
    for (String address : known) {
      try {
        others.members(address).leaderAddress().ifPresent(addresses::add);
      } catch (HeddleException e) {
        log.debug("no answer address={}", address, e);
      }
    }
    addresses.addAll(known);
    return addresses;
  }

  /** Copies what one member has. */
  LogPosition copy(String address) throws IOException {
    try (FileChannel file =
        FileChannel.open(
            home.fetched(),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.WRITE)) {
      others.fetch(address, cluster.toString(), node, Channels.newOutputStream(file));
      file.force(true);
    }
    return new CatalogFile(home.fetched(), cluster.toString())
        .load()
        .map(Snapshot::at)
        .orElse(LogPosition.NONE);
  }
}
