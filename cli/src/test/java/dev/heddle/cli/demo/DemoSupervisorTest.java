package dev.heddle.cli.demo;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.cli.terminal.Console;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class DemoSupervisorTest {
  private static final RestartPolicy QUICK =
      new RestartPolicy(
          Duration.ofMillis(1), Duration.ofMillis(4), Duration.ofHours(1), Duration.ofMillis(1));

  private final FakeLauncher launcher = new FakeLauncher();
  private final StringWriter notes = new StringWriter();
  private final Console console =
      new Console(new PrintWriter(new StringWriter()), new PrintWriter(notes), false);
  private final DemoSupervisor supervisor =
      new DemoSupervisor(launcher, QUICK, console, Ticker.system());

  @AfterEach
  void close() {
    supervisor.close();
  }

  private static NodeSpec spec(String node, boolean vital) {
    return spec(node, vital ? "gateway" : "leaf", vital);
  }

  private static NodeSpec spec(String node, String role, boolean vital) {
    Path data = Path.of("data");
    return new NodeSpec(
        node,
        List.of(role),
        1,
        data.resolve(node + ".yaml"),
        data.resolve(node),
        data.resolve(node + ".log"),
        "64m",
        vital);
  }

  private void startAll() throws InterruptedException {
    supervisor.start(List.of(spec("gateway", true), spec("leaf-1", false), spec("leaf-2", false)));
    eventually("all started", () -> launcher.events().size() == 3);
    for (String node : List.of("gateway", "leaf-1", "leaf-2")) {
      launcher.child(node).ready.complete(null);
    }
    supervisor.awaitReady(Duration.ofSeconds(60));
  }

  @Test
  void returnsWhenAllAreReady() throws InterruptedException {
    startAll();
    assertTrue(supervisor.ended().isEmpty());
  }

  @Test
  void startsACrashedLeafAgainAndSaysSo() throws InterruptedException {
    startAll();
    launcher.child("leaf-2").exited.complete(137);
    eventually("leaf-2 started again", () -> launcher.starts("leaf-2") == 2);
    launcher.child("leaf-2").ready.complete(null);
    eventually("told", () -> notes.toString().contains("leaf-2 is up again"));
    assertTrue(notes.toString().contains("leaf-2 (process "), notes.toString());
    assertTrue(notes.toString().contains("exit code 137"), notes.toString());
    assertEquals(1, launcher.starts("leaf-1"));
    assertTrue(supervisor.ended().isEmpty());
  }

  @Test
  void startsALeafAgainThatCrashesBeforeItIsReadyAgain() throws InterruptedException {
    startAll();
    launcher.child("leaf-1").exited.complete(1);
    eventually("second", () -> launcher.starts("leaf-1") == 2);
    launcher.child("leaf-1").exited.complete(1);
    eventually("third", () -> launcher.starts("leaf-1") == 3);
  }

  @Test
  void leavesALeafAloneThatSomebodyElseStarted() throws InterruptedException {
    startAll();
    launcher.locked.add("leaf-1");
    launcher.child("leaf-1").exited.complete(1);
    eventually("told", () -> notes.toString().contains("leaf-1 was started by somebody else"));
    assertEquals(1, launcher.starts("leaf-1"));
    launcher.locked.clear();
    eventually("started again", () -> launcher.starts("leaf-1") == 2);
  }

  @Test
  void endsWithTheLastLinesWhenTheGatewayCrashes() throws InterruptedException {
    startAll();
    launcher.child("gateway").exited.complete(3);
    String why = supervisor.awaitEnd();
    assertTrue(why.contains("gateway"), why);
    assertTrue(why.contains("exit code 3"), why);
    assertTrue(why.contains("last line of gateway"), why);
  }

  @Test
  void failsTheStartWhenALeafEndsBeforeItIsReady() {
    supervisor.start(List.of(spec("gateway", true), spec("leaf-1", false)));
    eventually("started", () -> launcher.events().size() == 2);
    launcher.child("gateway").ready.complete(null);
    launcher.child("leaf-1").exited.complete(1);
    HeddleException failure =
        assertThrows(HeddleException.class, () -> supervisor.awaitReady(Duration.ofSeconds(60)));
    assertTrue(String.valueOf(failure.getMessage()).contains("last line of leaf-1"));
  }

  @Test
  void failsTheStartWhenANodeTakesTooLong() {
    supervisor.start(List.of(spec("gateway", true)));
    HeddleException failure =
        assertThrows(HeddleException.class, () -> supervisor.awaitReady(Duration.ofMillis(1)));
    assertTrue(String.valueOf(failure.getMessage()).contains("gateway does not serve"));
  }

  @Test
  void stopsTheGatewayFirstAndWaitsForAll() throws InterruptedException {
    startAll();
    supervisor.close();
    List<String> ends = launcher.events().stream().filter(e -> !e.startsWith("start")).toList();
    assertEquals(List.of("terminate gateway", "terminate leaf-1", "terminate leaf-2"), ends);
    assertEquals("", supervisor.awaitEnd());
    assertTrue(supervisor.stopped());
  }

  @Test
  void stopsTheLeavesOnceTheGatewayServesNoMore() throws InterruptedException {
    startAll();
    launcher.slow.add("gateway");
    Thread closing = Thread.ofVirtual().start(supervisor::close);
    eventually("told", () -> launcher.events().contains("terminate gateway"));
    assertFalse(launcher.events().contains("terminate leaf-1"));
    launcher.child("gateway").closed.complete(null);
    eventually("told", () -> launcher.events().contains("terminate leaf-2"));
    assertTrue(closing.isAlive());
    launcher.child("gateway").exited.complete(143);
    closing.join();
  }

  @Test
  void stopsAGatewayBesideTheFirstOneBeforeAllOthers() throws InterruptedException {
    supervisor.start(
        List.of(spec("gateway", true), spec("gateway-2", "gateway", false), spec("leaf-1", false)));
    eventually("all started", () -> launcher.events().size() == 3);
    launcher.slow.add("gateway-2");
    Thread closing = Thread.ofVirtual().start(supervisor::close);
    eventually("told", () -> launcher.events().contains("terminate gateway-2"));
    assertFalse(launcher.events().contains("terminate gateway"));
    launcher.child("gateway-2").closed.complete(null);
    eventually("told", () -> launcher.events().contains("terminate leaf-1"));
    launcher.child("gateway-2").exited.complete(143);
    closing.join();
    List<String> ends =
        launcher.events().stream().filter(event -> event.startsWith("terminate")).toList();
    assertEquals(List.of("terminate gateway-2", "terminate gateway", "terminate leaf-1"), ends);
  }

  @Test
  void startsNothingOnceStopped() throws InterruptedException {
    startAll();
    supervisor.close();
    assertEquals(1, launcher.starts("leaf-1"));
    assertEquals(1, launcher.starts("leaf-2"));
  }
}
