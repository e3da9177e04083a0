package dev.heddle.coordinator.scatter;

import dev.heddle.coordinator.plan.Figures;
import dev.heddle.coordinator.plan.Plan.ShardRef;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.plan.StatisticsEpoch;
import dev.heddle.coordinator.scatter.LeafCall.Budget;
import dev.heddle.coordinator.scatter.LeafGrpcClient.Template;
import dev.heddle.coordinator.scatter.SettleGrpcClient.Ref;
import dev.heddle.function.Bound;
import dev.heddle.function.ScatterRequest;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A part of another coordinator's query.
 *
 * @param call that handed it here
 * @param template of the calls to be made for it
 * @param pieces whom to ask for what
 * @param function its name
 * @param version content digest; empty for a built-in
 * @param catalogRevision at which the query was planned
 * @param epoch of the query
 * @param figures of it that leaves lacked
 * @param reading what its shards must have seen
 * @param budget what it may spend
 * @param levels of calls in the query's tree
 * @param explain whether to tell of the calls that are made
 * @param whole whether its calls are asked for as many hits as itself, as it was asked before for
 *     fewer
 * @param bar what lies below it makes no difference, given what was found elsewhere
 * @param caller node that wants to hear what is found while the part runs; empty: nobody
 */
public record Part(
    Ref call,
    Template template,
    String tenant,
    String datasetId,
    List<Piece> pieces,
    String function,
    String version,
    long catalogRevision,
    ScatterRequest request,
    StatisticsEpoch epoch,
    Optional<Figures> figures,
    Reading reading,
    Budget budget,
    int levels,
    boolean explain,
    boolean whole,
    Bound bar,
    String caller) {
  public Part {
    pieces = List.copyOf(pieces);
  }

  /**
   * What the calls of a part are told apart by from those of other parts: who is handed a part
   * numbers the calls to a node within it, as the coordinator of the call did.
   *
   * @param call that hands the part out
   * @param node that gets it
   */
  public static String branch(Ref call, String node) {
    String above = call.branch().isEmpty() ? "" : call.branch() + "/";
    return above + node + "." + call.attempt();
  }

  /** Whether coordinators below tell what they find while they look for it. */
  public boolean hears() {
    return pieces.stream().anyMatch(piece -> !piece.pieces.isEmpty());
  }

  /** Shards of all pieces. */
  public List<ShardRef> shards() {
    return pieces.stream().flatMap(piece -> piece.all().stream()).toList();
  }

  /**
   * What one node is asked for: shards of a leaf, or pieces that a coordinator hands on; never
   * both.
   */
  public record Piece(String node, List<ShardRef> shards, List<Piece> pieces) {
    public Piece {
      shards = List.copyOf(shards);
      pieces = List.copyOf(pieces);
    }

    /** Nodes that are asked for this. */
    public Stream<String> nodes() {
      return Stream.concat(Stream.of(node), pieces.stream().flatMap(Piece::nodes));
    }

    /** Shards of this and of what it hands on. */
    public List<ShardRef> all() {
      return pieces.isEmpty()
          ? shards
          : pieces.stream().flatMap(piece -> piece.all().stream()).toList();
    }
  }
}
