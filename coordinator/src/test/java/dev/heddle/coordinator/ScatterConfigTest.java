package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.process.ConfigReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScatterConfigTest {
  @TempDir Path directory;

  @Test
  void aCoordinatorMakesThirtyTwoCallsAndTakesAThousandPartsUnlessToldOtherwise()
      throws IOException {
    var config = ScatterConfig.defaults();
    assertEquals(32, config.fanIn());
    assertEquals(1_024, config.parts());
    assertEquals(0, config.withFanIn(0).fanIn());
    var file = Files.writeString(directory.resolve("scatter.yaml"), "{fan-in: 4, parts: 9}");
    var told = ConfigReader.readYaml(file, ScatterConfig.defaults());
    assertEquals(4, told.fanIn());
    assertEquals(9, told.parts());
    assertEquals(config, config.withFanIn(4).withFanIn(32));
  }

  @Test
  void aFanInOfOneIsNoTree() {
    for (int wrong : new int[] {-1, 1, 10_001}) {
      var failure =
          assertThrows(
              IllegalArgumentException.class, () -> ScatterConfig.defaults().withFanIn(wrong));
      assertEquals("fan-in: " + wrong + " (expected: 2..10000)", failure.getMessage());
    }
  }
}
