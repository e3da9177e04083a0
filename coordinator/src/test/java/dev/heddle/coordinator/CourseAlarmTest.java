package dev.heddle.coordinator;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class CourseAlarmTest {
  private final CourseAlarm alarm = new CourseAlarm();

  private static long threads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("course-alarm"))
        .count();
  }

  @Test
  void whoEnteredIsLookedAfterUntilItLeaves() throws InterruptedException {
    var looks = new CountDownLatch(3);
    CourseAlarm.Sleeper sleeper = looks::countDown;
    alarm.enter(sleeper);
    looks.await();
    alarm.leave(sleeper);
    assertEquals(0, alarm.size());
    // One that has left may be seen once more by a look that had begun.
    var after = new AtomicInteger();
    CourseAlarm.Sleeper other = after::incrementAndGet;
    alarm.enter(other);
    alarm.leave(other);
    eventually("nobody is left", () -> alarm.size() == 0);
  }

  @Test
  void theThreadEndsAndAnotherBeginsWhenItIsWanted() throws InterruptedException {
    for (int round = 0; round < 3; round++) {
      var looked = new CountDownLatch(1);
      CourseAlarm.Sleeper sleeper = looked::countDown;
      alarm.enter(sleeper);
      looked.await();
      alarm.leave(sleeper);
      eventually("ended", () -> threads() == 0);
    }
  }

  /** Whoever enters while the thread is about to end is looked after all the same. */
  @Test
  void manyWhoComeAndGoAreAllLookedAfter() throws InterruptedException {
    var done = new CountDownLatch(8);
    for (int i = 0; i < 8; i++) {
      var _ =
          Thread.ofVirtual()
              .start(() -> {
                for (int round = 0; round < 200; round++) {
                  var looked = new CountDownLatch(1);
                  CourseAlarm.Sleeper sleeper = looked::countDown;
                  alarm.enter(sleeper);
                  try {
                    looked.await();
                  } catch (InterruptedException e) {
                    return;
                  }
                  alarm.leave(sleeper);
                }
                done.countDown();
              });
    }
    assertEquals(true, done.await(60, TimeUnit.SECONDS));
    assertEquals(0, alarm.size());
  }
}
