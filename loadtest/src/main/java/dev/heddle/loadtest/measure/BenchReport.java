package dev.heddle.loadtest.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * What experiments found, with all that is needed to judge and repeat them.
 *
 * @param commit of the checkout, where it is one
 * @param flags the options by name
 */
public record BenchReport(
    Instant startedAt,
    Machine machine,
    Optional<String> commit,
    Map<String, Object> flags,
    long seed,
    List<ExperimentResult> experiments) {
  /** Of the JSON form; a change that readers must know of raises it. */
  private static final int FORMAT = 1;

  private static final JsonMapper JSON =
      JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

  public BenchReport {
    flags = Collections.unmodifiableMap(new LinkedHashMap<>(flags));
    experiments = List.copyOf(experiments);
  }

  /** The report about experiments that ran on this machine. */
  public static BenchReport of(
      BenchOptions options, Instant startedAt, List<ExperimentResult> experiments) {
    return new BenchReport(
        startedAt,
        Machine.current(),
        options.checkout().flatMap(SourceCommit::of),
        options.shown(),
        options.seed(),
        experiments);
  }

  public boolean failed() {
    return experiments.stream().anyMatch(ExperimentResult::failed);
  }

  /**
   * The report as JSON: {@code format}, {@code startedAt}, {@code machine}, {@code commit}, {@code
   * flags}, {@code seed}, and {@code experiments}, each with its {@code series}. A series has its
   * percentiles in microseconds and the whole histogram as {@link LatencyRecorder#encoded} text.
   */
  public ObjectNode toJson() {
    var json = JSON.createObjectNode();
    json.put("format", FORMAT);
    json.put("startedAt", startedAt.toString());
    json.set("machine", JSON.valueToTree(machine));
    commit.ifPresent(digest -> json.put("commit", digest));
    json.set("flags", JSON.valueToTree(flags));
    json.put("seed", seed);
    var all = json.putArray("experiments");
    for (var result : experiments) {
      write(result, all.addObject());
    }
    return json;
  }

  private static void write(ExperimentResult result, ObjectNode json) {
    json.put("experiment", result.experiment());
    json.put("subject", result.subject());
    json.put("failed", result.failed());
    json.set("summary", JSON.valueToTree(result.summary()));
    var goals = json.putArray("goals");
    for (var goal : result.goals()) {
      goals
          .addObject()
          .put("what", goal.what())
          .put("atMost", goal.atMost())
          .put("measured", goal.measured())
          .put("met", goal.met());
    }
    json.set("notes", JSON.valueToTree(result.notes()));
    json.set("problems", JSON.valueToTree(result.problems()));
    var all = json.putArray("series");
    for (var series : result.series()) {
      var line = all.addObject().put("name", series.name());
      write(series.latency().percentiles(), line.putObject("latency"))
          .put("histogram", series.latency().encoded());
      line.set("figures", JSON.valueToTree(series.figures()));
    }
  }

  private static ObjectNode write(Percentiles figures, ObjectNode json) {
    return json.put("count", figures.count())
        .put("minMicros", figures.min())
        .put("meanMicros", figures.mean())
        .put("p50Micros", figures.p50())
        .put("p90Micros", figures.p90())
        .put("p99Micros", figures.p99())
        .put("p999Micros", figures.p999())
        .put("maxMicros", figures.max());
  }

  /** Puts the JSON into the file, whole or not at all. */
  public void writeTo(Path file) throws IOException {
    var target = file.toAbsolutePath();
    var part = target.resolveSibling(target.getFileName() + ".part");
    Files.writeString(part, JSON.writeValueAsString(toJson()) + "\n");
    Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
  }
}
