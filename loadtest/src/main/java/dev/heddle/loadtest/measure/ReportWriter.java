package dev.heddle.loadtest.measure;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Turns a report into JSON. Stateless. */
final class ReportWriter {
  /** Of the JSON form; a change that readers must know of raises it. */
  static final int FORMAT = 2;

  private static final JsonMapper JSON = BenchReport.JSON;

  private ReportWriter() {}

  static ObjectNode write(BenchReport report) {
    var json = JSON.createObjectNode();
    json.put("format", FORMAT);
    json.put("startedAt", report.startedAt().toString());
    json.set("machine", JSON.valueToTree(report.machine()));
    json.set("versions", JSON.valueToTree(report.versions()));
    report.commit().ifPresent(digest -> json.put("commit", digest));
    json.set("command", JSON.valueToTree(report.command()));
    json.set("flags", JSON.valueToTree(report.flags()));
    json.put("seed", report.seed());
    var all = json.putArray("experiments");
    report.experiments().forEach(run -> write(run, all.addObject()));
    return json;
  }

  private static void write(ExperimentRun run, ObjectNode json) {
    var result = run.result();
    json.put("experiment", result.experiment());
    json.put("subject", result.subject());
    json.put("startedAt", run.startedAt().toString());
    json.put("failed", result.failed());
    write(run.conditions(), json.putObject("conditions"));
    var billed = run.billed();
    if (billed.any()) {
      json.putObject("billed")
          .put("activeSeconds", billed.activeSeconds())
          .put("cpuSeconds", billed.cpuSeconds())
          .put("memoryMibSeconds", billed.memoryMibSeconds())
          .put("cost", billed.cost());
    }
    json.set("warnings", JSON.valueToTree(run.conditions().warnings()));
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
    result.series().forEach(series -> write(series, all.addObject()));
    var curves = json.putArray("curves");
    result.curves().forEach(curve -> write(curve, curves.addObject()));
  }

  private static void write(Conditions conditions, ObjectNode json) {
    json.put("seconds", conditions.seconds());
    latency(conditions.schedulerDelay(), json.putObject("schedulerDelay"));
    json.put("clientCpuSeconds", conditions.clientCpuSeconds());
    conditions
        .load()
        .ifPresent(load ->
            json.putObject("machine")
                .put("processors", load.processors())
                .put("busySeconds", load.busySeconds())
                .put("stolenSeconds", load.stolenSeconds()));
  }

  private static void write(Series series, ObjectNode json) {
    json.put("name", series.name());
    latency(series.latency(), json.putObject("latency"));
    json.set("figures", JSON.valueToTree(series.figures()));
    var completions = json.putObject("completions");
    completions.put("widthNanos", series.completions().widthNanos());
    ArrayNode counts = completions.putArray("counts");
    series.completions().counts().forEach(counts::add);
  }

  private static void latency(LatencyRecorder recorder, ObjectNode json) {
    var figures = recorder.percentiles();
    json.put("count", figures.count())
        .put("minMicros", figures.min())
        .put("meanMicros", figures.mean())
        .put("p50Micros", figures.p50())
        .put("p90Micros", figures.p90())
        .put("p99Micros", figures.p99())
        .put("p999Micros", figures.p999())
        .put("maxMicros", figures.max())
        .put("histogram", recorder.encoded());
  }

  private static void write(Curve curve, ObjectNode json) {
    json.put("title", curve.title()).put("x", curve.x()).put("y", curve.y());
    var lines = json.putArray("lines");
    for (var line : curve.lines()) {
      var points = lines.addObject().put("name", line.name()).putArray("points");
      line.points().forEach(point -> points.addArray().add(point.x()).add(point.y()));
    }
  }
}
