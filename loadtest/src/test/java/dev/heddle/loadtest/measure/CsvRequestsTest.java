package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CsvRequestsTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void quotesWhatWouldNotBeOneField() throws IOException {
    var file = folder.resolve("requests.csv");
    try (var csv = CsvRequests.create(file)) {
      csv.of("query").add(new RequestLog.Request("run 1", 1_500, 2_000_049, "ok"));
      csv.of("a,b").add(new RequestLog.Request("x \"y\"", 0, 0, "two\nlines"));
    }
    assertEquals(
        "experiment,series,beganMicros,micros,outcome\r\n"
            + "query,run 1,1.5,2000.0,ok\r\n"
            + "\"a,b\",\"x \"\"y\"\"\",0.0,0.0,\"two\nlines\"\r\n",
        Files.readString(file));
  }

  @Test
  void saysWhatCannotBeWritten() {
    var refusal =
        assertThrows(HeddleException.class, () -> CsvRequests.create(folder.resolve("none/x.csv")));
    assertEquals(ErrorCode.STORAGE_FAILED, refusal.code());
  }
}
