package dev.heddle.cli.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.heddle.loadtest.chaos.SyncTrial;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Tag("chaos")
@Timeout(1_200)
class SyncBeforeReplyTest {
  private static final int WRITES = 50;

  @TempDir Path directory;

  @Test
  void noReplyLeavesBeforeTheLogWithItsWriteIsOnDisk() throws Exception {
    var missing = SyncTrial.missing();
    assumeTrue(missing.isEmpty(), () -> "skipped: no trace of system calls: " + missing);

    var proof = SyncTrial.run(NodeJava.command(), directory, WRITES, Ticker.system());

    assertEquals(List.of(), proof.problems());
    assertEquals(WRITES, proof.steps().size());
  }

  @Test
  void noReplyLeavesBeforeAMajorityHasItsWriteOnDisk() throws Exception {
    var missing = SyncTrial.missing();
    assumeTrue(missing.isEmpty(), () -> "skipped: no trace of system calls: " + missing);

    var proof = SyncTrial.runReplicated(NodeJava.command(), directory, WRITES, Ticker.system());

    assertEquals(List.of(), proof.problems());
    assertEquals(WRITES, proof.synced().size());
  }
}
