package dev.heddle.leaf;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.catalog.Coordinators;
import dev.heddle.catalog.PositionToken;
import dev.heddle.engine.Bill;
import dev.heddle.engine.InvocationScope;
import dev.heddle.engine.JsonValues;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.JsonObject;
import dev.heddle.json.AnswerJsonWire;
import dev.heddle.json.Json;
import dev.heddle.json.QueryJsonWire;
import dev.heddle.process.CallerThreadService;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Ticker;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DeleteDocumentRequest;
import dev.heddle.v1.Document;
import dev.heddle.v1.GetDocumentRequest;
import dev.heddle.v1.PatchDocumentRequest;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.QueryGrpc;
import dev.heddle.v1.QueryRequest;
import dev.heddle.v1.QueryResponse;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.WriteResponse;
import io.grpc.Context;
import io.grpc.stub.AbstractStub;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The documents of a tenant's datasets, for running functions: a coordinator reads and writes them,
 * in the name, the trace and the time of the invocation, and after what that has seen. Blocks; safe
 * for any thread.
 */
final class DataGrpcClient {
  private static final Duration LONGEST_QUERY = Duration.ofMinutes(5);
  private static final Duration USUAL_QUERY = Duration.ofSeconds(10);
  private static final Duration LEAST_QUERY = Duration.ofMillis(1);
  private static final String DATASET = "dataset";

  private final Coordinators coordinators;
  private final Ticker ticker;

  DataGrpcClient(Coordinators coordinators, Ticker ticker) {
    this.coordinators = coordinators;
    this.ticker = ticker;
  }

  /** {@code {id, version, fields}}, or null. */
  @Nullable Object get(JsonObject arguments, InvocationScope scope) {
    var request = request(arguments.string(DATASET), arguments.string("id"));
    return positioned(
        arguments,
        scope,
        () -> {
          try {
            return document(scope, stub(scope).getDocument(request));
          } catch (io.grpc.StatusRuntimeException e) {
            return orMissing(scope, e);
          }
        });
  }

  /** Those that there are. */
  List<Object> getMany(JsonObject arguments, InvocationScope scope) {
    String dataset = arguments.string(DATASET);
    return positioned(
        arguments,
        scope,
        () -> {
          var stub = timed(DatasetsGrpc.newFutureStub(coordinators.channel()), scope);
          List<Future<Document>> asked = new ArrayList<>();
          for (String id : arguments.strings("ids")) {
            asked.add(stub.getDocument(request(dataset, id)));
          }
          try {
            List<Object> found = new ArrayList<>();
            for (var one : asked) {
              var document = answered(scope, one);
              if (document != null) {
                found.add(document);
              }
            }
            return found;
          } finally {
            asked.forEach(one -> one.cancel(true));
          }
        });
  }

  private static @Nullable Object answered(InvocationScope scope, Future<Document> asked) {
    try {
      return document(scope, asked.get());
    } catch (ExecutionException e) {
      return orMissing(scope, e);
    } catch (InterruptedException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  private static GetDocumentRequest request(String dataset, String id) {
    return GetDocumentRequest.newBuilder().setDataset(dataset).setId(id).build();
  }

  private static @Nullable Object orMissing(InvocationScope scope, Exception failure) {
    HeddleException error = GrpcErrors.fromStatus(failure);
    if (error.code() == ErrorCode.NOT_FOUND) {
      scope.spent(Bill.operations(1, 0));
      return null;
    }
    throw error;
  }

  private static JsonObject document(InvocationScope scope, Document document) {
    saw(scope, document.getPositionToken());
    scope.spent(Bill.operations(1, document.getJson().size()));
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    members.put("id", document.getId());
    members.put("version", document.getVersion());
    members.put("fields", JsonValues.readObject(document.getJson().toByteArray()));
    return JsonObject.of(members);
  }

  /** {@code {version}}. */
  JsonObject put(JsonObject arguments, InvocationScope scope) {
    var request =
        PutDocumentRequest.newBuilder()
            .setDataset(arguments.string(DATASET))
            .setId(arguments.string("id"))
            .setJson(json(arguments, "fields"));
    if (conditional(arguments)) {
      request.setIfVersion(ifVersion(arguments));
    }
    return positioned(
        arguments, scope, () -> written(scope, stub(scope).putDocument(request.build())));
  }

  /** {@code {version}}. */
  JsonObject patch(JsonObject arguments, InvocationScope scope) {
    var request =
        PatchDocumentRequest.newBuilder()
            .setDataset(arguments.string(DATASET))
            .setId(arguments.string("id"))
            .setPatchJson(json(arguments, "patch"));
    if (conditional(arguments)) {
      request.setIfVersion(ifVersion(arguments));
    }
    return positioned(
        arguments, scope, () -> written(scope, stub(scope).patchDocument(request.build())));
  }

  private static JsonObject written(InvocationScope scope, WriteResponse response) {
    saw(scope, response.getPositionToken());
    scope.spent(Bill.operations(1, 0));
    return JsonObject.of(Map.of("version", response.getVersion()));
  }

  /** {@code {deleted}}. */
  JsonObject delete(JsonObject arguments, InvocationScope scope) {
    var request =
        DeleteDocumentRequest.newBuilder()
            .setDataset(arguments.string(DATASET))
            .setId(arguments.string("id"));
    if (conditional(arguments)) {
      request.setIfVersion(ifVersion(arguments));
    }
    return positioned(
        arguments,
        scope,
        () -> {
          var response = stub(scope).deleteDocument(request.build());
          saw(scope, response.getPositionToken());
          scope.spent(Bill.operations(1, 0));
          return JsonObject.of(Map.of("deleted", response.getFound()));
        });
  }

  private static boolean conditional(JsonObject arguments) {
    return arguments.get("ifVersion") != null;
  }

  private static long ifVersion(JsonObject arguments) {
    return arguments.integer("ifVersion", 0, 0, Long.MAX_VALUE);
  }

  private static ByteString json(JsonObject arguments, String name) {
    var object = arguments.object(name).orElse(JsonObject.EMPTY);
    return UnsafeByteOperations.unsafeWrap(JsonValues.write(object));
  }

  /**
   * The answer, as over HTTP. A query that does not say what it must have seen sees what the
   * invocation has.
   */
  JsonObject query(JsonObject arguments, InvocationScope scope) {
    var query = Json.parse(JsonValues.write(arguments.object("query").orElse(JsonObject.EMPTY)));
    var left = scope.deadline().remaining(ticker);
    var usual = left.compareTo(USUAL_QUERY) < 0 ? left : USUAL_QUERY;
    var read =
        QueryJsonWire.read(
            arguments.string(DATASET),
            query,
            usual.compareTo(LEAST_QUERY) < 0 ? LEAST_QUERY : usual,
            LONGEST_QUERY);
    QueryRequest request =
        read.getRead() == ReadLevel.READ_LEVEL_UNSPECIFIED
            ? read.toBuilder().setRead(ReadLevel.READ_LEVEL_SESSION).build()
            : read;
    return positioned(
        arguments,
        scope,
        () -> {
          var response = answer(request, scope);
          saw(scope, response.getPositionToken());
          scope.spent(QueryWire.bill(response.getBill()));
          return JsonValues.readObject(AnswerJsonWire.write(response, false));
        });
  }

  private QueryResponse answer(QueryRequest request, InvocationScope scope) {
    try {
      // Not on the function's thread.
      var stub = CallerThreadService.elsewhere(QueryGrpc.newBlockingStub(coordinators.channel()));
      return timed(stub, scope).run(request);
    } catch (io.grpc.StatusRuntimeException e) {
      PlatformGrpcClient.spent(e, scope, "query/" + request.getDataset());
      throw e;
    }
  }

  private DatasetsGrpc.DatasetsBlockingStub stub(InvocationScope scope) {
    return timed(DatasetsGrpc.newBlockingStub(coordinators.channel()), scope);
  }

  private <S extends AbstractStub<S>> S timed(S stub, InvocationScope scope) {
    return stub.withDeadlineAfter(scope.deadline().remainingNanos(ticker), TimeUnit.NANOSECONDS);
  }

  private static void saw(InvocationScope scope, String token) {
    if (!token.isEmpty()) {
      scope.saw(PositionToken.parse(token));
    }
  }

  /**
   * Runs calls that carry what the invocation has seen. Positions of a dataset that is no more, or
   * was made anew, do not count: what they spoke of cannot be seen by anyone.
   */
  private <T extends @Nullable Object> T positioned(
      JsonObject arguments, InvocationScope scope, Supplier<T> calls) {
    if (scope.session().orElse(null) instanceof SessionGrpcClient session) {
      scope.saw(session.positions());
    }
    var positions = scope.positions();
    try {
      return within(scope, positions, calls);
    } catch (HeddleException e) {
      var lost = positions.about(scope.tenant(), arguments.string(DATASET));
      if (e.code() != ErrorCode.POSITION_LOST || lost.isEmpty()) {
        throw e;
      }
      return within(scope, positions.without(lost), calls);
    }
  }

  /** Runs calls in the invocation's name and trace; what a failure has seen joins it, too. */
  static <T extends @Nullable Object> T within(
      InvocationScope scope, PositionToken positions, Supplier<T> calls) {
    var request = new RequestContext(scope.tenant(), scope.trace(), positions.toString());
    Context own = request.asContext();
    Context previous = own.attach();
    try {
      return calls.get();
    } catch (io.grpc.StatusRuntimeException e) {
      var failure = GrpcErrors.fromStatus(e);
      scope.saw(PositionToken.parse(failure.position()));
      throw failure;
    } finally {
      own.detach(previous);
    }
  }
}
