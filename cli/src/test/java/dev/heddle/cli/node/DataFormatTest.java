package dev.heddle.cli.node;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataFormatTest {
  @TempDir private Path folder;

  private String refusal(String mark) throws IOException {
    Files.writeString(folder.resolve("format"), mark);
    HeddleException failure =
        assertThrows(HeddleException.class, () -> DataFormat.open(folder, "node", "do this"));
    assertEquals(ErrorCode.STORAGE_FAILED, failure.code());
    return String.valueOf(failure.getMessage());
  }

  @Test
  void opensWhatItMadeItself() throws IOException {
    DataFormat.open(folder, "node", "do this").close();
    assertEquals("node 2\n", Files.readString(folder.resolve("format")));
    DataFormat.open(folder, "node", "do this").close();
  }

  @Test
  void saysWhatAnOlderDirectoryIsWhatIsExpectedAndWhatToDo() throws IOException {
    String refusal = refusal("node 1\n");
    assertTrue(refusal.contains(folder + ": format 1, from before data was replicated"), refusal);
    assertTrue(refusal.endsWith("(expected: format 2): do this"), refusal);
  }

  @Test
  void refusesOtherDataAndNewerFormats() throws IOException {
    assertTrue(refusal("demo 1\n").contains("demo 1 (expected: node 2"));
    assertTrue(refusal("node 3\n").contains("a newer Heddle wrote it"));
    assertTrue(refusal("nonsense").contains("nonsense (expected: node 2"));
  }
}
