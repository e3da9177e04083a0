package dev.heddle.coordinator.scatter;

import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.ReplicaState;
import dev.heddle.coordinator.plan.ReplicaTable;
import dev.heddle.coordinator.plan.StatisticsEpoch.Sight;
import dev.heddle.engine.Bill;
import dev.heddle.engine.MissingReason;
import dev.heddle.function.Bound;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** What came back from a leaf. */
public sealed interface LeafReply {
  /**
   * Partials: a merged one, or one for each shard where the call asked for that.
   *
   * @param atoms none where no shard answered
   * @param bytes size of the whole message
   * @param rest of a coordinator: shards whose leaves lack figures
   * @param calls of a coordinator, if it was asked to tell: those that it made
   */
  record Answer(
      List<Atom> atoms,
      List<ShardFailure> failures,
      List<ShardReport> reports,
      Bill bill,
      long queueMicros,
      long activeMicros,
      long bytes,
      Optional<Rest> rest,
      List<MadeCall> calls)
      implements LeafReply {
    /** Of a leaf. */
    public Answer(
        List<Atom> atoms,
        List<ShardFailure> failures,
        List<ShardReport> reports,
        Bill bill,
        long queueMicros,
        long activeMicros,
        long bytes) {
      this(
          atoms,
          failures,
          reports,
          bill,
          queueMicros,
          activeMicros,
          bytes,
          Optional.empty(),
          List.of());
    }

    /** Reports about the shards of one of the partials. */
    public List<ShardReport> about(Atom atom) {
      if (atoms.size() == 1) {
        return reports;
      }
      Set<Integer> covers = new HashSet<>();
      atom.covers.forEach(ref -> covers.add(ref.shard()));
      return reports.stream().filter(report -> covers.contains(report.shard)).toList();
    }
  }

  /**
   * What a coordinator could not get of its part, as leaves lack figures of the epoch: it is to be
   * asked for again, with them.
   *
   * @param untold whether some of these shards have not told their figures
   * @param fields whether the collection's own figures are missing
   * @param local figures that leaves told, summed
   * @param reports about shards that told them
   */
  record Rest(
      List<ShardRef> shards,
      boolean untold,
      boolean fields,
      Figures local,
      List<ShardReport> reports) {
    public Rest {
      shards = List.copyOf(shards);
    }
  }

  /**
   * A partial, taken whole or not at all, and the shards that it covers: at least one.
   *
   * @param cut of a coordinator: whether it ends where a call below lacks something, however little
   *     is in it
   * @param bar what lies below it may have been left out, by what was told of others
   */
  record Atom(List<ShardRef> covers, byte[] partial, boolean cut, Bound bar) {
    /** That ends where it was asked to, and heeds nothing. */
    public Atom(List<ShardRef> covers, byte[] partial) {
      this(covers, partial, false, Bound.NONE);
    }

    /** Whether it heeds what was told of others. */
    public boolean barred() {
      return !bar.equals(Bound.NONE);
    }
  }

  /** The leaf lacks figures of the epoch, and ran nothing. */
  record NeedsFigures(
      boolean fields,
      Figures local,
      List<ShardReport> reports,
      List<ShardFailure> failures,
      Bill bill)
      implements LeafReply {}

  /** The call failed. */
  record Failure(HeddleException cause) implements LeafReply {}

  /**
   * A shard that did not answer.
   *
   * @param reason one of the reasons of a coverage
   */
  record ShardFailure(ShardRef shard, ErrorCode code, String reason, String message) {
    /** All of them failed at the node, for one cause. */
    public static List<ShardFailure> of(String node, List<ShardRef> shards, HeddleException cause) {
      String message = node + ": " + cause.getMessage();
      return shards.stream()
          .map(shard ->
              new ShardFailure(shard, cause.code(), MissingReason.of(cause.code()), message))
          .toList();
    }

    /** Throws the first one that says that the request is wrong. */
    public static void refuseWrong(List<ShardFailure> failures) {
      for (var failure : failures) {
        if (failure.code.kind() == ErrorCode.Kind.USER) {
          throw new HeddleException(failure.code, failure.message);
        }
      }
    }
  }

  /**
   * One shard's part. Times since the leaf began to work on the call.
   *
   * @param scanned documents that were looked at
   * @param view changes whenever what the replica shows does; means nothing to other replicas
   * @param position that the view shows: everything up to it, nothing beyond; with index 0 if the
   *     leaf named none
   * @param replica as its node sees it, if it said
   * @param skipped whether it was not searched, as nothing in it can match
   * @param node that tells it
   */
  record ShardReport(
      int shard,
      long documents,
      long matched,
      long scanned,
      long startMicros,
      long activeMicros,
      long view,
      Position position,
      Optional<Replica> replica,
      boolean skipped,
      String node) {
    /** What the report shows of the shard, to compare with others. */
    public Sight sight() {
      return position.index() > 0
          ? new Sight(position.incarnation(), position.index())
          : new Sight("", view);
    }

    /** How old the view may be; 0: none newer, or not known. */
    public long stalenessMicros() {
      return replica.map(known -> known.state().stalenessMicros()).orElse(0L);
    }
  }

  /** A replica, and how busy its node is. */
  record Replica(
      String datasetId, int shard, ReplicaState state, int queueLength, long serviceMicros) {
    /** Puts it into the table. */
    public void tell(ReplicaTable table) {
      table.heard(datasetId, shard, state);
      table.load(state.node(), queueLength, serviceMicros);
    }
  }
}
