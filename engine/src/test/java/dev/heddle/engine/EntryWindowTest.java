package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
final class EntryWindowTest {
  @Test
  void aHandlerThatIsEnteredAfterItsDeadlineDoesNotRun() throws Exception {
    var jar =
        Jars.of(
            """
            public class Waits implements Handler {
              public Object handle(Event event, Context context) throws Exception {
                new java.util.concurrent.CountDownLatch(1).await();
                return 1;
              }
            }
            """);
    var java = new JavaRuntime(ArchiveLimits.DEFAULTS, true, List.of());
    var late = new LateRuntime("late", java);
    try (var workshop =
        new Workshop(Workshop.config(4, 4, 2), Platform.NONE, Workshop.TICKER, late)) {
      var waits =
          workshop.deploy(
              "waits", "late", jar, "user.Waits", Duration.ofSeconds(30), DataSize.ofMiB(128), 0);
      // Loaded, so that it has begun by its deadline, and its thread is on the way in.
      workshop.engine.load(waits);
      fails(ErrorCode.DEADLINE_EXCEEDED, () -> workshop.invoke(waits, "1", Duration.ofSeconds(1)));
      late.left.await();
      eventually("no stuck thread", () -> workshop.gauge("heddle.engine.threads.stuck") == 0);
      assertEquals(0, workshop.gauge("heddle.engine.threads.busy"));
    }
  }
}
