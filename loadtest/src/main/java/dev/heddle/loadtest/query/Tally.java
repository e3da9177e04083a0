package dev.heddle.loadtest.query;

import dev.heddle.loadtest.measure.LatencyRecorder;
import dev.heddle.loadtest.measure.Timeline;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** What came of some requests. Owned by one thread at a time. */
final class Tally {
  /** Of many alike problems the first few tell enough. */
  private static final int MAX_TOLD = 5;

  private final Map<QueryKind, LatencyRecorder> latency = new EnumMap<>(QueryKind.class);
  private final LatencyRecorder server = new LatencyRecorder();
  private final Timeline completions = new Timeline();
  private final List<String> problems = new ArrayList<>();
  private long errors;
  private long partial;
  private long wrong;
  private long ownNanos;

  /** An answer, its time on the client's clock, and what the server says it took. */
  void answered(QueryKind kind, long nanos, Answer answer) {
    latency.computeIfAbsent(kind, any -> new LatencyRecorder()).record(nanos);
    server.record(Math.max(0, answer.tookMicros()) * 1_000);
  }

  /** Something came to its end, so long after the beginning of the run. */
  void ended(long nanos) {
    completions.record(nanos);
  }

  void error(String what) {
    errors++;
    tell(what);
  }

  void partial(String what) {
    partial++;
    tell(what);
  }

  void wrong(String what) {
    wrong++;
    tell(what);
  }

  private void tell(String what) {
    if (problems.size() < MAX_TOLD) {
      problems.add(what);
    }
  }

  /** Time that the client spent on its own: checking answers and making up its mind. */
  void own(long nanos) {
    ownNanos += nanos;
  }

  void add(Tally other) {
    other.latency.forEach((kind, recorder) ->
        latency.computeIfAbsent(kind, any -> new LatencyRecorder()).add(recorder));
    server.add(other.server);
    completions.add(other.completions);
    other.problems.forEach(this::tell);
    errors += other.errors;
    partial += other.partial;
    wrong += other.wrong;
    ownNanos += other.ownNanos;
  }

  Map<QueryKind, LatencyRecorder> byKind() {
    return latency;
  }

  LatencyRecorder all() {
    var all = new LatencyRecorder();
    latency.values().forEach(all::add);
    return all;
  }

  LatencyRecorder server() {
    return server;
  }

  Timeline completions() {
    return completions;
  }

  List<String> problems() {
    return problems;
  }

  long errors() {
    return errors;
  }

  long partial() {
    return partial;
  }

  long wrong() {
    return wrong;
  }

  long ownNanos() {
    return ownNanos;
  }

  /** Requests that had an end, whichever. */
  long requests() {
    return errors + server.percentiles().count();
  }
}
