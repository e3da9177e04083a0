package dev.heddle.loadtest.search;

import dev.heddle.loadtest.invoke.Findings;
import dev.heddle.loadtest.measure.Curve;
import dev.heddle.loadtest.measure.Curve.Point;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.search.SearchRounds.Cell;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Makes a result of what the rounds brought. Stateless. */
final class SearchVerdict {
  private static final String PEER = "openSearch";

  /**
   * What is promised beside the peer: by shape, the highest share of its median time, and of its
   * time a query.
   */
  private static final Map<String, Promise> PROMISES =
      Map.of("apart", new Promise(0.65, 2), "together", new Promise(0.4, 3));

  private record Promise(double p50Times, double perSecondTimes) {}

  private SearchVerdict() {}

  static ExperimentResult result(
      String experiment,
      String subject,
      List<Subject> subjects,
      SearchRounds rounds,
      Findings findings) {
    boolean peer = subjects.stream().anyMatch(each -> each.name().equals(PEER));
    for (var shape : List.of("together", "apart")) {
      for (int clients : SearchExperiment.CLIENTS) {
        for (var kind : SearchExperiment.KINDS) {
          tell(shape, kind, clients, peer, rounds, findings);
        }
      }
    }
    findings.note(
        "titles of hits are shown, nothing is highlighted; totals are exact up to "
            + SearchQuery.COUNTED
            + "; analysis and figures of BM25 are the same everywhere");
    findings.note(
        "lucene and fanOut run in the client's process; grpcFloor is plain gRPC with hand-made"
            + " bytes to "
            + SearchExperiment.LEAVES
            + " processes with bare Lucene; floors have one"
            + " segment a shard and no caches");
    if (peer) {
      findings.note(
          "openSearch: one node, merged to one segment a shard, request cache off, the JVM's own"
              + " choice of collector; its shards rank by figures of their own"
              + " (openSearchTopTenPercent: share of the single index' best ten that it found)");
    } else {
      findings.note("NO PEER: OpenSearch takes part with --peers opensearch");
    }
    return findings.result(experiment, subject, curves(subjects, rounds));
  }

  private static void tell(
      String shape,
      SearchKind kind,
      int clients,
      boolean peer,
      SearchRounds rounds,
      Findings findings) {
    var ours = new Cell(shape + "Http", kind, clients);
    var name = shape + upper(kind.label()) + clients;
    findings.figure(name + "P50Micros", rounds.p50Micros(ours));
    findings.figure(name + "QueriesPerSecond", rounds.queriesPerSecond(ours));
    var promise = PROMISES.get(shape);
    if (!peer || promise == null) {
      return;
    }
    var theirs = new Cell(PEER, kind, clients);
    findings.figure(
        name + "P50ToPeerTimes", rounds.p50Micros(ours) / Math.max(1e-9, rounds.p50Micros(theirs)));
    findings.goal(name + "P50ToPeerTimes", promise.p50Times());
    // Promises are about what must not be exceeded: time a query in place of queries a second.
    double micros = 1e6 / Math.max(1e-9, rounds.queriesPerSecond(ours));
    double peerMicros = 1e6 / Math.max(1e-9, rounds.queriesPerSecond(theirs));
    findings.figure(name + "MicrosPerQueryToPeerTimes", micros / peerMicros);
    findings.goal(name + "MicrosPerQueryToPeerTimes", 1 / promise.perSecondTimes());
  }

  private static List<Curve> curves(List<Subject> subjects, SearchRounds rounds) {
    var curves = new ArrayList<Curve>();
    for (var kind : SearchExperiment.KINDS) {
      curves.add(
          curve(
              "Throughput: " + kind.label(),
              "queries per second",
              subjects,
              kind,
              rounds::queriesPerSecond));
      curves.add(
          curve(
              "Median time: " + kind.label(),
              "ms",
              subjects,
              kind,
              cell -> rounds.p50Micros(cell) / 1e3));
    }
    return curves;
  }

  private static Curve curve(
      String title,
      String y,
      List<Subject> subjects,
      SearchKind kind,
      ToDoubleFunction<Cell> figure) {
    var lines = new ArrayList<Curve.Line>();
    for (var subject : subjects) {
      var points = new ArrayList<Point>();
      for (int clients : SearchExperiment.CLIENTS) {
        points.add(
            new Point(clients, figure.applyAsDouble(new Cell(subject.name(), kind, clients))));
      }
      lines.add(new Curve.Line(subject.name(), points));
    }
    return new Curve(title, "clients", y, lines);
  }

  private static String upper(String word) {
    return Character.toUpperCase(word.charAt(0)) + word.substring(1);
  }
}
