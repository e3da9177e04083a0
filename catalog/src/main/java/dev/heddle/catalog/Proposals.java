package dev.heddle.catalog;

import dev.heddle.process.DurationFormat;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.replication.Member;
import dev.heddle.replication.Proposal;
import dev.heddle.replication.ReplicatedGroup;
import dev.heddle.replication.Written;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Writes commands into the log. Each proposal has a number of its own: that a write which is tried
 * again applies once is decided by the replicated state, which also survives restarts. Blocks; safe
 * for any thread.
 */
final class Proposals {
  private final CatalogConfig.Replication config;
  private final String node;
  private final UUID run = UUID.randomUUID();
  private final AtomicLong numbers = new AtomicLong();

  Proposals(CatalogConfig.Replication config, String node) {
    this.config = config;
    this.node = node;
  }

  /**
   * Returns once a majority has the command on disk and it is applied here.
   *
   * @throws HeddleException what it was refused with when it was applied; TOO_LARGE, NOT_LEADER,
   *     NO_MAJORITY, QUEUE_FULL: it was not written; UNAVAILABLE: not known whether it will be
   */
  Outcome.Done write(ReplicatedGroup group, Command command) {
    byte[] data = CatalogWire.bytes(command);
    if (data.length > Proposal.MOST_BYTES) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE,
          "write: " + data.length + " bytes (expected: <= " + Proposal.MOST_BYTES + ")");
    }
    CompletableFuture<Written> written =
        group.propose(new Proposal(run, numbers.incrementAndGet(), data, null));
    Duration timeout = config.writeTimeout();
    try {
      Object result = written.get(timeout.toNanos(), TimeUnit.NANOSECONDS).result();
      if (result instanceof Outcome outcome) {
        return outcome.orThrow();
      }
      throw inDoubt("its outcome was lost", null);
    } catch (ExecutionException e) {
      throw refusal(group, GrpcErrors.fromStatus(e));
    } catch (TimeoutException e) {
      throw inDoubt("no majority within " + DurationFormat.format(timeout), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw inDoubt("interrupted", e);
    }
  }

  private static HeddleException inDoubt(String why, @Nullable Throwable cause) {
    return new HeddleException(
        ErrorCode.UNAVAILABLE,
        "catalog: " + why + " (expected: an acknowledgement); the write is in doubt",
        cause);
  }

  private HeddleException refusal(ReplicatedGroup group, HeddleException failure) {
    if (failure.code() != ErrorCode.NO_MAJORITY) {
      return failure;
    }
    List<String> names = group.status().members().stream().map(Member::node).sorted().toList();
    return new HeddleException(
        ErrorCode.NO_MAJORITY,
        "catalog on " + node + ", with voters " + names + ": " + failure.getMessage(),
        failure);
  }
}
