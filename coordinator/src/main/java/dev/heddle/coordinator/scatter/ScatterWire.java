package dev.heddle.coordinator.scatter;

import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Figures.FieldFigures;
import dev.heddle.coordinator.plan.Figures.TermFigures;
import dev.heddle.coordinator.plan.Figures.TermKey;
import dev.heddle.coordinator.plan.Plan.LeafAssignment;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.engine.FunctionRef;
import dev.heddle.engine.MissingReason;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Bound;
import dev.heddle.function.ScatterRequest;
import dev.heddle.internal.v1.FieldStatistics;
import dev.heddle.internal.v1.LeafPartial;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.MissingStatistics;
import dev.heddle.internal.v1.PlanPart;
import dev.heddle.internal.v1.ShardError;
import dev.heddle.internal.v1.Statistics;
import dev.heddle.internal.v1.TermStatistics;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Between the internal messages and the coordinator's own types. */
final class ScatterWire {
  private ScatterWire() {}

  static LeafRequest common(
      String queryId,
      String tenant,
      String datasetId,
      FunctionRef function,
      long catalogRevision,
      ScatterRequest request) {
    return LeafRequest.newBuilder()
        .setQueryId(queryId)
        .setTenant(tenant)
        .setDatasetId(datasetId)
        .setFunction(
            dev.heddle.internal.v1.FunctionRef.newBuilder()
                .setName(function.name())
                .setCatalogRevision(catalogRevision)
                .setVersion(function.version().map(version -> version.digest()).orElse("")))
        .setRequest(QueryWire.request(request))
        .build();
  }

  static LeafRequest request(LeafRequest common, LeafCall call) {
    var message = common.toBuilder().setAttempt(call.attempt()).setByShard(call.byShard());
    message.getEpochBuilder().setOwner(call.epoch().owner()).setNumber(call.epoch().number());
    List<Integer> shards = new ArrayList<>(call.leaf().shards().size());
    boolean handed = call.leaf().handed();
    for (var shard : call.leaf().shards()) {
      if (!handed) {
        message.addShards(ref(shard));
      }
      shards.add(shard.shard());
    }
    call.leaf().parts().forEach(part -> message.addParts(part(part)));
    var reading = call.reading();
    message.setRead(
        ReplicaWire.requirement(reading.level(), reading.positions(shards), call.waitNanos()));
    if (!call.budget().equals(Budget.ANY)) {
      message
          .getBudgetBuilder()
          .setDocuments(call.budget().documents())
          .setCpuNanos(call.budget().cpuNanos());
    }
    call.figures().map(ScatterWire::statistics).ifPresent(message::setStatistics);
    if (call.whole()) {
      message.setWhole(true);
    }
    if (!call.bar().equals(Bound.NONE)) {
      message.setBar(call.bar().least());
    }
    if (call.hits() > 0) {
      message.getRequestBuilder().setK(call.hits());
      // The best of so few are no measure for others.
      message.clearCaller();
    }
    return message.build();
  }

  private static PlanPart part(LeafAssignment assignment) {
    var message = PlanPart.newBuilder().setNode(assignment.node());
    if (assignment.handed()) {
      assignment.parts().forEach(part -> message.addParts(part(part)));
    } else {
      assignment.shards().forEach(shard -> message.addShards(ref(shard)));
    }
    return message.build();
  }

  /**
   * @param node that answers
   */
  static LeafReply reply(LeafResponse response, String node) {
    return switch (response.getOutcomeCase()) {
      case PARTIAL -> answer(response.getPartial(), response.getSerializedSize(), node);
      case MISSING -> {
        var missing = response.getMissing();
        yield new LeafReply.NeedsFigures(
            missing.getFieldsMissing(),
            figures(missing.getLocal()),
            reports(missing.getReportsList(), node),
            failures(missing.getErrorsList()),
            QueryWire.bill(missing.getBill()));
      }
      case OUTCOME_NOT_SET ->
          new LeafReply.Failure(
              new HeddleException(ErrorCode.INTERNAL, "leaf answer: empty (expected: an outcome)"));
    };
  }

  private static LeafReply.Answer answer(LeafPartial message, long bytes, String node) {
    return new LeafReply.Answer(
        atoms(message),
        failures(message.getErrorsList()),
        reports(message.getReportsList(), node),
        QueryWire.bill(message.getBill()),
        message.getQueueMicros(),
        message.getActiveMicros(),
        bytes,
        message.hasMissing() ? Optional.of(rest(message.getMissing(), node)) : Optional.empty(),
        calls(message, node));
  }

  /** Leaves tell of none. */
  private static List<MadeCall> calls(LeafPartial message, String node) {
    return message.getCallsCount() == 0
        ? List.of()
        : message.getCallsList().stream().map(call -> MadeCallWire.call(call, node)).toList();
  }

  private static LeafReply.Rest rest(MissingStatistics message, String node) {
    return new LeafReply.Rest(
        message.getShardsList().stream().map(ScatterWire::ref).toList(),
        message.getUntold(),
        message.getFieldsMissing(),
        figures(message.getLocal()),
        reports(message.getReportsList(), node));
  }

  private static List<LeafReply.Atom> atoms(LeafPartial message) {
    List<LeafReply.Atom> atoms = new ArrayList<>(1 + message.getPartsCount());
    var bar = message.hasBar() ? bound(message.getBar()) : Bound.NONE;
    if (message.hasPartial() && message.getCoversCount() > 0) {
      atoms.add(
          new LeafReply.Atom(
              message.getCoversList().stream().map(ScatterWire::ref).toList(),
              message.getPartial().toByteArray(),
              message.getCut(),
              bar));
    }
    for (var part : message.getPartsList()) {
      List<ShardRef> covers = new ArrayList<>(1 + part.getOthersCount());
      covers.add(ref(part.getShard()));
      part.getOthersList().forEach(other -> covers.add(ref(other)));
      atoms.add(new LeafReply.Atom(covers, part.getPartial().toByteArray(), false, bar));
    }
    return atoms;
  }

  /** What a node says of its bar. */
  static Bound bound(double bar) {
    if (Double.isNaN(bar)) {
      throw new HeddleException(ErrorCode.INVALID_REQUEST, "bar: NaN (expected: a number)");
    }
    return new Bound(bar);
  }

  private static List<ShardReport> reports(
      List<dev.heddle.internal.v1.ShardReport> messages, String node) {
    return messages.stream()
        .map(report ->
            new ShardReport(
                report.getShard(),
                report.getSeen(),
                report.getMatched(),
                report.getScanned(),
                report.getStartMicros(),
                report.getActiveMicros(),
                report.getView(),
                ReplicaWire.position(report.getPosition()),
                report.hasReplica()
                    ? Optional.of(ReplicaWire.replica(report.getReplica()))
                    : Optional.empty(),
                report.getSkipped(),
                report.getNode().isEmpty() ? node : report.getNode()))
        .toList();
  }

  private static List<ShardFailure> failures(List<ShardError> messages) {
    return messages.stream().map(ScatterWire::failure).toList();
  }

  private static ShardFailure failure(ShardError error) {
    var code = ErrorCode.of(error.getCode()).orElse(ErrorCode.INTERNAL);
    String reason =
        error.getReason().isEmpty()
                || code == ErrorCode.STALE_REPLICA
                || code == ErrorCode.NO_MAJORITY
            ? MissingReason.of(code)
            : error.getReason();
    return new ShardFailure(ref(error.getShard()), code, reason, error.getMessage());
  }

  static ShardRef ref(dev.heddle.internal.v1.ShardRef message) {
    return new ShardRef(message.getShard(), message.getGeneration());
  }

  static dev.heddle.internal.v1.ShardRef ref(ShardRef shard) {
    return dev.heddle.internal.v1.ShardRef.newBuilder()
        .setShard(shard.shard())
        .setGeneration(shard.generation())
        .build();
  }

  static Figures figures(Statistics message) {
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
    return new Figures(message.getDocuments(), fields, terms);
  }

  static Statistics statistics(Figures figures) {
    var message = Statistics.newBuilder().setDocuments(figures.documents());
    figures
        .fields()
        .forEach((name, field) ->
            message.addFields(
                FieldStatistics.newBuilder()
                    .setField(name)
                    .setDocuments(field.documents())
                    .setSumTotalTermFrequency(field.sumTotalTermFrequency())
                    .setSumDocumentFrequency(field.sumDocumentFrequency())));
    figures
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
}
