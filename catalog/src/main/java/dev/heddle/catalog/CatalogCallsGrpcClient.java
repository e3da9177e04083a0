package dev.heddle.catalog;

import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogGrpc.CatalogBlockingStub;
import dev.heddle.internal.v1.CatalogWriteRequest;
import dev.heddle.internal.v1.EndLeaseRequest;
import dev.heddle.internal.v1.RenewLeaseRequest;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;

/**
 * Calls that the catalog's leader answers: goes from address to address, where refusals lead to,
 * and around again with growing waits, until one answers or the time is over. A write keeps its
 * number on the way, so that it applies once however often it is sent. Blocks; safe for any thread.
 */
final class CatalogCallsGrpcClient implements LeaseKeeper.Calls, AutoCloseable {
  /** Of the whole time, for one attempt: one address that hangs must not use it up. */
  private static final int ATTEMPTS = 3;

  private static final Duration SHORTEST_ATTEMPT = Duration.ofMillis(500);

  private final Channels channels;
  private final CatalogAddresses addresses;
  private final CatalogClientConfig config;
  private final UUID client = UUID.randomUUID();
  private final AtomicLong writes = new AtomicLong();
  private final CountDownLatch closed = new CountDownLatch(1);

  CatalogCallsGrpcClient(
      Channels channels, CatalogAddresses addresses, CatalogClientConfig config) {
    this.channels = channels;
    this.addresses = addresses;
    this.config = config;
  }

  /** See {@link CatalogClient#write}. */
  long write(List<Change> changes) {
    CatalogWriteRequest request =
        CatalogWriteRequest.newBuilder()
            .addAllChanges(changes.stream().map(CatalogWire::change).toList())
            .setClient(client.toString())
            .setCall(writes.incrementAndGet())
            .build();
    return new Attempts("write", config.callTimeout(), true)
        .run(stub -> stub.write(request).getRevision());
  }

  @Override
  public void renew(NodeRecord node, Duration ttl, Duration timeout) {
    RenewLeaseRequest request =
        RenewLeaseRequest.newBuilder()
            .setNode(node.node())
            .setIncarnation(node.incarnation())
            .setValue(CatalogJson.write(node))
            .setTtlMillis(ttl.toMillis())
            .build();
    long _ =
        new Attempts("renewal", timeout, true).run(stub -> stub.renewLease(request).getRevision());
  }

  /** Tries every address once: a lease that is not given back runs out. */
  @Override
  public void end(NodeRecord node, Duration timeout) {
    EndLeaseRequest request =
        EndLeaseRequest.newBuilder()
            .setNode(node.node())
            .setIncarnation(node.incarnation())
            .build();
    Object _ = new Attempts("end of lease", timeout, false).run(stub -> stub.endLease(request));
  }

  /** Ends waits between attempts. */
  @Override
  public void close() {
    closed.countDown();
  }

  /** One call on its way. One thread. */
  private final class Attempts {
    private final String what;
    private final boolean again;
    private final Deadline deadline;
    private final long attemptNanos;
    private Duration wait = config.reconnectFirst();
    private HeddleException failure =
        new HeddleException(ErrorCode.DEADLINE_EXCEEDED, "no time left (expected: some)");
    private boolean inDoubt;

    /**
     * @param again whether to go around again once every address was tried
     */
    Attempts(String what, Duration timeout, boolean again) {
      this.what = what;
      this.again = again;
      Deadline own = Deadline.after(timeout.toNanos(), TimeUnit.NANOSECONDS);
      Deadline callers = Context.current().getDeadline();
      this.deadline = callers == null ? own : own.minimum(callers);
      this.attemptNanos = Math.max(timeout.toNanos() / ATTEMPTS, SHORTEST_ATTEMPT.toNanos());
    }

    <T> T run(Function<CatalogBlockingStub, T> call) {
      do {
        Optional<T> answer = around(call);
        if (answer.isPresent()) {
          return answer.get();
        }
      } while (again && pause());
      throw failed();
    }

    /** Every address once, those that are named on the way next. */
    private <T> Optional<T> around(Function<CatalogBlockingStub, T> call) {
      Set<String> tried = new HashSet<>();
      List<HeddleException> failures = new ArrayList<>();
      Optional<String> address = untried(tried);
      while (address.isPresent() && !deadline.isExpired()) {
        tried.add(address.get());
        try {
          T answer = call.apply(stub(address.get()));
          addresses.leads(address.get());
          return Optional.of(answer);
        } catch (StatusRuntimeException e) {
          HeddleException refused = GrpcErrors.fromStatus(e);
          if (!mayPass(refused.code())) {
            throw refused;
          }
          failures.add(refused);
          addresses.failed(address.get());
          CatalogWire.leader(e).ifPresent(addresses::leads);
          inDoubt |= mayHaveApplied(refused.code());
        } catch (HeddleException e) {
          // No channel to be had: nothing was sent.
          failures.add(e);
          addresses.failed(address.get());
        }
        address = untried(tried);
      }
      // What a member says of the others tells more than that one is away.
      failures.stream()
          .filter(e -> e.code() == ErrorCode.NO_MAJORITY)
          .findFirst()
          .or(() -> failures.stream().findFirst())
          .filter(e -> !cutOff(e))
          .ifPresent(e -> failure = e);
      return Optional.empty();
    }

    /** The last attempt has hardly any time: what those before it met tells more. */
    private boolean cutOff(HeddleException last) {
      return last.code() == ErrorCode.DEADLINE_EXCEEDED && deadline.isExpired();
    }

    private Optional<String> untried(Set<String> tried) {
      return addresses.forWrites().stream().filter(one -> !tried.contains(one)).findFirst();
    }

    /** False: the time is over. */
    private boolean pause() {
      // Many nodes lose the same leader at the same moment.
      long most = wait.toNanos();
      long time = ThreadLocalRandom.current().nextLong(most / 2, most + 1);
      wait = config.longer(wait);
      long left = deadline.timeRemaining(TimeUnit.NANOSECONDS);
      try {
        return !closed.await(Math.min(time, left), TimeUnit.NANOSECONDS) && !deadline.isExpired();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    private CatalogBlockingStub stub(String address) {
      Deadline attempt = Deadline.after(attemptNanos, TimeUnit.NANOSECONDS);
      return CatalogGrpc.newBlockingStub(channels.to(address))
          .withDeadline(deadline.minimum(attempt));
    }

    private HeddleException failed() {
      boolean telling =
          failure.code() == ErrorCode.NO_MAJORITY || failure.code() == ErrorCode.DEADLINE_EXCEEDED;
      return new HeddleException(
          telling ? failure.code() : ErrorCode.CATALOG_UNAVAILABLE,
          "catalog at "
              + addresses
              + ": "
              + failure.getMessage()
              + " (expected: a leader that answers)"
              + (inDoubt ? "; the " + what + " is in doubt" : ""),
          failure);
    }
  }

  /** Whether another attempt, perhaps elsewhere, may be answered. */
  private static boolean mayPass(ErrorCode code) {
    return switch (code) {
      case UNAVAILABLE,
          CATALOG_UNAVAILABLE,
          NOT_LEADER,
          NO_MAJORITY,
          STALE_REPLICA,
          DEADLINE_EXCEEDED ->
          true;
      default -> false;
    };
  }

  private static boolean mayHaveApplied(ErrorCode code) {
    return code == ErrorCode.UNAVAILABLE || code == ErrorCode.DEADLINE_EXCEEDED;
  }
}
