package dev.heddle.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.api.parallel.Resources;

@ResourceLock(Resources.SYSTEM_PROPERTIES)
class AotCacheTest {
  private static final String PROPERTY = "heddle.aot";

  private final @Nullable String before = System.getProperty(PROPERTY);

  @AfterEach
  void restore() {
    if (before == null) {
      System.clearProperty(PROPERTY);
    } else {
      System.setProperty(PROPERTY, before);
    }
  }

  @Test
  void whereThereIsNoneNodesDoWithout(@TempDir Path folder) {
    System.clearProperty(PROPERTY);
    assertEquals(List.of(), AotCache.flags());
    System.setProperty(PROPERTY, "");
    assertEquals(List.of(), AotCache.flags());
    System.setProperty(PROPERTY, folder.resolve("gone.aot").toString());
    assertEquals(List.of(), AotCache.flags());
  }

  /** Children have it, too, and quietly so. */
  @Test
  void nodesAndTheirChildrenMapTheOneThereIs(@TempDir Path folder) throws Exception {
    Path file = Files.createFile(folder.resolve("heddle.aot"));
    System.setProperty(PROPERTY, file.toString());

    assertEquals(
        List.of("-Dheddle.aot=" + file, "-XX:AOTCache=" + file, "-Xlog:aot=off"), AotCache.flags());
  }
}
