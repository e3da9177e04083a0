package dev.heddle.catalog;

import dev.heddle.catalog.CatalogMembersGrpcClient.Joined;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for the cluster of a node that has no log: asks the seeds, and who they say leads, with
 * growing waits, until it may take part. A thread of its own; one shot.
 */
final class Joining implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Joining.class);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(2);

  private final String node;
  private final List<String> seeds;
  private final CatalogMembersGrpcClient others;
  private final BiConsumer<Joined, String> joined;
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Thread thread = Threads.virtual("catalog-join").newThread(this::run);

  /**
   * @param seeds host:port of members to ask
   * @param joined told, once this node may take part, what the leader said and its host:port
   */
  Joining(
      String node,
      List<String> seeds,
      CatalogMembersGrpcClient others,
      BiConsumer<Joined, String> joined) {
    this.node = node;
    this.seeds = seeds;
    this.others = others;
    this.joined = joined;
  }

  /** Whether a seed knows a cluster, so that this node must not found another one. Asks once. */
  boolean thereIsOne() {
    for (String seed : seeds) {
      try {
        UUID cluster = others.join(seed, node, true).cluster();
        log.warn("told to bootstrap, but joins: there is a cluster={} seed={}", cluster, seed);
        return true;
      } catch (HeddleException e) {
        log.debug("no cluster seed={}", seed, e);
      }
    }
    return false;
  }

  void start() {
    thread.start();
  }

  private void run() {
    Duration pause = FIRST_PAUSE;
    String told = "";
    do {
      String reason = "";
      for (String seed : seeds) {
        try {
          Optional<String> missing = ask(seed);
          if (missing.isEmpty()) {
            return;
          }
          reason = seed + ": " + missing.get();
        } catch (HeddleException e) {
          reason = seed + ": " + e.getMessage();
        }
      }
      if (!told.equals(reason)) {
        told = reason;
        log.info("catalog waits for a cluster to join seeds={} reason=\"{}\"", seeds, reason);
      }
      Duration more = pause.multipliedBy(2);
      pause = more.compareTo(LONGEST_PAUSE) < 0 ? more : LONGEST_PAUSE;
    } while (pause(pause));
  }

  /** Empty: this node has joined; else what is missing. */
  private Optional<String> ask(String seed) {
    Joined answer = others.join(seed, node, true);
    Optional<String> leader =
        answer.voter().isPresent() ? Optional.empty() : others.members(seed).leaderAddress();
    if (leader.isPresent()) {
      answer = others.join(leader.get(), node, true);
    }
    if (answer.voter().isEmpty()) {
      return Optional.of("no leader known there");
    }
    if (!answer.admitted()) {
      return Optional.of("a voter without its log: the others are to have everything first");
    }
    joined.accept(answer, leader.orElse(seed));
    log.info("catalog joined cluster={} node={} seed={}", answer.cluster(), node, seed);
    return Optional.empty();
  }

  /** False: stop. */
  private boolean pause(Duration time) {
    try {
      return !closed.await(time.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Override
  public void close() {
    closed.countDown();
    thread.interrupt();
    try {
      if (thread.getState() != Thread.State.NEW) {
        boolean _ = thread.join(CLOSE_GRACE);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
