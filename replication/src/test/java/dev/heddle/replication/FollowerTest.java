package dev.heddle.replication;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HostPort;
import dev.heddle.process.testing.Eventually;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto;
import org.apache.ratis.proto.RaftProtos.AppendEntriesReplyProto.AppendResult;
import org.apache.ratis.proto.RaftProtos.AppendEntriesRequestProto;
import org.apache.ratis.proto.RaftProtos.LogEntryProto;
import org.apache.ratis.proto.RaftProtos.StateMachineLogEntryProto;
import org.apache.ratis.proto.RaftProtos.TermIndexProto;
import org.apache.ratis.proto.grpc.RaftServerProtocolServiceGrpc;
import org.apache.ratis.protocol.ClientId;
import org.apache.ratis.protocol.RaftGroupId;
import org.apache.ratis.server.raftlog.RaftLog;
import org.apache.ratis.thirdparty.com.google.protobuf.ByteString;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannel;
import org.apache.ratis.thirdparty.io.grpc.Status;
import org.apache.ratis.thirdparty.io.grpc.netty.NettyChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.stub.StreamObserver;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A member that follows leaders which this test plays, as they are when connections break. */
@Timeout(300)
final class FollowerTest {
  private static final int ROUNDS = 40;

  /** It never stands for election itself. */
  private static final RaftConfig PATIENT =
      RaftConfig.defaults().withElections(Duration.ofSeconds(50), Duration.ofSeconds(60));

  @TempDir private Path directory;
  private final UUID id = UUID.randomUUID();
  private final ClientId client = ClientId.randomId();
  private final BlockingQueue<AppendEntriesReplyProto> replies = new LinkedBlockingQueue<>();

  /** How far the log was on disk when each of these came. */
  private final BlockingQueue<Long> onDisk = new LinkedBlockingQueue<>();

  private RaftNode node;
  private Sums replica;
  private ManagedChannel channel;
  private StreamObserver<AppendEntriesRequestProto> requests;
  private StreamObserver<AppendEntriesRequestProto> others;
  private long calls;

  @BeforeEach
  void start() {
    node = new RaftNode("a", new HostPort("127.0.0.1", 0), PATIENT);
    node.start();
    replica =
        new Sums(
            directory.resolve("a.state"),
            name -> {
              throw new AssertionError(name);
            });
    Member leader = new Member("b", new HostPort("127.0.0.1", 1));
    var _ = node.open(id, directory.resolve("a"), List.of(node.member(), leader), replica);
    channel =
        NettyChannelBuilder.forTarget(node.member().address().toString()).usePlaintext().build();
    requests = stream();
    others = stream();
  }

  private StreamObserver<AppendEntriesRequestProto> stream() {
    return RaftServerProtocolServiceGrpc.newStub(channel)
        .appendEntries(
            new StreamObserver<>() {
              @Override
              public void onNext(AppendEntriesReplyProto reply) {
                onDisk.add(log().getFlushIndex());
                replies.add(reply);
              }

              @Override
              public void onError(Throwable failure) {}

              @Override
              public void onCompleted() {}
            });
  }

  @AfterEach
  void stop() {
    channel.shutdownNow();
    node.close();
  }

  private LogEntryProto entry(long term, long index) {
    return LogEntryProto.newBuilder()
        .setTerm(term)
        .setIndex(index)
        .setStateMachineLogEntry(
            StateMachineLogEntryProto.newBuilder()
                .setClientId(client.toByteString())
                .setCallId(index)
                .setLogData(ByteString.copyFromUtf8(term + ":" + index)))
        .build();
  }

  /** Sends without waiting for the answer; leaders of odd terms on a stream of their own. */
  private void append(long term, LogPosition previous, long commit, LogEntryProto... entries) {
    append(term % 2 == 0 ? requests : others, term, previous, commit, entries);
  }

  private void append(
      StreamObserver<AppendEntriesRequestProto> stream,
      long term,
      LogPosition previous,
      long commit,
      LogEntryProto... entries) {
    AppendEntriesRequestProto.Builder request =
        AppendEntriesRequestProto.newBuilder()
            .setServerRequest(Probes.from("b", node.member(), id).toBuilder().setCallId(++calls))
            .setLeaderTerm(term)
            .setLeaderCommit(commit)
            .addAllEntries(List.of(entries));
    if (previous.index() >= 0) {
      request.setPreviousLog(
          TermIndexProto.newBuilder().setTerm(previous.term()).setIndex(previous.index()));
    }
    stream.onNext(request.build());
  }

  private AppendEntriesReplyProto reply() throws InterruptedException {
    AppendEntriesReplyProto reply = replies.poll(60, TimeUnit.SECONDS);
    assertNotNull(reply, "answered");
    return reply;
  }

  private RaftLog log() {
    return Objects.requireNonNull(node.machine(RaftGroupId.valueOf(id))).division().getRaftLog();
  }

  @Test
  void confirmsOnlyWhatItHas() throws Exception {
    LogPosition previous = LogPosition.NONE;
    for (int round = 0; round < ROUNDS; round++) {
      long next = previous.index() + 1;
      // A leader that does not know whether the first arrived sends it again, and more.
      append(1, previous, -1, entry(1, next));
      append(1, previous, -1, entry(1, next), entry(1, next + 1));
      for (int i = 0; i < 2; i++) {
        AppendEntriesReplyProto reply = reply();
        assertEquals(AppendResult.SUCCESS, reply.getResult());
        assertEquals(
            Math.min(next + 1, Math.max(next, reply.getMatchIndex())), reply.getMatchIndex());
      }
      assertEquals(
          next + 1, log().getLastEntryTermIndex().getIndex(), "it confirmed that, round " + round);
      previous = new LogPosition(1, next + 1);
    }
  }

  @Test
  void confirmsWhatIsSentAgainOnceItIsOnDisk() throws Exception {
    LogPosition previous = LogPosition.NONE;
    for (int round = 0; round < ROUNDS; round++) {
      long index = previous.index() + 1;
      LogEntryProto large = entry(1, index).toBuilder().setStateMachineLogEntry(large()).build();
      // The connection broke, and the leader made another one.
      append(requests, 1, previous, -1, large);
      append(others, 1, previous, -1, large);
      for (int i = 0; i < 2; i++) {
        assertEquals(AppendResult.SUCCESS, reply().getResult());
        long there = Objects.requireNonNull(onDisk.poll());
        assertTrue(there >= index, () -> "confirmed " + index + ", on disk " + there);
      }
      previous = new LogPosition(1, index);
    }
  }

  private StateMachineLogEntryProto large() {
    return StateMachineLogEntryProto.newBuilder()
        .setClientId(client.toByteString())
        .setCallId(++calls)
        .setLogData(ByteString.copyFrom(new byte[300_000]))
        .build();
  }

  @Test
  void hearsOfNoStateFromALeaderThatWasDeposed() throws Exception {
    append(4, LogPosition.NONE, -1, entry(4, 0));
    assertEquals(AppendResult.SUCCESS, reply().getResult());
    // Of term 0, as this probe has it.
    assertEquals(
        Status.Code.FAILED_PRECONDITION, Probes.installSnapshot(node.member(), id).getCode());
  }

  @Test
  void appliesNothingOfALeaderThatWasDeposed() throws Exception {
    LogPosition previous = LogPosition.NONE;
    List<String> committed = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      long index = previous.index() + 1;
      long lost = 2L * round + 1;
      long kept = lost + 1;
      append(lost, previous, previous.index(), entry(lost, index));
      assertEquals(AppendResult.SUCCESS, reply().getResult());
      // The next leader has another entry there, of which a majority is.
      append(kept, previous, previous.index(), entry(kept, index));
      append(kept, new LogPosition(kept, index), index);
      assertEquals(AppendResult.SUCCESS, reply().getResult());
      assertEquals(AppendResult.SUCCESS, reply().getResult());
      committed.add(kept + ":" + index);
      LogPosition at = new LogPosition(kept, index);
      Eventually.eventually(
          "applied",
          () -> {
            append(kept, at, index);
            assertEquals(AppendResult.SUCCESS, reply().getResult());
            return replica.lines.size() == committed.size();
          });
      assertEquals(committed, replica.lines);
      previous = at;
    }
  }

  @Test
  void keepsWhatItConfirmedToTheLatestLeader() throws Exception {
    LogPosition previous = LogPosition.NONE;
    for (int round = 0; round < ROUNDS; round++) {
      long index = previous.index() + 1;
      long kept = 2L * round + 2;
      append(kept - 1, previous, previous.index(), entry(kept - 1, index));
      append(kept, previous, previous.index(), entry(kept, index));
      List<AppendEntriesReplyProto> both = List.of(reply(), reply());
      assertTrue(
          both.stream()
              .anyMatch(reply ->
                  reply.getServerReply().getCallId() % 2 == 0
                      && reply.getResult() == AppendResult.SUCCESS),
          () -> "" + both);
      assertEquals(kept, log().getTermIndex(index).getTerm());
      previous = new LogPosition(kept, index);
    }
  }
}
