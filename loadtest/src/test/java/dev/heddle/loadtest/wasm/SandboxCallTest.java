package dev.heddle.loadtest.wasm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** The benchmark does what it is named after; how fast is not asked here. */
class SandboxCallTest {
  private static String reply(SandboxCallBenchmark.Language language, int bytes) {
    var benchmark = new SandboxCallBenchmark();
    benchmark.language = language;
    benchmark.bytes = bytes;
    benchmark.prepare();
    return new String(benchmark.call(), StandardCharsets.UTF_8);
  }

  @Test
  void bothRuntimesGiveTheEventBack() {
    var java = reply(SandboxCallBenchmark.Language.JAVA, 3_000);
    assertTrue(java.startsWith("[{\"name\":\"Ada\",\"number\":42},"), java);
    assertTrue(java.length() >= 3_000, java);
    assertEquals(java, reply(SandboxCallBenchmark.Language.WASM, 3_000));
  }
}
