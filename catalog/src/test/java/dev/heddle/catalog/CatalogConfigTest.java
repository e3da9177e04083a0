package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.process.ConfigReader;
import dev.heddle.process.DataSize;
import dev.heddle.process.HeddleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogConfigTest {
  @TempDir Path directory;

  @Test
  void hasTheDocumentedDefaults() {
    CatalogConfig config = CatalogConfig.defaults();
    assertEquals(DataSize.ofKiB(512), config.maxEntry());
    assertEquals(100_000, config.maxEntries());
    assertEquals(DataSize.ofMiB(64), config.maxTotal());
    assertEquals(1_000, config.maxChanges());
    assertEquals(1_024, config.maxWatchers());
    assertEquals(Duration.ofMillis(250), config.expiryInterval());
    assertEquals(Duration.ofSeconds(1), CatalogClientConfig.defaults().reconnectMost());
  }

  @Test
  void mapsItsKeys() throws Exception {
    Path file = directory.resolve("c.yaml");
    Files.writeString(file, "max-entry: 1KiB\nmax-total: 2MiB\nmin-ttl: 5ms\nmax-entries: 7\n");
    CatalogConfig config = ConfigReader.readYaml(file, CatalogConfig.defaults());
    assertEquals(DataSize.ofKiB(1), config.maxEntry());
    assertEquals(DataSize.ofMiB(2), config.maxTotal());
    assertEquals(Duration.ofMillis(5), config.minTtl());
    assertEquals(7, config.maxEntries());
    Files.writeString(file, "max-entry: 513KiB\n");
    assertThrows(
        HeddleException.class, () -> ConfigReader.readYaml(file, CatalogConfig.defaults()));
    Files.writeString(file, "reconnect-first: 5s\n");
    assertThrows(
        HeddleException.class, () -> ConfigReader.readYaml(file, CatalogClientConfig.defaults()));
  }
}
