package dev.heddle.loadtest.report;

import static dev.heddle.loadtest.report.Markup.escaped;

import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.measure.ExperimentResult;
import dev.heddle.loadtest.measure.ExperimentRun;
import dev.heddle.loadtest.measure.ReportText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * A report as one page of HTML that needs no network and no scripts: plots with tables beside them,
 * and what must be known to judge them. Stateless.
 */
public final class HtmlReport {
  private static final String STYLE =
      """
      *{box-sizing:border-box}
      body{margin:0 auto;max-width:72rem;padding:1rem;background:#fff;color:#222;
      font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif}
      h1{font-size:1.6rem;margin:.2em 0}
      h2{font-size:1.3rem;margin:2.2em 0 .2em;padding-top:.6em;border-top:2px solid #222}
      h3{font-size:1rem;margin:1.4em 0 .3em}
      p{margin:.3em 0}a{color:#0058a0}
      .plots{display:grid;gap:1rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr));
      margin:1rem 0}
      figure{margin:0;padding:.5rem;border:1px solid #ddd;border-radius:8px}
      svg{display:block;width:100%;height:auto}
      .wide{overflow-x:auto;border:1px solid #ddd;border-radius:8px}
      table{border-collapse:collapse;width:100%;font-size:.85rem;font-variant-numeric:tabular-nums}
      th,td{padding:.3rem .6rem;text-align:right;white-space:nowrap;border-bottom:1px solid #eee}
      th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:#fff}
      thead th{background:#f4f4f4;border-bottom:1px solid #bbb}
      thead th:first-child{background:#f4f4f4}
      dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem;margin:.5rem 0;font-size:.9rem}
      dt{color:#555}dd{margin:0;overflow-wrap:anywhere}
      ul{margin:.3em 0;padding-left:1.2rem}
      .box{margin:.7rem 0;padding:.5rem .8rem;border-left:5px solid;border-radius:4px}
      .bad{background:#fdecea;border-color:#a3200d}.warn{background:#fff6df;border-color:#8a5a00}
      .good{background:#e9f6ee;border-color:#00664f}
      @media(max-width:36rem){body{padding:.6rem}dl{grid-template-columns:1fr}dt{margin-top:.3rem}
      th:first-child,td:first-child{white-space:normal;min-width:8rem}}
      @media print{figure,table{break-inside:avoid}}
      """;

  private HtmlReport() {}

  /** The whole page. */
  public static String of(BenchReport report) {
    var page = new StringBuilder();
    page.append("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n")
        .append("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n")
        .append("<title>Heddle benchmarks, ")
        .append(escaped(report.startedAt().toString()))
        .append("</title>\n<style>\n")
        .append(STYLE)
        .append("</style></head><body>\n<h1>Heddle benchmarks</h1>\n");
    head(page, report);
    for (var run : report.experiments()) {
      experiment(page, run);
    }
    return page.append("</body></html>\n").toString();
  }

  private static void head(StringBuilder page, BenchReport report) {
    var machine = report.machine();
    var facts = new LinkedHashMap<String, String>();
    facts.put("started", report.startedAt().toString());
    facts.put(
        "machine",
        "%d processors (%s, %s), %.1f GiB, %s"
            .formatted(
                machine.processors(),
                machine.cpu().isEmpty() ? "unknown model" : machine.cpu(),
                machine.arch(),
                machine.memoryBytes() / (double) (1 << 30),
                machine.os()));
    facts.put("Java", machine.jvm() + " " + String.join(" ", machine.flags()));
    report.commit().ifPresent(commit -> facts.put("commit", commit));
    facts.put("versions", joined(report.versions()));
    facts.put("command", String.join(" ", report.command()));
    facts.put("options", joined(report.flags()));
    facts.put("seed", Long.toString(report.seed()));
    facts.values().removeIf(String::isBlank);
    facts(page, facts);
    if (report.experiments().size() > 1) {
      page.append("<ul>\n");
      for (var run : report.experiments()) {
        var name = escaped(run.result().experiment());
        page.append("<li><a href=\"#%s\">%s</a>%s</li>\n".formatted(name, name, verdict(run)));
      }
      page.append("</ul>\n");
    }
  }

  private static String verdict(ExperimentRun run) {
    long missed = run.result().goals().stream().filter(goal -> !goal.met()).count();
    return run.result().failed()
        ? ": <strong>failed</strong>"
        : missed > 0 ? ": " + missed + " of " + run.result().goals().size() + " goals missed" : "";
  }

  private static String joined(Map<String, ?> values) {
    return String.join(
        ", ",
        values.entrySet().stream().map(each -> each.getKey() + " " + each.getValue()).toList());
  }

  private static void facts(StringBuilder page, Map<String, String> facts) {
    page.append("<dl>\n");
    facts.forEach((name, value) ->
        page.append("<dt>")
            .append(escaped(name))
            .append("</dt><dd>")
            .append(escaped(value))
            .append("</dd>\n"));
    page.append("</dl>\n");
  }

  private static void experiment(StringBuilder page, ExperimentRun run) {
    var result = run.result();
    page.append("<section id=\"%s\">\n<h2>".formatted(escaped(result.experiment())))
        .append(escaped(result.experiment()))
        .append("</h2>\n<p>")
        .append(escaped(result.subject()))
        .append("</p>\n");
    box(page, "bad", "Failed", result.problems());
    box(page, "warn", "Warnings", run.conditions().warnings());
    goals(page, result);
    var charts = Charts.of(result);
    if (!charts.isEmpty()) {
      page.append("<div class=\"plots\">\n");
      charts.forEach(chart -> page.append("<figure>").append(chart.svg()).append("</figure>\n"));
      page.append("</div>\n");
    }
    if (!result.series().isEmpty()) {
      page.append("<h3>Times in milliseconds</h3>\n");
      table(page, rows(result));
    }
    result
        .curves()
        .forEach(curve -> {
          page.append("<h3>").append(escaped(curve.title())).append("</h3>\n");
          table(page, CurveTable.rows(curve));
        });
    if (!result.summary().isEmpty()) {
      page.append("<h3>Figures</h3>\n");
      var facts = new LinkedHashMap<String, String>();
      result.summary().forEach((name, value) -> facts.put(name, ReportText.figure(value)));
      facts(page, facts);
    }
    conditions(page, run);
    if (!result.notes().isEmpty()) {
      page.append("<h3>Notes</h3>\n");
      list(page, result.notes());
    }
    page.append("</section>\n");
  }

  private static void box(StringBuilder page, String kind, String title, List<String> lines) {
    if (!lines.isEmpty()) {
      page.append("<div class=\"box %s\"><strong>%s</strong>\n".formatted(kind, title));
      list(page, lines);
      page.append("</div>\n");
    }
  }

  private static void list(StringBuilder page, List<String> lines) {
    page.append("<ul>\n");
    lines.forEach(line -> page.append("<li>").append(escaped(line)).append("</li>\n"));
    page.append("</ul>\n");
  }

  private static void goals(StringBuilder page, ExperimentResult result) {
    var met = new ArrayList<String>();
    var missed = new ArrayList<String>();
    for (var goal : result.goals()) {
      var text =
          "%s: %s (goal: at most %s)"
              .formatted(
                  goal.what(),
                  ReportText.figure(goal.measured()),
                  ReportText.figure(goal.atMost()));
      (goal.met() ? met : missed).add(text);
    }
    box(page, "good", "Goals met", met);
    box(page, "warn", "Goals missed", missed);
  }

  private static List<List<String>> rows(ExperimentResult result) {
    var figures = new LinkedHashSet<String>();
    result.series().forEach(series -> figures.addAll(series.figures().keySet()));
    var rows = new ArrayList<List<String>>();
    var titles = new ArrayList<>(List.of("", "count", "p50", "p90", "p99", "p99.9", "max", "mean"));
    titles.addAll(figures);
    rows.add(titles);
    for (var series : result.series()) {
      var times = series.latency().percentiles();
      var row = new ArrayList<>(List.of(series.name(), Long.toString(times.count())));
      for (double micros :
          new double[] {
            times.p50(), times.p90(), times.p99(), times.p999(), times.max(), times.mean()
          }) {
        row.add(String.format(Locale.ROOT, "%.3f", micros / 1_000));
      }
      for (var name : figures) {
        var value = series.figures().get(name);
        row.add(value == null ? "" : ReportText.figure(value));
      }
      rows.add(row);
    }
    return rows;
  }

  private static void table(StringBuilder page, List<List<String>> rows) {
    // Wider than a phone: it scrolls by itself, with a keyboard, too.
    page.append("<div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    rows.getFirst()
        .forEach(each -> page.append("<th scope=\"col\">").append(escaped(each)).append("</th>"));
    page.append("</tr></thead><tbody>\n");
    for (var row : rows.subList(1, rows.size())) {
      page.append("<tr>");
      row.forEach(each -> page.append("<td>").append(escaped(each)).append("</td>"));
      page.append("</tr>\n");
    }
    page.append("</tbody></table></div>\n");
  }

  private static void conditions(StringBuilder page, ExperimentRun run) {
    var conditions = run.conditions();
    page.append("<h3>The machine meanwhile</h3>\n");
    var late = conditions.schedulerDelay().percentiles();
    var facts = new LinkedHashMap<String, String>();
    facts.put("seconds", ReportText.figure(conditions.seconds()));
    facts.put(
        "scheduler delay",
        String.format(
            Locale.ROOT,
            "p50 %.3f ms, p99 %.3f ms, max %.3f ms: how late a thread was woken",
            late.p50() / 1e3,
            late.p99() / 1e3,
            late.max() / 1e3));
    facts.put("client CPU", ReportText.figure(conditions.clientCpuSeconds()) + " s");
    conditions
        .load()
        .ifPresent(load ->
            facts.put(
                "machine CPU",
                "%s s busy, %s s given to others, %d processors"
                    .formatted(
                        ReportText.figure(load.busySeconds()),
                        ReportText.figure(load.stolenSeconds()),
                        load.processors())));
    if (run.billed().any()) {
      facts.put("billed", ReportText.billed(run.billed()));
    }
    facts(page, facts);
  }
}
