package dev.heddle.leaf;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class ReplicaReportsTest {
  @TempDir Path directory;
  private LocalLeaf leaf;

  @BeforeEach
  void start() {
    leaf = new LocalLeaf(directory);
  }

  @AfterEach
  void stop() {
    leaf.close();
  }

  @Test
  void replicasAreReportedWhileTheyAreHere() {
    assertTrue(leaf.reports().find(LocalLeaf.DATASET, 0).isEmpty());
    leaf.create();
    eventually("seen", () -> leaf.reports().find(LocalLeaf.DATASET, 0).isPresent());
    assertEquals(1, leaf.reports().all().size());
    assertTrue(leaf.reports().find(LocalLeaf.DATASET, 1).isEmpty());
    leaf.drop();
    eventually("gone", () -> leaf.reports().all().isEmpty());
  }

  @Test
  void listenersHearOfEveryLookUntilTheyEnd() throws Exception {
    AtomicInteger looks = new AtomicInteger();
    AutoCloseable listening = leaf.reports().onLook(looks::incrementAndGet);
    eventually("looked", () -> looks.get() >= 2);
    listening.close();
    AtomicInteger others = new AtomicInteger();
    AutoCloseable other = leaf.reports().onLook(others::incrementAndGet);
    // One look may have been on its way.
    int before = looks.get();
    eventually("looked on", () -> others.get() >= 4);
    assertTrue(looks.get() <= before + 1);
    other.close();
  }

  @Test
  void theServiceTimeFollowsTheCalls() {
    assertEquals(0, leaf.reports().serviceMicros());
    leaf.reports().served(1_000_000);
    assertEquals(1_000, leaf.reports().serviceMicros());
    leaf.reports().served(2_000_000);
    assertEquals(1_100, leaf.reports().serviceMicros());
    for (int i = 0; i < 100; i++) {
      leaf.reports().served(50_000);
    }
    assertTrue(leaf.reports().serviceMicros() < 100, "seen " + leaf.reports().serviceMicros());
    assertEquals(3, leaf.reports().queueLength());
  }
}
