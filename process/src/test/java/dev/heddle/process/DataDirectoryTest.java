package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DataDirectoryTest {
  @TempDir Path temporary;

  /** Run in another process: holds a directory until its input ends. */
  static final class Holder {
    public static void main(String[] arguments) throws Exception {
      try (DataDirectory held = DataDirectory.open(Path.of(arguments[0]), 1, "shards")) {
        System.out.println("held " + held.path());
        int end = System.in.read();
        System.out.println("done " + end);
      }
    }
  }

  @Test
  void createsAndReopensADirectory() {
    Path path = temporary.resolve("a/b");
    DataDirectory.open(path, 1, "shards").close();
    try (DataDirectory again = DataDirectory.open(path, 1, "shards")) {
      assertEquals(path, again.path());
    }
  }

  @Test
  void theSameProcessCannotOpenItTwice() {
    DataDirectory first = DataDirectory.open(temporary, 1, "shards");
    HeddleException refused = refused(temporary, 1, "shards");
    assertSame(ErrorCode.CONFLICT, refused.code());
    assertTrue(refused.getMessage().contains("process " + ProcessHandle.current().pid()));
    first.close();
    first.close();
    DataDirectory.open(temporary, 1, "shards").close();
  }

  @Test
  void anotherProcessKeepsItLockedAndIsNamedUntilItIsKilled() throws Exception {
    Process holder =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                temporary.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (BufferedReader out =
        new BufferedReader(
            new java.io.InputStreamReader(holder.getInputStream(), StandardCharsets.UTF_8))) {
      assertTrue(String.valueOf(out.readLine()).startsWith("held"));
      HeddleException refused = refused(temporary, 1, "shards");
      assertSame(ErrorCode.CONFLICT, refused.code());
      assertTrue(refused.getMessage().contains("process " + holder.pid()), refused.getMessage());
    } finally {
      holder.destroyForcibly();
      assertTrue(holder.waitFor(60, TimeUnit.SECONDS));
    }
    DataDirectory.open(temporary, 1, "shards").close();
  }

  @Test
  void refusesOtherFormatsAndOtherData() throws Exception {
    DataDirectory.open(temporary, 2, "shards").close();
    assertTrue(refused(temporary, 1, "shards").getMessage().contains("newer Heddle"));
    assertTrue(refused(temporary, 3, "shards").getMessage().contains("no way to convert"));
    assertTrue(refused(temporary, 2, "catalog").getMessage().contains("(expected: catalog 2)"));
    assertEquals("shards 2\n", Files.readString(temporary.resolve("format")));
    Files.writeString(temporary.resolve("format"), "");
    assertSame(ErrorCode.STORAGE_FAILED, refused(temporary, 2, "shards").code());
    Files.writeString(temporary.resolve("format"), "shards 2\n");
    DataDirectory.open(temporary, 2, "shards").close();
  }

  @Test
  void refusesAPathThatIsNoDirectory() throws Exception {
    Path file = Files.writeString(temporary.resolve("file"), "x");
    assertSame(ErrorCode.STORAGE_FAILED, refused(file, 1, "shards").code());
  }

  @Test
  void replacesFilesAsAWhole() throws Exception {
    Path file = temporary.resolve("f");
    DurableFiles.replace(file, new byte[] {1, 2, 3});
    Files.write(temporary.resolve("f.tmp"), new byte[100]);
    DurableFiles.replace(file, new byte[] {4});
    assertEquals(1, Files.size(file));
    assertFalse(Files.exists(temporary.resolve("f.tmp")));
  }

  private static HeddleException refused(Path path, int format, String what) {
    return assertThrows(
        HeddleException.class, () -> DataDirectory.open(path, format, what).close());
  }
}
