package dev.heddle.loadtest;

import dev.heddle.loadtest.measure.BenchReport;
import dev.heddle.loadtest.report.HtmlReport;
import dev.heddle.loadtest.report.SvgFigures;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The files that a report is. */
record ReportFolder(Path path) {
  /**
   * Makes the folder where there is none yet: before the work, not after it.
   *
   * @throws HeddleException INVALID_REQUEST if nothing can be written there
   */
  static ReportFolder open(Path path) {
    try {
      Files.createDirectories(path);
    } catch (IOException e) {
      throw refused(path, e);
    }
    if (!Files.isWritable(path)) {
      throw refused(path, null);
    }
    return new ReportFolder(path);
  }

  private static HeddleException refused(Path path, @Nullable IOException cause) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "out: " + path + " (expected: a folder that can be made and written to)",
        cause);
  }

  Path json() {
    return path.resolve("report.json");
  }

  Path page() {
    return path.resolve("report.html");
  }

  Path requests() {
    return path.resolve("requests.csv");
  }

  Path figures() {
    return path.resolve("figures");
  }

  void write(BenchReport report) {
    try {
      report.writeTo(json());
      BenchReport.putWhole(page(), HtmlReport.of(report));
      var figures = SvgFigures.of(report);
      if (!figures.isEmpty()) {
        Files.createDirectories(figures());
      }
      for (var figure : figures.entrySet()) {
        BenchReport.putWhole(figures().resolve(figure.getKey()), figure.getValue());
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, "out: " + path + ": " + e, e);
    }
  }
}
