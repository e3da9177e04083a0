package dev.heddle.gateway;

import com.google.protobuf.ByteString;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcCalls;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.RequestContext;
import dev.heddle.process.ServerOptions;
import dev.heddle.v1.Bill;
import dev.heddle.v1.Coverage;
import dev.heddle.v1.DeleteAliasRequest;
import dev.heddle.v1.DeleteFunctionRequest;
import dev.heddle.v1.DeleteFunctionResponse;
import dev.heddle.v1.Demand;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionAlias;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.FunctionLogsRequest;
import dev.heddle.v1.FunctionsGrpc;
import dev.heddle.v1.GetFunctionRequest;
import dev.heddle.v1.Hit;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import dev.heddle.v1.ListFunctionsRequest;
import dev.heddle.v1.ListFunctionsResponse;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.RollbackRequest;
import dev.heddle.v1.SetAliasRequest;
import dev.heddle.v1.Total;
import dev.heddle.v1.WeightedVersion;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A coordinator that remembers what it was asked and answers by script. */
public final class FakeCoordinator implements AutoCloseable {
  /** A handler by script: what the function answers to an event. */
  @FunctionalInterface
  public interface Handler {
    /** JSON out for JSON in. */
    String answer(InvokeRequest request) throws Exception;
  }

  public final Queue<QueryRequest> queries = new ConcurrentLinkedQueue<>();
  public final Queue<InvokeRequest> invocations = new ConcurrentLinkedQueue<>();
  public final Queue<RequestContext> contexts = new ConcurrentLinkedQueue<>();
  public final Map<String, Handler> handlers = new ConcurrentHashMap<>();

  /** Datasets and documents. */
  public final FakeDatasets datasets = new FakeDatasets();

  /** Counts down when a query on dataset `hangs` is cancelled. */
  public final CountDownLatch cancelled = new CountDownLatch(1);

  /** Lets queries on dataset `waits` go on. */
  public final CountDownLatch go = new CountDownLatch(1);

  /** Hits that answers of dataset `grows` have when those are made. */
  public final AtomicInteger grown = new AtomicInteger(1);

  /** Hits with which those are complete. */
  public static final int GROWN = 100;

  /** Improvements that clients have asked for. */
  public final AtomicInteger demanded = new AtomicInteger();

  private final GrpcServer server;

  public FakeCoordinator(Credentials credentials) {
    server =
        new GrpcServer(
            "fake-coordinator",
            new HostPort("127.0.0.1", 0),
            List.of(
                new Queries(), datasets, datasets.cluster(), new Functions(), new Invocations()),
            ServerOptions.open(credentials),
            false);
    server.start();
  }

  public String address() {
    return server.address().toString();
  }

  public GrpcServer server() {
    return server;
  }

  @Override
  public void close() {
    server.close();
  }

  /** The answer to every query. */
  private QueryResponse answer(QueryRequest request, int hits, boolean last) {
    QueryResponse.Builder answer = QueryResponse.newBuilder();
    for (int i = 0; i < hits; i++) {
      answer.addHits(
          Hit.newBuilder()
              .setId("id" + i)
              .setScore(1.5f - i)
              .setShard(i)
              .setFieldsJson(
                  ByteString.copyFromUtf8("{\"title\":\"Über \\\"" + i + "\\\"\",\n\"n\":1}")));
    }
    return answer
        .setTotal(Total.newBuilder().setValue(1_000).setRelation(Total.Relation.RELATION_AT_LEAST))
        .setCoverage(
            Coverage.newBuilder()
                .setSeen(90)
                .setActive(95)
                .setTarget(100)
                .setShardsAnswered(7)
                .setShardsTotal(8))
        .setBill(Bill.newBuilder().setActiveNanos(5).setComplete(last))
        .setTookMicros(42)
        .setTraceId(RequestContext.current().trace().traceId())
        .setStatisticsEpoch("e1")
        .setFinal(last)
        .setStalenessMicros(1_234)
        .setPositionToken(datasets.readToken(request.getDataset(), request.getRead()))
        .build();
  }

  private final class Queries extends QueryGrpc.QueryImplBase {
    @Override
    public void run(QueryRequest request, StreamObserver<QueryResponse> observer) {
      GrpcCalls.unary(
          observer,
          () -> {
            asked(request);
            if (request.getDataset().equals("hangs")) {
              var gone = new CountDownLatch(1);
              Context.current().addListener(context -> gone.countDown(), Runnable::run);
              if (gone.await(60, TimeUnit.SECONDS)) {
                cancelled.countDown();
              }
            }
            if (request.getDataset().equals("waits")) {
              go.await(60, TimeUnit.SECONDS);
            }
            return answer(request, request.hasK() ? request.getK() : 2, true);
          });
    }

    /** Two improvements as they are asked for; of dataset `grows`, what has grown by then. */
    @Override
    public StreamObserver<Demand> improve(StreamObserver<QueryResponse> observer) {
      return new Improving(observer);
    }
  }

  private void asked(QueryRequest request) {
    queries.add(request);
    contexts.add(RequestContext.current());
    FakeDatasets.check(request.getDataset());
  }

  /** A query that improves each time that it is asked to. */
  private final class Improving implements StreamObserver<Demand> {
    private final StreamObserver<QueryResponse> client;
    private QueryRequest request = QueryRequest.getDefaultInstance();
    private int sent;

    Improving(StreamObserver<QueryResponse> client) {
      this.client = client;
    }

    @Override
    public void onNext(Demand demand) {
      try {
        if (demand.hasRequest()) {
          request = demand.getRequest();
          asked(request);
        }
        demanded.addAndGet(demand.getImprovements());
        if (demand.getImprovements() > 0) {
          improve();
        }
      } catch (RuntimeException e) {
        GrpcCalls.fail(client, e);
      }
    }

    private void improve() {
      sent++;
      if (request.getDataset().equals("grows")) {
        int size = grown.get();
        client.onNext(answer(request, size, false));
        if (size == GROWN) {
          end();
        }
        return;
      }
      client.onNext(answer(request, sent, false));
      if (sent < 2) {
        return;
      }
      if (request.getDataset().equals("breaks")) {
        throw new HeddleException(ErrorCode.COVERAGE_TOO_LOW, "coverage: 0.5 (expected: 0.9)");
      }
      end();
    }

    private void end() {
      client.onNext(answer(request, Math.max(3, grown.get()), true));
      client.onCompleted();
    }

    @Override
    public void onError(Throwable failure) {
      // The client went away.
    }

    @Override
    public void onCompleted() {
      // It asks for no more.
    }
  }

  private static final class Functions extends FunctionsGrpc.FunctionsImplBase {
    @Override
    public void list(ListFunctionsRequest request, StreamObserver<ListFunctionsResponse> observer) {
      GrpcCalls.unary(
          observer,
          () ->
              ListFunctionsResponse.newBuilder()
                  .addFunctions(Function.newBuilder().setName("echo"))
                  .build());
    }

    @Override
    public void get(GetFunctionRequest request, StreamObserver<Function> observer) {
      GrpcCalls.unary(observer, () -> Function.newBuilder().setName(request.getName()).build());
    }

    @Override
    public void deploy(DeployRequest request, StreamObserver<Function> observer) {
      GrpcCalls.unary(
          observer,
          () ->
              Function.newBuilder()
                  .setName(request.getName())
                  .setVersion("v" + request.getCode().size())
                  .addVersions(
                      Function.Version.newBuilder().setDescription(request.getManifestYaml()))
                  .addAliases(alias("latest", "v1"))
                  .build());
    }

    private static FunctionAlias.Builder alias(String name, String version) {
      return FunctionAlias.newBuilder()
          .setName(name)
          .addVersions(WeightedVersion.newBuilder().setVersion(version).setWeight(1));
    }

    @Override
    public void setAlias(SetAliasRequest request, StreamObserver<Function> observer) {
      GrpcCalls.unary(
          observer,
          () ->
              Function.newBuilder()
                  .setName(request.getFunction())
                  .addAliases(request.getAlias())
                  .build());
    }

    @Override
    public void deleteAlias(DeleteAliasRequest request, StreamObserver<Function> observer) {
      GrpcCalls.unary(observer, () -> Function.newBuilder().setName(request.getFunction()).build());
    }

    @Override
    public void rollback(RollbackRequest request, StreamObserver<Function> observer) {
      GrpcCalls.unary(
          observer,
          () ->
              Function.newBuilder()
                  .setName(request.getFunction())
                  .setVersion("back to " + request.getVersion())
                  .build());
    }

    @Override
    public void logs(FunctionLogsRequest request, StreamObserver<FunctionLogLine> observer) {
      if (request.getFunction().equals("silent")) {
        observer.onCompleted();
        return;
      }
      for (int i = 0; i < request.getLines(); i++) {
        observer.onNext(
            FunctionLogLine.newBuilder()
                .setAtMicros(1_000_000L * i)
                .setNode("leaf1")
                .setFunction(request.getFunction())
                .setInvocationId(request.getInvocationId())
                .setText("line " + i + "\nof many")
                .setLost(i)
                .build());
      }
      if (request.getFollow()) {
        GrpcCalls.fail(observer, new HeddleException(ErrorCode.UNAVAILABLE, "leaf1: gone"));
      } else {
        observer.onCompleted();
      }
    }

    @Override
    public void delete(
        DeleteFunctionRequest request, StreamObserver<DeleteFunctionResponse> observer) {
      GrpcCalls.unary(observer, DeleteFunctionResponse::getDefaultInstance);
    }
  }

  private final class Invocations extends InvocationsGrpc.InvocationsImplBase {
    @Override
    public void invoke(InvokeRequest request, StreamObserver<InvokeResponse> observer) {
      GrpcCalls.unary(
          observer,
          () -> {
            invocations.add(request);
            contexts.add(RequestContext.current());
            Handler handler = handlers.get(request.getFunction());
            if (handler == null) {
              throw new HeddleException(
                  ErrorCode.UNKNOWN_FUNCTION, "function: " + request.getFunction());
            }
            return InvokeResponse.newBuilder()
                .setResultJson(ByteString.copyFromUtf8(handler.answer(request)))
                .setHttpReply(!request.getHttpEventJson().isEmpty())
                .setVersion("v1")
                .setInvocationId("i1")
                .setPositionToken(RequestContext.current().position())
                .setNode("leaf1")
                .setTookMicros(9)
                .setBill(Bill.newBuilder().setActiveNanos(3).setComplete(true))
                .build();
          });
    }
  }
}
