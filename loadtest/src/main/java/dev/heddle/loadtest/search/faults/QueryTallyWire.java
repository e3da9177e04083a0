package dev.heddle.loadtest.search.faults;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.v1.MissingShard;
import dev.heddle.v1.QueryResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What came of all queries. Safe for any thread. */
final class QueryTallyWire {
  private static final int MOST_TOLD = 20;
  private static final Duration SLIGHT = Duration.ofMillis(20);
  private static final Duration GREAT = Duration.ofMillis(250);

  private final LatencyRecorder times = new LatencyRecorder();
  private final LatencyRecorder late = new LatencyRecorder();
  private final Map<String, Integer> reasons = new TreeMap<>();
  private final List<String> wrong = new ArrayList<>();
  private final List<String> failures = new ArrayList<>();
  private int answered;
  private int refused;
  private int unanswered;
  private int broken;
  private int full;
  private int partial;
  private int cut;
  private int improvements;
  private int wrongAnswers;
  private int doubled;
  private int slightlyLate;
  private int greatlyLate;
  private long hedges;

  /** Whether nothing is missing in an answer, and all hits are there. */
  static boolean full(QueryResponse answer) {
    return answer.getCoverage().getMissingCount() == 0 && !answer.getCut();
  }

  /** One that was answered, after so long. */
  synchronized void answered(QueryResponse answer, long nanos, Duration deadline) {
    answered++;
    times.record(nanos);
    long beyond = Math.max(0, nanos - deadline.toNanos());
    late.record(beyond);
    slightlyLate += beyond > SLIGHT.toNanos() ? 1 : 0;
    greatlyLate += beyond > GREAT.toNanos() ? 1 : 0;
    hedges += answer.getBill().getHedges();
    full += full(answer) ? 1 : 0;
    cut += answer.getCut() ? 1 : 0;
    var missing = answer.getCoverage().getMissingList();
    partial += missing.isEmpty() ? 0 : 1;
    missing.stream()
        .map(MissingShard::getReason)
        .forEach(each -> reasons.merge(each, 1, Integer::sum));
  }

  synchronized void improved() {
    improvements++;
  }

  /** The coordinator had no place; the query comes again. */
  synchronized void refused() {
    refused++;
  }

  synchronized void unanswered(String failure) {
    unanswered++;
    tell(failures, "unanswered: " + failure);
  }

  /** One whose answer is so wrong that it could not be held against anything. */
  synchronized void broken(String what) {
    broken++;
    wrongAnswers++;
    tell(wrong, what);
  }

  /** Of an answer or an improvement. */
  synchronized void checked(AnswerCheckWire.Verdict verdict) {
    doubled += verdict.doubled();
    if (!verdict.wrong().isEmpty()) {
      wrongAnswers++;
      verdict.wrong().forEach(each -> tell(wrong, each));
    }
  }

  private static void tell(List<String> some, String what) {
    if (some.size() < MOST_TOLD) {
      some.add(what);
    }
  }

  /** Queries that came to an end, whichever. */
  synchronized int ended() {
    return answered + unanswered + broken;
  }

  synchronized int answered() {
    return answered;
  }

  /** Answers of all shards, with all hits. */
  synchronized int full() {
    return full;
  }

  synchronized LatencyRecorder times() {
    var copy = new LatencyRecorder();
    copy.add(times);
    return copy;
  }

  /** How long after their deadlines answers came; 0: before it. */
  synchronized LatencyRecorder late() {
    var copy = new LatencyRecorder();
    copy.add(late);
    return copy;
  }

  /** What cannot be in an answer, the first of it. */
  synchronized List<String> wrong() {
    return List.copyOf(wrong);
  }

  /** Why there was no answer, the first of it. */
  synchronized List<String> failures() {
    return List.copyOf(failures);
  }

  /** Figures by name. */
  synchronized Map<String, Double> figures() {
    var figures = new TreeMap<String, Double>();
    figures.put("answered", (double) answered);
    figures.put("refusals", (double) refused);
    figures.put("unanswered", (double) unanswered);
    figures.put("fullAnswers", (double) full);
    figures.put("partialAnswers", (double) partial);
    figures.put("cutAnswers", (double) cut);
    figures.put("improvements", (double) improvements);
    figures.put("wrongAnswers", (double) wrongAnswers);
    figures.put("doubledShards", (double) doubled);
    figures.put("lateBeyond20Millis", (double) slightlyLate);
    figures.put("lateBeyond250Millis", (double) greatlyLate);
    figures.put("hedgedShards", (double) hedges);
    reasons.forEach((reason, count) -> figures.put("missing_" + reason, (double) count));
    return figures;
  }

  @Override
  public synchronized String toString() {
    return "%d answered, %d in part, %d not, %d refusals, %d beyond 20 ms, missing %s"
        .formatted(answered, partial, unanswered, refused, slightlyLate, reasons);
  }
}
