package dev.heddle.coordinator;

import com.google.protobuf.ByteString;
import dev.heddle.internal.v1.FieldStatistics;
import dev.heddle.internal.v1.LeafPartial;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.MissingStatistics;
import dev.heddle.internal.v1.ScatterGrpc;
import dev.heddle.internal.v1.ShardReport;
import dev.heddle.internal.v1.Statistics;
import dev.heddle.internal.v1.TermStatistics;
import dev.heddle.v1.Bill;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** A leaf that does as it is told, and remembers what it was asked. */
final class ScriptedLeafGrpcService extends ScatterGrpc.ScatterImplBase {
  final List<LeafRequest> requests = new CopyOnWriteArrayList<>();

  /** Calls that were cancelled before they were answered. */
  final AtomicInteger cancelled = new AtomicInteger();

  private final Function<LeafRequest, Optional<LeafResponse>> script;

  private ScriptedLeafGrpcService(Function<LeafRequest, Optional<LeafResponse>> script) {
    this.script = script;
  }

  /** Does as the script says; empty: never answers. */
  static ScriptedLeafGrpcService scripted(Function<LeafRequest, Optional<LeafResponse>> script) {
    return new ScriptedLeafGrpcService(script);
  }

  /** Answers with its name. */
  static ScriptedLeafGrpcService answering(String name) {
    return new ScriptedLeafGrpcService(request -> Optional.of(answer(name, request, 1)));
  }

  /** Never answers. */
  static ScriptedLeafGrpcService silent() {
    return new ScriptedLeafGrpcService(request -> Optional.empty());
  }

  static ScriptedLeafGrpcService failing(RuntimeException failure) {
    return new ScriptedLeafGrpcService(request -> {
      throw failure;
    });
  }

  /** Wants figures for a term unless they came with the request or earlier in the epoch. */
  static ScriptedLeafGrpcService scoring(String name, String term, long frequency) {
    var known = new java.util.concurrent.ConcurrentHashMap<String, Statistics>();
    return new ScriptedLeafGrpcService(request -> {
      var epoch = request.getEpoch().getOwner() + "/" + request.getEpoch().getNumber();
      if (request.hasStatistics()) {
        known.put(epoch, request.getStatistics());
      }
      var statistics = known.get(epoch);
      if (statistics == null) {
        return Optional.of(missing(request, term, frequency));
      }
      long total = statistics.getTerms(0).getDocumentFrequency();
      return Optional.of(answer(name + "=" + total, request, 1));
    });
  }

  private static LeafResponse missing(LeafRequest request, String term, long frequency) {
    var message =
        MissingStatistics.newBuilder()
            .setFieldsMissing(true)
            .setLocal(
                Statistics.newBuilder()
                    .setDocuments(100)
                    .addFields(
                        FieldStatistics.newBuilder()
                            .setField("title")
                            .setDocuments(100)
                            .setSumTotalTermFrequency(500)
                            .setSumDocumentFrequency(400))
                    .addTerms(
                        TermStatistics.newBuilder()
                            .setField("title")
                            .setTerm(term)
                            .setDocumentFrequency(frequency)
                            .setTotalTermFrequency(frequency)));
    for (var shard : request.getShardsList()) {
      message.addReports(
          ShardReport.newBuilder().setShard(shard.getShard()).setSeen(100).setView(1));
    }
    return LeafResponse.newBuilder().setMissing(message).build();
  }

  static LeafResponse answer(String name, LeafRequest request, long view) {
    var partial =
        LeafPartial.newBuilder()
            .addAllCovers(request.getShardsList())
            .setPartial(ByteString.copyFrom(SumFunction.encoded(name)))
            .setBill(
                Bill.newBuilder()
                    .setActiveNanos(1_000)
                    .setMemoryMibNanos(128_000)
                    .setComplete(true));
    for (var shard : request.getShardsList()) {
      partial.addReports(
          ShardReport.newBuilder()
              .setShard(shard.getShard())
              .setSeen(100)
              .setActive(100)
              .setView(view));
    }
    return LeafResponse.newBuilder().setPartial(partial).build();
  }

  /** What the script says to a request. */
  Optional<LeafResponse> respond(LeafRequest request) {
    return script.apply(request);
  }

  @Override
  public void execute(LeafRequest request, StreamObserver<LeafResponse> observer) {
    requests.add(request);
    ((ServerCallStreamObserver<LeafResponse>) observer)
        .setOnCancelHandler(cancelled::incrementAndGet);
    respond(request)
        .ifPresent(response -> {
          observer.onNext(response);
          observer.onCompleted();
        });
  }
}
