package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.loadtest.testing.SampleReport;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BenchReportTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void whatWasWrittenIsReadAgain() throws IOException {
    var report = SampleReport.whole();
    var file = folder.resolve("report.json");

    report.writeTo(file);

    assertEquals(report, BenchReport.read(file));
    assertTrue(report.failed());
  }

  @Test
  void refusesWhatIsNoReport() throws IOException {
    var file = folder.resolve("other.json");
    for (var text : new String[] {"", "no json", "[]", "{\"format\":1}", "{\"format\":2}"}) {
      Files.writeString(file, text);
      var refusal = assertThrows(HeddleException.class, () -> BenchReport.read(file));
      assertEquals(ErrorCode.INVALID_REQUEST, refusal.code());
      var message = String.valueOf(refusal.getMessage());
      assertTrue(message.startsWith("report: " + file + ": "), message);
      assertTrue(
          message.endsWith("(expected: a report.json of `heddle bench --out`, format 2)"), message);
    }
    Files.delete(file);
    assertThrows(HeddleException.class, () -> BenchReport.read(file));
  }
}
