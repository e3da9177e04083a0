package dev.heddle.sample.search;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** How well a search ranks: MRR and NDCG@10 over the judged queries. */
record RankingEvaluation(List<Scored> queries) {
  static final int DEPTH = 10;

  /**
   * One query's figures.
   *
   * @param reciprocalRank of the first document that is relevant at all; 0 where there is none
   * @param ndcg 0..1
   */
  record Scored(Judgements.Judged judged, List<String> found, double reciprocalRank, double ndcg) {}

  /** Runs every query; {@code search} gives the ids of the best ten, best first. */
  static RankingEvaluation of(Judgements judgements, Function<String, List<String>> search) {
    var scored = new ArrayList<Scored>();
    for (var judged : judgements.queries()) {
      var found = search.apply(judged.query()).stream().limit(DEPTH).toList();
      scored.add(
          new Scored(
              judged, found, reciprocalRank(found, judged.grades()), ndcg(found, judged.grades())));
    }
    return new RankingEvaluation(List.copyOf(scored));
  }

  static double reciprocalRank(List<String> found, Map<String, Integer> grades) {
    for (int i = 0; i < found.size(); i++) {
      if (grades.containsKey(found.get(i))) {
        return 1.0 / (i + 1);
      }
    }
    return 0;
  }

  static double ndcg(List<String> found, Map<String, Integer> grades) {
    var gained = found.stream().map(id -> grades.getOrDefault(id, 0)).toList();
    var best = grades.values().stream().sorted(Comparator.reverseOrder()).limit(DEPTH).toList();
    return dcg(best) == 0 ? 0 : dcg(gained) / dcg(best);
  }

  private static double dcg(List<Integer> grades) {
    double sum = 0;
    for (int i = 0; i < grades.size(); i++) {
      sum += (Math.pow(2, grades.get(i)) - 1) / (Math.log(i + 2) / Math.log(2));
    }
    return sum;
  }

  double mrr() {
    return queries.stream().mapToDouble(Scored::reciprocalRank).average().orElse(0);
  }

  double ndcg() {
    return queries.stream().mapToDouble(Scored::ndcg).average().orElse(0);
  }

  /** Figures by kind and in all, then each query that is not perfect with what came first. */
  String report() {
    var out = new StringBuilder();
    queries.stream()
        .collect(Collectors.groupingBy(scored -> scored.judged().kind()))
        .forEach((kind, some) -> out.append(line(kind, new RankingEvaluation(some))));
    out.append(line("all", this));
    for (var scored : queries) {
      if (scored.ndcg() < 1) {
        out.append(
            String.format(
                Locale.ROOT,
                "  %.2f %-8s %-45s %s%n",
                scored.ndcg(),
                scored.judged().kind(),
                scored.judged().query(),
                shown(scored)));
      }
    }
    return out.toString();
  }

  private static String line(String name, RankingEvaluation some) {
    return String.format(
        Locale.ROOT,
        "%-8s %3d queries  MRR %.3f  NDCG@10 %.3f%n",
        name,
        some.queries.size(),
        some.mrr(),
        some.ndcg());
  }

  /** The first five, relevant ones marked. */
  private static String shown(Scored scored) {
    return scored.found().stream()
        .limit(5)
        .map(
            id -> (scored.judged().grades().containsKey(id) ? "*" : "") + ResourceName.readable(id))
        .collect(Collectors.joining(" | "));
  }
}
