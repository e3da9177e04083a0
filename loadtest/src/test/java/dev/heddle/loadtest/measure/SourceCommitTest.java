package dev.heddle.loadtest.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceCommitTest {
  private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
  private static final String OTHER = "f".repeat(40);

  @TempDir private Path checkout = Path.of("");

  @BeforeEach
  void createRepository() throws IOException {
    Files.createDirectories(checkout.resolve(".git/refs/heads"));
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(checkout.resolve(".git").resolve(file), text);
  }

  @Test
  void readsTheBranchThatIsCheckedOut() throws IOException {
    write("HEAD", "ref: refs/heads/main\n");
    write("refs/heads/main", COMMIT + "\n");
    assertEquals(Optional.of(COMMIT), SourceCommit.of(checkout));
  }

  @Test
  void readsAPackedBranch() throws IOException {
    write("HEAD", "ref: refs/heads/main\n");
    write(
        "packed-refs",
        "# pack-refs with: peeled\n"
            + OTHER
            + " refs/heads/other\n"
            + COMMIT
            + " refs/heads/main\n");
    assertEquals(Optional.of(COMMIT), SourceCommit.of(checkout));
  }

  @Test
  void readsADetachedHead() throws IOException {
    write("HEAD", COMMIT + "\n");
    assertEquals(Optional.of(COMMIT), SourceCommit.of(checkout));
  }

  @Test
  void knowsNoneBeforeTheFirstCommitAndOutsideOfCheckouts() throws IOException {
    write("HEAD", "ref: refs/heads/main\n");
    assertEquals(Optional.empty(), SourceCommit.of(checkout));
    assertEquals(Optional.empty(), SourceCommit.of(checkout.resolve("elsewhere")));
  }
}
