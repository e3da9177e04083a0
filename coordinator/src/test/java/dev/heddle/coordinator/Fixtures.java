package dev.heddle.coordinator;

import dev.heddle.aggregations.SearchFunction;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import dev.heddle.catalog.NodeRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.Schema;
import dev.heddle.catalog.ShardPlacement;
import dev.heddle.coordinator.Queries.Options;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.scatter.LeafGrpcClient;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.engine.Engine;
import dev.heddle.engine.EngineConfig;
import dev.heddle.engine.FunctionLogs;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.LogLimits;
import dev.heddle.engine.Platform;
import dev.heddle.engine.ScatterRun;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Law;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import dev.heddle.process.Priority;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Ticker;
import io.grpc.BindableService;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Stream;

final class Fixtures {
  static final ScatterRequest REQUEST =
      new ScatterRequest(
          new Query.All(),
          10,
          List.of(),
          List.of(),
          Map.of(),
          Optional.empty(),
          1_000,
          JsonObject.EMPTY);

  /** A query that got its place at once. */
  static final QueryAnswer.Admission ADMITTED = new QueryAnswer.Admission(0, 1, 8, Priority.NORMAL);

  private Fixtures() {}

  static Engine engine() {
    return new Engine(
        EngineConfig.defaults(),
        digest -> {
          throw new HeddleException(ErrorCode.UNAVAILABLE, "no code here");
        },
        List.of(),
        Map.of(
            "sum", () -> new SumFunction(Set.of(Law.COMMUTATIVE)),
            "list", () -> new SumFunction(Set.of()),
            "search", SearchFunction::new),
        Platform.NONE,
        new FunctionLogs(LogLimits.DEFAULTS, Clock.systemUTC(), Ticker.system()),
        Ticker.system(),
        new SimpleMeterRegistry(),
        "coordinator");
  }

  /** A server for other nodes, on a port of its own, until the closer closes it. */
  static GrpcServer serve(Closer closer, String name, BindableService... services) {
    return serve(closer, name, ServerOptions.internal(Credentials.none()), List.of(services));
  }

  static GrpcServer serve(
      Closer closer, String name, ServerOptions options, List<? extends BindableService> services) {
    var server =
        closer.register(
            name,
            new GrpcServer(
                name, HostPort.parse("127.0.0.1:0"), List.copyOf(services), options, false));
    server.start();
    return server;
  }

  /** A leaf that nobody reaches. */
  static NodeRecord leaf(String name) {
    return new NodeRecord(name, "run-1", Set.of("leaf"), name + ":1", "", "", "");
  }

  /** Tries of shards that the nodes named have, asked in this order. */
  static ShardTries tries(DatasetRecord dataset, IntFunction<Stream<String>> nodes) {
    return new ShardTries(
        dataset,
        Reading.ANY,
        (shard, asked) ->
            nodes
                .apply(shard)
                .filter(node -> !asked.contains(node))
                .findFirst()
                .map(Fixtures::leaf),
        Duration.ofMillis(100),
        true);
  }

  static ScatterRun run(Engine engine, String function) {
    return engine.scatter(new FunctionRef("default", function, Optional.empty()), REQUEST);
  }

  static Template template(DatasetRecord dataset) {
    return LeafGrpcClient.template(
        "q1",
        "default",
        dataset.id(),
        new FunctionRef("default", "sum", Optional.empty()),
        1,
        REQUEST);
  }

  static Options options(
      Duration deadline, double minCoverage, Reading.Level level, PositionToken token) {
    return new Options(Deadline.after(deadline, Ticker.system()), minCoverage, true, level, token);
  }

  /** A dataset with a node for each shard: node-0 holds shard 0, and so on. */
  static DatasetRecord dataset(int shards) {
    List<ShardPlacement> placements = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      placements.add(
          new ShardPlacement(shard, 7, "incarnation-" + shard, List.of("node-" + shard)));
    }
    var schema =
        new Schema(List.of(new Field("title", FieldType.TEXT, "standard", 1, false)), "", 0, false);
    return new DatasetRecord(
        "default",
        "books",
        "0b9e2f7c-8d53-4c0e-9a63-0d1f5d7e9a10",
        schema,
        1,
        1,
        placements,
        Instant.EPOCH);
  }

  /** The defaults, with another interval of bars. */
  static CoordinatorConfig withBars(Duration interval) {
    var config = CoordinatorConfig.defaults();
    return TestCoordinator.with(
        config,
        config.bulkIdle(),
        config.queries(),
        config.admission(),
        config.scheduling(),
        config.scatter().withBarInterval(interval));
  }

  /** The same request for so many hits. */
  static ScatterRequest withHits(ScatterRequest request, int hits) {
    return new ScatterRequest(
        request.query(),
        hits,
        request.fields(),
        request.sort(),
        request.aggs(),
        request.highlight(),
        request.countUpTo(),
        request.args());
  }
}
