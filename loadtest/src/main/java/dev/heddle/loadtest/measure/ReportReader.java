package dev.heddle.loadtest.measure;

import dev.heddle.loadtest.measure.Conditions.MachineLoad;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Reads a report back from its JSON. Stateless. */
final class ReportReader {
  /** Far above any report: one with all experiments has some hundred KiB. */
  private static final long MAX_BYTES = 256L << 20;

  private ReportReader() {}

  static BenchReport read(Path file) {
    try {
      if (Files.size(file) > MAX_BYTES) {
        throw refused(file, "longer than " + MAX_BYTES + " bytes", null);
      }
      var json = BenchReport.JSON.readTree(Files.readString(file));
      int format = json.path("format").asInt(0);
      if (format != ReportWriter.FORMAT) {
        throw refused(file, "format " + format, null);
      }
      return report(json);
    } catch (IOException | JacksonException | DateTimeException | IllegalArgumentException e) {
      throw refused(file, e.toString(), e);
    }
  }

  private static HeddleException refused(Path file, String why, @Nullable Exception cause) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "report: "
            + file
            + ": "
            + why
            + " (expected: a report.json of `heddle bench --out`, format "
            + ReportWriter.FORMAT
            + ")",
        cause);
  }

  private static BenchReport report(JsonNode json) {
    return new BenchReport(
        Instant.parse(text(json, "startedAt")),
        BenchReport.JSON.treeToValue(at(json, "machine"), Machine.class),
        map(at(json, "versions"), JsonNode::asString),
        Optional.ofNullable(json.get("commit")).map(JsonNode::asString),
        texts(at(json, "command")),
        map(at(json, "flags"), ReportReader::plain),
        at(json, "seed").asLong(),
        all(at(json, "experiments"), ReportReader::run));
  }

  private static Object plain(JsonNode value) {
    if (value.isBoolean()) {
      return value.asBoolean();
    }
    return value.isIntegralNumber() ? (Object) value.asLong() : value.asString();
  }

  private static ExperimentRun run(JsonNode json) {
    var result =
        new ExperimentResult(
            text(json, "experiment"),
            text(json, "subject"),
            all(at(json, "series"), ReportReader::series),
            map(at(json, "summary"), JsonNode::asDouble),
            all(
                at(json, "goals"),
                goal ->
                    new Goal(text(goal, "what"), number(goal, "atMost"), number(goal, "measured"))),
            texts(at(json, "notes")),
            texts(at(json, "problems")),
            all(at(json, "curves"), ReportReader::curve));
    return new ExperimentRun(
        Instant.parse(text(json, "startedAt")),
        conditions(at(json, "conditions")),
        Optional.ofNullable(json.get("billed")).map(ReportReader::billing).orElse(Billing.NONE),
        result);
  }

  private static Billing billing(JsonNode json) {
    return new Billing(
        number(json, "activeSeconds"),
        number(json, "cpuSeconds"),
        number(json, "memoryMibSeconds"),
        number(json, "cost"));
  }

  private static Conditions conditions(JsonNode json) {
    var load =
        Optional.ofNullable(json.get("machine"))
            .map(machine ->
                new MachineLoad(
                    at(machine, "processors").asInt(),
                    number(machine, "busySeconds"),
                    number(machine, "stolenSeconds")));
    return new Conditions(
        number(json, "seconds"),
        LatencyRecorder.decode(text(at(json, "schedulerDelay"), "histogram")),
        number(json, "clientCpuSeconds"),
        load);
  }

  private static Series series(JsonNode json) {
    var completions = at(json, "completions");
    return new Series(
        text(json, "name"),
        LatencyRecorder.decode(text(at(json, "latency"), "histogram")),
        map(at(json, "figures"), JsonNode::asDouble),
        Timeline.of(
            at(completions, "widthNanos").asLong(),
            all(at(completions, "counts"), JsonNode::asLong)));
  }

  private static Curve curve(JsonNode json) {
    return new Curve(
        text(json, "title"),
        text(json, "x"),
        text(json, "y"),
        all(
            at(json, "lines"),
            line ->
                new Curve.Line(
                    text(line, "name"),
                    all(
                        at(line, "points"),
                        point ->
                            new Curve.Point(point.path(0).asDouble(), point.path(1).asDouble())))));
  }

  private static JsonNode at(JsonNode json, String name) {
    var value = json.get(name);
    if (value == null) {
      throw new IllegalArgumentException(name + ": missing (expected: a value)");
    }
    return value;
  }

  private static String text(JsonNode json, String name) {
    return at(json, name).asString();
  }

  private static double number(JsonNode json, String name) {
    return at(json, name).asDouble();
  }

  private static List<String> texts(JsonNode json) {
    return all(json, JsonNode::asString);
  }

  private static <T> List<T> all(JsonNode json, Function<JsonNode, T> reader) {
    var all = new ArrayList<T>();
    json.forEach(each -> all.add(reader.apply(each)));
    return all;
  }

  private static <T> Map<String, T> map(JsonNode json, Function<JsonNode, T> reader) {
    var map = new LinkedHashMap<String, T>();
    json.properties().forEach(each -> map.put(each.getKey(), reader.apply(each.getValue())));
    return map;
  }
}
