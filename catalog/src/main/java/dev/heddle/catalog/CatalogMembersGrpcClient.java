package dev.heddle.catalog;

import dev.heddle.internal.v1.CatalogFetchRequest;
import dev.heddle.internal.v1.CatalogFetchResponse;
import dev.heddle.internal.v1.CatalogGrpc;
import dev.heddle.internal.v1.CatalogJoinRequest;
import dev.heddle.internal.v1.CatalogJoinResponse;
import dev.heddle.internal.v1.CatalogMembersRequest;
import dev.heddle.internal.v1.CatalogMembersResponse;
import dev.heddle.process.Channels;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.replication.Member;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** What members ask each other, besides what the log asks. Blocks; safe for any thread. */
final class CatalogMembersGrpcClient {
  /** Even a catalog of the largest size comes in a fraction of it. */
  private static final Duration FETCH_TIMEOUT = Duration.ofMinutes(2);

  /**
   * The answer to a node that asks to join.
   *
   * @param voter whether it is one of the voters; empty: whoever answers does not lead
   * @param admitted whether it may take part from now on although it has no log
   * @param voters all of them, if it is admitted as one of them; else none
   */
  record Joined(UUID cluster, Optional<Boolean> voter, boolean admitted, List<Member> voters) {
    Joined {
      voters = List.copyOf(voters);
    }
  }

  private final Channels channels;
  private final Duration timeout;

  /**
   * @param timeout of a call
   */
  CatalogMembersGrpcClient(Channels channels, Duration timeout) {
    this.channels = channels;
    this.timeout = timeout;
  }

  /**
   * Which cluster a member belongs to.
   *
   * @param empty whether {@code node} has no log
   * @throws HeddleException UNAVAILABLE if it belongs to none yet, or is away
   */
  Joined join(String address, String node, boolean empty) {
    CatalogJoinRequest request =
        CatalogJoinRequest.newBuilder().setNode(node).setEmpty(empty).build();
    CatalogJoinResponse answer = call(() -> stub(address, timeout).join(request));
    try {
      return new Joined(
          UUID.fromString(answer.getClusterId()),
          answer.hasVoter() ? Optional.of(answer.getVoter()) : Optional.empty(),
          answer.getAdmitted(),
          answer.getVotersList().stream()
              .map(one -> new Member(one.getNode(), HostPort.parse(one.getAddress())))
              .toList());
    } catch (IllegalArgumentException e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE,
          "answer from "
              + address
              + ": "
              + e.getMessage()
              + " (expected: a UUID, and voters with addresses)",
          e);
    }
  }

  /** What a member knows of the members. */
  CatalogMembers members(String address) {
    CatalogMembersResponse answer =
        call(() -> stub(address, timeout).members(CatalogMembersRequest.getDefaultInstance()));
    return new CatalogMembers(
        given(answer.getClusterId()),
        answer.getVotersList(),
        given(answer.getLeader()),
        given(answer.getLeaderAddress()),
        answer.getTerm(),
        answer.getApplied());
  }

  /** Copies the file with a member's state. */
  void fetch(String address, String clusterId, String node, OutputStream to) throws IOException {
    CatalogFetchRequest request =
        CatalogFetchRequest.newBuilder().setClusterId(clusterId).setNode(node).build();
    try {
      Iterator<CatalogFetchResponse> parts = stub(address, FETCH_TIMEOUT).fetch(request);
      while (parts.hasNext()) {
        parts.next().getData().writeTo(to);
      }
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  private static Optional<String> given(String text) {
    return text.isEmpty() ? Optional.empty() : Optional.of(text);
  }

  private CatalogGrpc.CatalogBlockingStub stub(String address, Duration limit) {
    return CatalogGrpc.newBlockingStub(channels.to(address))
        .withDeadlineAfter(limit.toNanos(), TimeUnit.NANOSECONDS);
  }

  private static <T> T call(Supplier<T> call) {
    try {
      return call.get();
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }
}
