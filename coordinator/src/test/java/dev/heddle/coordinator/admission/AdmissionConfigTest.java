package dev.heddle.coordinator.admission;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ConfigReader;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdmissionConfigTest {
  @TempDir Path directory;

  private AdmissionConfig read(String yaml) throws IOException {
    var file = Files.writeString(directory.resolve("admission.yaml"), yaml);
    return ConfigReader.readYaml(file, AdmissionConfig.defaults());
  }

  @Test
  void hasDefaultsAndKeys() throws IOException {
    assertEquals(AdmissionConfig.defaults(), read("{}"));
    var config =
        read(
            """
            limit: gradient2
            least: 2
            first: 16
            tolerance: 1.2
            late: 300ms
            queue: 10
            patience: 50ms
            target: 2ms
            tenant-share: 0.9
            tenant: {weight: 2}
            tenants:
              shop:
                weight: 3.5
                queries: 20
                query-rate: 100
                invocations: 5
                invocation-rate: 0.5
              guest: {queries: 1}
            """);
    assertEquals("gradient2", config.limit());
    assertEquals(2, config.least());
    assertEquals(16, config.first());
    assertEquals(1.2, config.tolerance());
    assertEquals(Duration.ofMillis(300), config.late());
    assertEquals(10, config.queue());
    assertEquals(Duration.ofMillis(50), config.patience());
    assertEquals(Duration.ofMillis(2), config.target());
    assertEquals(0.9, config.tenantShare());
    assertEquals(new TenantQuota(3.5, 20, 100, 5, 0.5), config.quota("shop"));
    assertEquals(new TenantQuota(1, 1, 0, 0, 0), config.quota("guest"));
    assertEquals(2, config.quota("anyone").weight());
  }

  @Test
  void saysWhatIsWrong() {
    refuses("limit: vagas", "limit: vagas (expected: one of vegas, gradient2, aimd, fixed)");
    refuses("least: 0", "least: 0 (expected: 1..1000000)");
    refuses("tolerance: 0.5", "tolerance: 0.5 (expected: 1.0..10.0)");
    refuses("queue: -1", "queue: -1 (expected: 0..100000)");
    refuses("patience: 2m", "patience: PT2M (expected: > 0, at most PT1M)");
    refuses("target: 1s", "target: PT1S (expected: > 0, at most PT0.1S)");
    refuses("tenant-share: 0", "tenant-share: 0.0 (expected: more than 0, at most 1)");
    refuses("tenants: {shop: {weight: 0}}", "tenants.shop.weight: 0.0 (expected: 0.01..1000.0)");
    refuses("tenants: {shop: {querys: 1}}", "tenants.shop.querys: unknown key");
    refuses("tenants: {'a/b': {}}", "tenants.tenant: a/b");
  }

  private void refuses(String yaml, String words) {
    var failure = assertThrows(HeddleException.class, () -> read(yaml));
    assertTrue(String.valueOf(failure.getMessage()).contains(words), failure::toString);
  }
}
