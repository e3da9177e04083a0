package dev.heddle.coordinator;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.Change;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.Ticker;
import dev.heddle.v1.FunctionLogLine;
import dev.heddle.v1.FunctionLogsRequest;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FunctionLogsTest {
  @TempDir private Path directory;

  private static FunctionLogLine line(String node, long at) {
    return FunctionLogLine.newBuilder()
        .setNode(node)
        .setAtMicros(at)
        .setText(node + " " + at)
        .build();
  }

  private static FunctionLogsRequest request(int lines, boolean follow) {
    return FunctionLogsRequest.newBuilder()
        .setFunction("echo")
        .setLines(lines)
        .setFollow(follow)
        .build();
  }

  private static void deploy(TestCoordinator coordinator) {
    var echo = HandlerRecords.handler("echo", HandlerRecords.version(1, 1, 0));
    LocalCatalog.write(coordinator.catalog, List.of(Change.put(echo)));
    eventually(
        "deployed", () -> coordinator.catalog.view().function("default", "echo").isPresent());
  }

  @Test
  void mergesWhatLeavesKeepAndFollowsAllOfThem() {
    try (var coordinator = new TestCoordinator(directory, 2)) {
      deploy(coordinator);
      for (int at = 1; at <= 6; at++) {
        int leaf = at % 2;
        coordinator.invoker(leaf).kept.add(line("leaf-" + leaf, at));
      }
      List<String> texts = new ArrayList<>();
      coordinator
          .functions()
          .logs(request(4, false))
          .forEachRemaining(line -> texts.add(line.getText()));
      assertEquals(List.of("leaf-1 3", "leaf-0 4", "leaf-1 5", "leaf-0 6"), texts);

      var following = Context.current().withCancellation();
      try {
        Iterator<FunctionLogLine> lines;
        var previous = following.attach();
        try {
          lines = coordinator.functions().logs(request(1, true));
        } finally {
          following.detach(previous);
        }
        assertEquals("leaf-0 6", lines.next().getText());
        eventually("followed", () -> coordinator.invoker(1).followers() == 1);
        coordinator.invoker(1).write(line("leaf-1", 7));
        assertEquals("leaf-1 7", lines.next().getText());
        // A leaf that is asked again sends its lines again; they are told once.
        coordinator.invoker(0).cut();
        eventually("asked again", () -> coordinator.invoker(0).followers() == 1);
        coordinator.invoker(0).write(line("leaf-0", 8));
        assertEquals("leaf-0 8", lines.next().getText());
      } finally {
        following.cancel(null);
      }

      var unknown =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  coordinator
                      .functions()
                      .logs(FunctionLogsRequest.newBuilder().setFunction("other").build())
                      .hasNext());
      assertEquals(ErrorCode.UNKNOWN_FUNCTION, GrpcErrors.fromStatus(unknown).code());
      var tooMany =
          assertThrows(
              StatusRuntimeException.class,
              () -> coordinator.functions().logs(request(10_001, false)).hasNext());
      assertEquals(ErrorCode.OUT_OF_RANGE, GrpcErrors.fromStatus(tooMany).code());
    }
  }

  @Test
  void countsWhatASlowReaderLost() throws InterruptedException {
    var merge = new FunctionLogMergeWire(10);
    StreamObserver<FunctionLogLine> leaf = merge.join("leaf-0").orElseThrow();
    assertTrue(merge.join("leaf-0").isEmpty());
    leaf.onNext(FunctionLogLine.newBuilder().setCaughtUp(true).build());
    merge.awaitKept(Duration.ofSeconds(60), Ticker.system());
    assertEquals(List.of(), merge.kept());
    for (int at = 1; at <= 10_003; at++) {
      leaf.onNext(line("leaf-0", at));
    }
    assertEquals(0, merge.next(Duration.ZERO).orElseThrow().getLost());
    leaf.onNext(line("leaf-0", 20_000));
    FunctionLogLine last = null;
    for (int i = 0; i < 10_000; i++) {
      last = merge.next(Duration.ZERO).orElseThrow();
    }
    assertEquals(20_000, last == null ? 0 : last.getAtMicros());
    assertEquals(3, last == null ? 0 : last.getLost());
    assertTrue(merge.next(Duration.ZERO).isEmpty());
  }
}
