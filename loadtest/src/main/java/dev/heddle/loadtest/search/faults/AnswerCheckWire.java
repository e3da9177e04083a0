package dev.heddle.loadtest.search.faults;

import dev.heddle.loadtest.search.faults.KnownDocuments.One;
import dev.heddle.v1.Hit;
import dev.heddle.v1.MissingShard;
import dev.heddle.v1.QueryResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Holds answers against what is known: whatever an answer says that it covers has to be in it,
 * once, and nothing else. Stateless.
 */
record AnswerCheckWire(KnownDocuments known) {
  private static final Set<String> REASONS =
      Set.of("deadline", "unreachable", "no_replica", "stale", "refused");
  private static final String PENDING = "pending";

  /**
   * What came of it.
   *
   * @param wrong what cannot be; empty: nothing
   * @param doubled shards that counted more than once, as far as can be told
   */
  record Verdict(List<String> wrong, int doubled) {
    Verdict {
      wrong = List.copyOf(wrong);
    }

    /** This, and what else cannot be. */
    Verdict and(String more) {
      var all = new ArrayList<>(wrong);
      all.add(more);
      return new Verdict(all, doubled);
    }
  }

  Verdict of(AskedWire asked, QueryResponse answer) {
    var wrong = new ArrayList<String>();
    var covered = covered(answer, wrong);
    if (!asked.streamed() && !answer.getFinal()) {
      wrong.add("not final (expected: the only answer is)");
    }
    if (answer.getCut() && !mayBeCut(asked)) {
      wrong.add("cut (expected: not where leaves are asked for all hits)");
    }
    int doubled =
        asked.kind() == AskedWire.Kind.COUNTS
            ? counts(answer, covered, wrong)
            : hits(asked, answer, covered, wrong);
    return new Verdict(wrong.stream().map(each -> asked + ": " + each).toList(), doubled);
  }

  /** Leaves are asked for fewer hits for neither aggregations nor improvements. */
  private static boolean mayBeCut(AskedWire asked) {
    return asked.kind() == AskedWire.Kind.BEST && !asked.streamed();
  }

  private Set<Integer> covered(QueryResponse answer, List<String> wrong) {
    var coverage = answer.getCoverage();
    var covered = new TreeSet<>(IntStream.range(0, known.shards().size()).boxed().toList());
    for (MissingShard missing : coverage.getMissingList()) {
      if (!covered.remove(missing.getShard())) {
        wrong.add("missing shard " + missing.getShard() + ": twice, or there is none");
      }
      boolean reasoned =
          REASONS.contains(missing.getReason())
              || (!answer.getFinal() && missing.getReason().equals(PENDING));
      if (!reasoned) {
        wrong.add(
            "missing shard %d: %s %s"
                .formatted(missing.getShard(), missing.getReason(), missing.getMessage()));
      }
    }
    same("shards in all", known.shards().size(), coverage.getShardsTotal(), wrong);
    same(
        "shards answered and skipped",
        covered.size(),
        coverage.getShardsAnswered() + coverage.getShardsSkipped(),
        wrong);
    same("documents in all", known.documents(), coverage.getTarget(), wrong);
    same(
        "documents seen",
        covered.stream().mapToInt(shard -> known.shards().get(shard).size()).sum(),
        coverage.getSeen(),
        wrong);
    return covered;
  }

  private int counts(QueryResponse answer, Set<Integer> covered, List<String> wrong) {
    var expected = new TreeMap<String, Long>();
    covered.forEach(shard -> expected.put("" + shard, (long) known.shards().get(shard).size()));
    var result = json(answer.getResultJson());
    if (!result.isObject()) {
      wrong.add("result: %s (expected: a JSON object)".formatted(answer.getResultJson()));
      return 0;
    }
    var found = new TreeMap<String, Long>();
    result.properties().forEach(each -> found.put(each.getKey(), whole(each.getValue())));
    if (!found.equals(expected)) {
      wrong.add("documents by shard: " + found + " (expected: " + expected + ")");
    }
    return (int)
        found.entrySet().stream()
            .filter(each -> each.getValue() > expected.getOrDefault(each.getKey(), 0L))
            .count();
  }

  /** What is broken is missing. */
  private static JsonNode json(String text) {
    try {
      return JsonMapper.shared().readTree(text);
    } catch (JacksonException e) {
      return JsonMapper.shared().missingNode();
    }
  }

  /** A whole number; -1: it is none. */
  private static long whole(JsonNode value) {
    return value.isIntegralNumber() && value.canConvertToLong() ? value.longValue() : -1;
  }

  private int hits(
      AskedWire asked, QueryResponse answer, Set<Integer> covered, List<String> wrong) {
    var all = known.of(asked.group(), covered);
    same("total", all.size(), answer.getTotal().getValue(), wrong);
    if (asked.kind() == AskedWire.Kind.SUMS) {
      sums(all, answer, wrong);
    }
    var expected = all.stream().limit(AskedWire.K).map(One::id).toList();
    var found = answer.getHitsList().stream().map(Hit::getId).toList();
    boolean cut = answer.getCut() && mayBeCut(asked);
    boolean right = cut ? someOfTheBest(found, expected) : found.equals(expected);
    if (!right) {
      wrong.add("hits: " + found + " (expected: " + expected + ")");
    }
    return answer.getTotal().getValue() > all.size() ? 1 : 0;
  }

  private static void sums(List<One> all, QueryResponse answer, List<String> wrong) {
    var sums = answer.getAggsMap().get(AskedWire.SUM);
    if (sums == null || !sums.hasStats()) {
      wrong.add("stats: none (expected: of all that match)");
      return;
    }
    var stats = sums.getStats();
    same("count", all.size(), stats.getCount(), wrong);
    long sum = all.stream().mapToLong(One::number).sum();
    same("sum", sum, all.isEmpty() ? 0 : stats.getSum().getLongValue(), wrong);
  }

  /** One that was cut has the best ones, and fewer; each leaf is asked for one at least. */
  private static boolean someOfTheBest(List<String> found, List<String> expected) {
    return found.size() <= expected.size()
        && found.isEmpty() == expected.isEmpty()
        && found.equals(expected.subList(0, found.size()));
  }

  private static void same(String what, long expected, long found, List<String> wrong) {
    if (expected != found) {
      wrong.add(what + ": " + found + " (expected: " + expected + ")");
    }
  }
}
