package dev.heddle.leaf;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.CatalogClient;
import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.QueryOrigin;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Bound;
import dev.heddle.internal.v1.FieldBounds;
import dev.heddle.internal.v1.FieldStatistics;
import dev.heddle.internal.v1.FieldTerms;
import dev.heddle.internal.v1.LeafPartial;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.MissingStatistics;
import dev.heddle.internal.v1.ReadRequirement;
import dev.heddle.internal.v1.ReplicaReport;
import dev.heddle.internal.v1.ShardError;
import dev.heddle.internal.v1.ShardPartial;
import dev.heddle.internal.v1.ShardRef;
import dev.heddle.internal.v1.ShardReport;
import dev.heddle.internal.v1.Statistics;
import dev.heddle.internal.v1.TermStatistics;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.replication.Role;
import dev.heddle.shard.FieldFigures;
import dev.heddle.shard.ReadLevel;
import dev.heddle.shard.ReplicaSummary;
import dev.heddle.shard.ShardPosition;
import dev.heddle.shard.ShardStatistics;
import dev.heddle.shard.ShardStatus;
import dev.heddle.shard.TermFigures;
import dev.heddle.shard.TermKey;
import dev.heddle.v1.Bill;
import dev.heddle.v1.Position;
import dev.heddle.v1.Replica;
import dev.heddle.v1.ReplicaRole;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.function.Function;

/** Between the internal messages and a leaf's own types. */
final class LeafWire {
  private LeafWire() {}

  static LeafTask task(
      LeafRequest message,
      FunctionRef function,
      Map<LeafTask.ShardRef, HeddleException> unready,
      Map<LeafTask.ShardRef, Long> waited,
      Deadline deadline,
      SharedBar bar,
      BooleanSupplier cancelled) {
    return new LeafTask(
        new QueryOrigin(message.getQueryId(), RequestContext.current().trace().traceId()),
        message.getTenant(),
        message.getDatasetId(),
        message.getShardsList().stream().map(LeafWire::ref).toList(),
        function,
        QueryWire.request(message.getRequest()),
        new LeafTask.EpochId(
            message.getDatasetId(), message.getEpoch().getOwner(), message.getEpoch().getNumber()),
        message.hasStatistics()
            ? Optional.of(statistics(message.getStatistics()))
            : Optional.empty(),
        unready,
        waited,
        deadline,
        message.getByShard(),
        new LeafTask.Budget(message.getBudget().getDocuments(), message.getBudget().getCpuNanos()),
        bar,
        cancelled);
  }

  /** What others had found when the call was made. */
  static Bound bar(LeafRequest message) {
    return message.hasBar() ? bound(message.getBar()) : Bound.NONE;
  }

  static Bound bound(double bar) {
    if (Double.isNaN(bar)) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, "bar: NaN (expected: a number)");
    }
    return new Bound(bar);
  }

  /**
   * The exact version that the coordinator chose. If this node's view lags, it waits for it; if it
   * has none yet, as it has just started, others are asked sooner than that is there.
   */
  static FunctionRef function(
      CatalogClient catalog,
      String tenant,
      dev.heddle.internal.v1.FunctionRef message,
      Deadline deadline)
      throws InterruptedException {
    if (message.getVersion().isEmpty()) {
      return new FunctionRef(tenant, message.getName(), Optional.empty());
    }
    catalog.known();
    CatalogView view = catalog.awaitRevision(message.getCatalogRevision(), deadline);
    FunctionVersion version =
        view.function(tenant, message.getName())
            .flatMap(record -> record.version(message.getVersion()))
            .orElseThrow(() ->
                new HeddleException(
                    ErrorCode.UNKNOWN_FUNCTION,
                    "function: "
                        + message.getName()
                        + "@"
                        + message.getVersion()
                        + " (expected: a version in the catalog)"));
    return new FunctionRef(tenant, message.getName(), Optional.of(version));
  }

  static LeafTask.ShardRef ref(ShardRef message) {
    return new LeafTask.ShardRef(message.getShard(), message.getGeneration());
  }

  private static ShardRef ref(LeafTask.ShardRef ref) {
    return ShardRef.newBuilder().setShard(ref.shard()).setGeneration(ref.generation()).build();
  }

  /** What the read must have seen. */
  static ReadWaits.Requirement read(ReadRequirement message) {
    ReadLevel level =
        switch (message.getLevel()) {
          case READ_LEVEL_SESSION -> ReadLevel.SESSION;
          case READ_LEVEL_LINEARIZABLE -> ReadLevel.LINEARIZABLE;
          case READ_LEVEL_ANY, READ_LEVEL_UNSPECIFIED, UNRECOGNIZED -> ReadLevel.ANY;
        };
    Map<Integer, ShardPosition> positions = new HashMap<>();
    for (Position position : message.getPositionsList()) {
      positions.put(
          position.getShard(), new ShardPosition(position.getIncarnation(), position.getIndex()));
    }
    return new ReadWaits.Requirement(
        level, positions, Duration.ofNanos(message.getWaitMicros() * 1_000));
  }

  static Position position(int shard, String incarnation, long index) {
    return Position.newBuilder()
        .setShard(shard)
        .setIncarnation(incarnation)
        .setIndex(Math.max(0, index))
        .build();
  }

  static ReplicaReport report(String node, ShardStatus status, ReplicaReports reports) {
    Replica.Builder replica =
        Replica.newBuilder()
            .setNode(node)
            .setRole(role(status.role()))
            .setAvailable(status.available())
            .setReason(status.reason())
            .setTerm(status.term())
            .setApplied(Math.max(0, status.applied()))
            .setVisible(Math.max(0, status.visible()))
            .setLag(status.lag())
            .setDocuments(status.documents());
    status.progress().ifPresent(replica::setProgress);
    return ReplicaReport.newBuilder()
        .setDatasetId(status.datasetId())
        .setShard(status.shard())
        .setIncarnation(status.incarnation())
        .setReplica(replica)
        .setLeader(status.leader())
        .setSegments(status.segments())
        .setDeletedRatio(status.deletedRatio())
        .setQueueLength(reports.queueLength())
        .setServiceMicros(reports.serviceMicros())
        .setStalenessMicros(status.stalenessMicros())
        .build();
  }

  /** What a replica holds. */
  static dev.heddle.internal.v1.ReplicaSummary summary(String node, ReplicaSummary held) {
    var content = held.content();
    var message =
        dev.heddle.internal.v1.ReplicaSummary.newBuilder()
            .setDatasetId(held.datasetId())
            .setShard(content.shard())
            .setNode(node)
            .setPosition(position(content.shard(), held.incarnation(), held.index()))
            .setDocuments(content.documents());
    content
        .bounds()
        .forEach((field, bounds) ->
            message.addBounds(
                FieldBounds.newBuilder()
                    .setField(field)
                    .setLeast(bounds.least())
                    .setGreatest(bounds.greatest())));
    content
        .terms()
        .forEach((field, terms) ->
            message.addTerms(FieldTerms.newBuilder().setField(field).addAllTerms(terms)));
    return message.build();
  }

  private static ReplicaRole role(Role role) {
    return switch (role) {
      case LEADER -> ReplicaRole.REPLICA_ROLE_LEADER;
      case FOLLOWER -> ReplicaRole.REPLICA_ROLE_FOLLOWER;
      case CANDIDATE -> ReplicaRole.REPLICA_ROLE_CANDIDATE;
      case OUTSIDE -> ReplicaRole.REPLICA_ROLE_JOINING;
      case CLOSED -> ReplicaRole.REPLICA_ROLE_UNSPECIFIED;
    };
  }

  static LeafResponse response(LeafOutcome outcome, Function<Integer, ReplicaReport> replicas) {
    return switch (outcome) {
      case LeafOutcome.Missing missing ->
          LeafResponse.newBuilder()
              .setMissing(
                  MissingStatistics.newBuilder()
                      .setFieldsMissing(missing.fieldsMissing())
                      .setLocal(statistics(missing.local()))
                      .addAllReports(
                          missing.timings().stream().map(t -> report(t, replicas)).toList())
                      .addAllErrors(missing.failures().stream().map(LeafWire::error).toList())
                      .setBill(bill(missing.spent(), 0)))
              .build();
      case LeafOutcome.Answer answer ->
          LeafResponse.newBuilder().setPartial(partial(answer, replicas)).build();
    };
  }

  private static LeafPartial partial(
      LeafOutcome.Answer answer, Function<Integer, ReplicaReport> replicas) {
    var message = LeafPartial.newBuilder();
    long bytesSent = 0;
    if (answer.partial() != null) {
      message.setPartial(com.google.protobuf.UnsafeByteOperations.unsafeWrap(answer.partial()));
      bytesSent = answer.partial().length;
    }
    for (var ref : answer.covers()) {
      message.addCovers(ref(ref));
    }
    for (var part : answer.parts()) {
      message.addParts(
          ShardPartial.newBuilder()
              .setShard(ref(part.shard()))
              .setPartial(com.google.protobuf.UnsafeByteOperations.unsafeWrap(part.partial())));
      bytesSent += part.partial().length;
    }
    for (var failure : answer.failures()) {
      message.addErrors(error(failure));
    }
    if (!answer.bar().equals(Bound.NONE)) {
      message.setBar(answer.bar().least());
    }
    for (var timing : answer.timings()) {
      message.addReports(report(timing, replicas));
    }
    var spent = answer.spent();
    return message
        .setBill(bill(spent, bytesSent))
        .setQueueMicros(spent.queueNanos() / 1_000)
        .setActiveMicros(spent.activeNanos() / 1_000)
        .build();
  }

  static Bill bill(LeafOutcome.Spent spent, long bytesSent) {
    return Bill.newBuilder()
        .setActiveNanos(spent.activeNanos())
        .setCpuNanos(spent.cpuNanos())
        .setQueueNanos(spent.queueNanos())
        .setInitNanos(spent.initNanos())
        .setMemoryMibNanos(spent.activeNanos() * spent.memoryMib())
        .setDocumentsScanned(spent.documentsScanned())
        .setBytesRead(spent.bytesRead())
        .setBytesSent(bytesSent)
        .setShardOperations(spent.shardOperations())
        .setComplete(true)
        .build();
  }

  private static ShardError error(LeafOutcome.ShardFailure failure) {
    return ShardError.newBuilder()
        .setShard(ref(failure.shard()))
        .setCode(failure.code().number())
        .setReason(failure.reason())
        .setMessage(failure.message())
        .build();
  }

  private static ShardReport report(
      LeafOutcome.ShardTiming timing, Function<Integer, ReplicaReport> replicas) {
    return ShardReport.newBuilder()
        .setShard(timing.shard())
        .setSeen(timing.documents())
        .setActive(timing.documents())
        .setMatched(timing.matched())
        .setScanned(timing.scanned())
        .setStartMicros(timing.startNanos() / 1_000)
        .setActiveMicros(timing.activeNanos() / 1_000)
        .setView(timing.view())
        .setPosition(position(timing.shard(), timing.incarnation(), timing.position()))
        .setReplica(replicas.apply(timing.shard()))
        .setSkipped(timing.skipped())
        .build();
  }

  static ShardReport report(ShardStatus status) {
    return ShardReport.newBuilder()
        .setShard(status.shard())
        .setSeen(status.documents())
        .setActive(status.documents())
        .setView(status.view())
        .setPosition(position(status.shard(), status.incarnation(), status.visible()))
        .build();
  }

  static ShardStatistics statistics(Statistics message) {
    Map<String, FieldFigures> fields = new HashMap<>();
    for (var field : message.getFieldsList()) {
      fields.put(
          field.getField(),
          new FieldFigures(
              field.getDocuments(),
              field.getSumTotalTermFrequency(),
              field.getSumDocumentFrequency()));
    }
    Map<TermKey, TermFigures> terms = new HashMap<>();
    for (var term : message.getTermsList()) {
      terms.put(
          new TermKey(term.getField(), term.getTerm()),
          new TermFigures(term.getDocumentFrequency(), term.getTotalTermFrequency()));
    }
    return new ShardStatistics(message.getDocuments(), fields, terms);
  }

  static Statistics statistics(ShardStatistics statistics) {
    var message = Statistics.newBuilder().setDocuments(statistics.documents());
    statistics
        .fields()
        .forEach((name, field) ->
            message.addFields(
                FieldStatistics.newBuilder()
                    .setField(name)
                    .setDocuments(field.documents())
                    .setSumTotalTermFrequency(field.sumTotalTermFrequency())
                    .setSumDocumentFrequency(field.sumDocumentFrequency())));
    statistics
        .terms()
        .forEach((key, term) ->
            message.addTerms(
                TermStatistics.newBuilder()
                    .setField(key.field())
                    .setTerm(key.term())
                    .setDocumentFrequency(term.documentFrequency())
                    .setTotalTermFrequency(term.totalTermFrequency())));
    return message.build();
  }

  static ByteString bytes(byte[] content) {
    return com.google.protobuf.UnsafeByteOperations.unsafeWrap(content);
  }
}
