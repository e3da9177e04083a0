package dev.heddle.loadtest.search;

import dev.heddle.loadtest.peer.ServerProcess;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * The floor of a scatter over gRPC: one plain call to each leaf for all its shards, whose answers
 * are merged here.
 */
final class FloorGrpcClient implements Subject, AutoCloseable {
  private static final long DEADLINE_SECONDS = 30;

  private final List<ServerProcess> leaves;
  private final List<ManagedChannel> channels;
  private final List<byte[]> lines;

  FloorGrpcClient(List<ServerProcess> leaves, List<SearchQuery> queries) {
    this.leaves = List.copyOf(leaves);
    this.channels =
        leaves.stream()
            .map(leaf ->
                NettyChannelBuilder.forAddress(leaf.address().host(), leaf.address().port())
                    .usePlaintext()
                    .directExecutor()
                    .build())
            .toList();
    this.lines =
        queries.stream().map(each -> each.line().getBytes(StandardCharsets.UTF_8)).toList();
  }

  @Override
  public String name() {
    return "grpcFloor";
  }

  @Override
  public List<Long> pids() {
    return leaves.stream().flatMap(leaf -> leaf.pids().stream()).toList();
  }

  @Override
  public boolean ranksExactly() {
    return false;
  }

  @Override
  public Seat seat() {
    return new Seat() {
      @Override
      public Reply ask(int query) throws IOException, InterruptedException {
        var found = search(lines.get(query));
        return () -> found;
      }

      @Override
      public void close() {
        // The channels are shared.
      }
    };
  }

  private Found search(byte[] line) throws IOException, InterruptedException {
    var options = CallOptions.DEFAULT.withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS);
    var calls = new ArrayList<Future<byte[]>>();
    for (var channel : channels) {
      calls.add(
          ClientCalls.futureUnaryCall(channel.newCall(FloorGrpcService.SEARCH, options), line));
    }
    var parts = new ArrayList<Found>();
    for (var call : calls) {
      try {
        parts.add(FoundBytes.read(call.get()));
      } catch (ExecutionException | StatusRuntimeException e) {
        throw new IOException("leaf: " + e.getMessage(), e);
      }
    }
    return FanOut.merge(parts);
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
