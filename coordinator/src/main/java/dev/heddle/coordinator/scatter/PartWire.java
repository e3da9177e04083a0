package dev.heddle.coordinator.scatter;

import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.plan.Tree;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.coordinator.scatter.LeafReply.Answer;
import dev.heddle.coordinator.scatter.LeafReply.ShardFailure;
import dev.heddle.coordinator.scatter.LeafReply.ShardReport;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.engine.QueryWire;
import dev.heddle.function.Bound;
import dev.heddle.internal.v1.LeafPartial;
import dev.heddle.internal.v1.LeafRequest;
import dev.heddle.internal.v1.LeafResponse;
import dev.heddle.internal.v1.MissingStatistics;
import dev.heddle.internal.v1.PlanPart;
import dev.heddle.internal.v1.RaiseRequest;
import dev.heddle.internal.v1.ShardError;
import dev.heddle.internal.v1.ShardPartial;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Parts of other coordinators' queries, and what comes of them, in messages. */
public final class PartWire {
  private static final int MOST_SHARDS = 16_384;

  private PartWire() {}

  /** The call that hands a part here. */
  public static Ref call(LeafRequest message) {
    return new Ref(message.getQueryId(), message.getBranch(), message.getAttempt(), false);
  }

  /** The call that is told of others' bar. */
  public static Ref call(RaiseRequest message) {
    return new Ref(message.getQueryId(), message.getBranch(), message.getAttempt(), false);
  }

  /**
   * What others found.
   *
   * @throws HeddleException INVALID_REQUEST for no number
   */
  public static Bound bar(RaiseRequest message) {
    return ScatterWire.bound(message.getBar());
  }

  /**
   * The part that a coordinator is handed.
   *
   * @param self this coordinator's node
   * @throws HeddleException INVALID_REQUEST for a part that is none, or names a shard twice;
   *     TOO_LARGE for one with too many levels or shards
   */
  public static Part part(LeafRequest message, String self) {
    if (message.getByShard()) {
      throw wrong("byShard", "true", "false for a part of a plan: only leaves are hedged");
    }
    if (message.getAttempt() <= 0) {
      throw wrong("attempt", Integer.toUnsignedString(message.getAttempt()), "1..2^31-1");
    }
    int levels = message.getLevels();
    if (levels < 2 || levels > Tree.MOST_LEVELS) {
      throw wrong("levels", levels, "2.." + Tree.MOST_LEVELS);
    }
    Set<Integer> shards = new HashSet<>();
    // The call to this node is one level.
    var pieces = pieces(message.getPartsList(), levels - 1, shards);
    var budget = message.getBudget();
    var read = message.getRead();
    var epoch = message.getEpoch();
    boolean hears = pieces.stream().anyMatch(piece -> !piece.pieces().isEmpty());
    return new Part(
        call(message),
        new Template(
                message.getFunction().getName(),
                message.toBuilder()
                    .clearAttempt()
                    .clearParts()
                    .clearStatistics()
                    .clearRead()
                    .clearBudget()
                    .clearWhole()
                    .clearBar()
                    .setCaller(hears ? self : "")
                    .build())
            .within(Part.branch(call(message), self)),
        message.getTenant(),
        message.getDatasetId(),
        pieces,
        message.getFunction().getName(),
        message.getFunction().getVersion(),
        message.getFunction().getCatalogRevision(),
        QueryWire.request(message.getRequest()),
        StatisticsEpoch.named(epoch.getOwner(), epoch.getNumber()),
        message.hasStatistics()
            ? Optional.of(ScatterWire.figures(message.getStatistics()))
            : Optional.empty(),
        Reading.handed(
            ReplicaWire.level(read.getLevel(), Reading.Level.ANY),
            read.getPositionsList().stream().map(PartWire::position).toList()),
        new Budget(budget.getDocuments(), budget.getCpuNanos()),
        levels,
        message.getExplain(),
        message.getWhole(),
        message.hasBar() ? ScatterWire.bound(message.getBar()) : Bound.NONE,
        message.getCaller());
  }

  private static Position position(dev.heddle.v1.Position message) {
    checkShard("read", message.getShard());
    return ReplicaWire.position(message);
  }

  /** Before anything is made of its size. */
  private static void checkShard(String what, int shard) {
    if (shard < 0 || shard >= MOST_SHARDS) {
      throw wrong(
          what, "shard " + Integer.toUnsignedString(shard), "shards in 0.." + (MOST_SHARDS - 1));
    }
  }

  private static List<Part.Piece> pieces(List<PlanPart> messages, int levels, Set<Integer> shards) {
    if (levels == 0) {
      throw new HeddleException(
          ErrorCode.TOO_LARGE, "parts: deeper than the levels that the request names");
    }
    List<Part.Piece> pieces = new ArrayList<>(messages.size());
    for (var message : messages) {
      if (message.getNode().isEmpty()
          || (message.getPartsCount() == 0) == (message.getShardsCount() == 0)) {
        throw wrong("parts", message.getNode(), "a node, and shards or parts that it hands on");
      }
      List<ShardRef> refs = new ArrayList<>(message.getShardsCount());
      for (var ref : message.getShardsList()) {
        checkShard("parts", ref.getShard());
        if (!shards.add(ref.getShard())) {
          throw wrong("parts", "shard " + ref.getShard() + " twice", "each shard once");
        }
        refs.add(ScatterWire.ref(ref));
      }
      if (shards.size() > MOST_SHARDS) {
        throw new HeddleException(
            ErrorCode.TOO_LARGE, "parts: too many shards (expected: at most " + MOST_SHARDS + ")");
      }
      pieces.add(
          new Part.Piece(
              message.getNode(),
              refs,
              message.getPartsCount() == 0
                  ? List.of()
                  : pieces(message.getPartsList(), levels - 1, shards)));
    }
    return pieces;
  }

  private static HeddleException wrong(String what, Object value, String expected) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST, what + ": " + value + " (expected: " + expected + ")");
  }

  /** What came of a part. */
  public static LeafResponse response(Answer answer) {
    var message =
        LeafPartial.newBuilder()
            .setBill(QueryWire.bill(answer.bill()))
            .setQueueMicros(answer.queueMicros())
            .setActiveMicros(answer.activeMicros());
    for (var atom : answer.atoms()) {
      var covers = atom.covers().stream().map(ScatterWire::ref).toList();
      var partial = UnsafeByteOperations.unsafeWrap(atom.partial());
      if (answer.atoms().size() == 1) {
        message.addAllCovers(covers).setPartial(partial).setCut(atom.cut());
        if (atom.barred()) {
          message.setBar(atom.bar().least());
        }
      } else {
        message.addParts(
            ShardPartial.newBuilder()
                .setShard(covers.getFirst())
                .addAllOthers(covers.subList(1, covers.size()))
                .setPartial(partial));
      }
    }
    answer.failures().forEach(failure -> message.addErrors(error(failure)));
    answer.reports().forEach(report -> message.addReports(report(report)));
    answer.rest().ifPresent(rest -> message.setMissing(missing(rest)));
    answer.calls().forEach(call -> message.addCalls(MadeCallWire.timing(call)));
    return LeafResponse.newBuilder().setPartial(message).build();
  }

  private static MissingStatistics missing(LeafReply.Rest rest) {
    return MissingStatistics.newBuilder()
        .setFieldsMissing(rest.fields())
        .setLocal(ScatterWire.statistics(rest.local()))
        .addAllReports(rest.reports().stream().map(PartWire::report).toList())
        .addAllShards(rest.shards().stream().map(ScatterWire::ref).toList())
        .setUntold(rest.untold())
        .build();
  }

  private static ShardError error(ShardFailure failure) {
    return ShardError.newBuilder()
        .setShard(ScatterWire.ref(failure.shard()))
        .setCode(failure.code().number())
        .setReason(failure.reason())
        .setMessage(failure.message())
        .build();
  }

  private static dev.heddle.internal.v1.ShardReport report(ShardReport report) {
    var message =
        dev.heddle.internal.v1.ShardReport.newBuilder()
            .setShard(report.shard())
            .setSeen(report.documents())
            .setActive(report.documents())
            .setMatched(report.matched())
            .setScanned(report.scanned())
            .setStartMicros(report.startMicros())
            .setActiveMicros(report.activeMicros())
            .setView(report.view())
            .setPosition(ReplicaWire.position(report.position()))
            .setSkipped(report.skipped())
            .setNode(report.node());
    report.replica().map(ReplicaWire::report).ifPresent(message::setReplica);
    return message.build();
  }
}
