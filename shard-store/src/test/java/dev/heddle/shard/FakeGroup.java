package dev.heddle.shard;

import dev.heddle.process.HostPort;
import dev.heddle.replication.GroupStatus;
import dev.heddle.replication.Member;
import dev.heddle.replication.Proposal;
import dev.heddle.replication.ReplicatedGroup;
import dev.heddle.replication.Role;
import dev.heddle.replication.Written;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;

/** A group whose members a test sets, and whose changes end when the test says so. */
final class FakeGroup implements ReplicatedGroup {
  /** What was asked for, as text. */
  final List<String> calls = new ArrayList<>();

  /** Those that were asked for, oldest first. */
  final List<CompletableFuture<Long>> barriers = new ArrayList<>();

  private final UUID id = UUID.randomUUID();
  private List<Member> members = List.of();
  private CompletableFuture<Void> pending = CompletableFuture.completedFuture(null);
  private boolean leading = true;

  /** Members at the address {@code name:1}. */
  void members(String... names) {
    members = List.of(names).stream().map(n -> new Member(n, new HostPort(n, 1))).toList();
  }

  void leads(boolean now) {
    leading = now;
  }

  void end() {
    pending.complete(null);
  }

  void fail(RuntimeException cause) {
    pending.completeExceptionally(cause);
  }

  private static String text(List<Member> all) {
    return all.stream().map(m -> m.node() + "@" + m.address()).collect(Collectors.joining(" "));
  }

  @Override
  public UUID id() {
    return id;
  }

  @Override
  public GroupStatus status() {
    return new GroupStatus(
        leading ? Role.LEADER : Role.FOLLOWER,
        leading,
        Optional.empty(),
        1,
        0,
        0,
        0,
        Duration.ZERO,
        members,
        "");
  }

  @Override
  public CompletableFuture<Void> change(List<Member> from, List<Member> to) {
    calls.add("change from " + text(from) + " to " + text(to));
    pending = new CompletableFuture<>();
    return pending;
  }

  @Override
  public void resign(Duration longest) {
    // Leads, whatever comes.
  }

  @Override
  public CompletableFuture<Void> handOver(String node) {
    calls.add("hand over to " + node);
    pending = new CompletableFuture<>();
    return pending;
  }

  @Override
  public CompletableFuture<Written> propose(Proposal proposal) {
    throw new UnsupportedOperationException("propose");
  }

  @Override
  public CompletableFuture<Long> barrier() {
    calls.add("barrier");
    CompletableFuture<Long> barrier = new CompletableFuture<>();
    barriers.add(barrier);
    return barrier;
  }

  @Override
  public CompletableFuture<Void> trim() {
    throw new UnsupportedOperationException("trim");
  }

  @Override
  public void close() {
    members = List.of();
  }
}
