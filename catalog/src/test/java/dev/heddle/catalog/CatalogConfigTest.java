package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
    assertEquals(DataSize.ofKiB(480), config.maxEntry());
    assertEquals(100_000, config.maxEntries());
    assertEquals(DataSize.ofMiB(64), config.maxTotal());
    assertEquals(1_000, config.maxChanges());
    assertEquals(1_024, config.maxWatchers());
    assertEquals(Duration.ofMillis(250), config.expiryInterval());
    assertEquals(Duration.ofSeconds(3), config.replication().contactTimeout());
    assertEquals(Duration.ofSeconds(5), config.replication().writeTimeout());
    assertEquals(1_000, config.replication().stateEntries());
    assertEquals(DataSize.ofMiB(4), config.replication().stateBytes());
    assertEquals(Duration.ofSeconds(10), config.replication().stateIdle());
    assertEquals(5, config.replication().mostVoters());
    assertEquals(Duration.ofSeconds(30), config.replication().voterGrace());
    assertEquals(Duration.ofSeconds(10), CatalogClientConfig.defaults().callTimeout());
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
    Files.writeString(file, "max-entry: 481KiB\n");
    assertThrows(
        HeddleException.class, () -> ConfigReader.readYaml(file, CatalogConfig.defaults()));
    Files.writeString(file, "replication: {most-voters: 3, voter-grace: 1s, state-bytes: 1MiB}\n");
    CatalogConfig.Replication replication =
        ConfigReader.readYaml(file, CatalogConfig.defaults()).replication();
    assertEquals(3, replication.mostVoters());
    assertEquals(Duration.ofSeconds(1), replication.voterGrace());
    assertEquals(DataSize.ofMiB(1), replication.stateBytes());
    Files.writeString(file, "replication: {most-voters: 2}\n");
    HeddleException even =
        assertThrows(
            HeddleException.class, () -> ConfigReader.readYaml(file, CatalogConfig.defaults()));
    assertTrue(
        even.getMessage().contains("most-voters: 2 (expected: 1, 3 or 5)"), even::getMessage);
    Files.writeString(file, "reconnect-first: 5s\n");
    assertThrows(
        HeddleException.class, () -> ConfigReader.readYaml(file, CatalogClientConfig.defaults()));
  }
}
