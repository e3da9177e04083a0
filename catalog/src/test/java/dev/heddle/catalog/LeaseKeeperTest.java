package dev.heddle.catalog;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(300)
class LeaseKeeperTest {
  /** Answers with failures first, then with success. */
  private static final class Scripted implements LeaseKeeper.Calls {
    final List<String> made = new CopyOnWriteArrayList<>();
    final List<ErrorCode> failures;

    Scripted(ErrorCode... failures) {
      this.failures = new CopyOnWriteArrayList<>(failures);
    }

    @Override
    public void renew(NodeRecord node, Duration ttl, Duration timeout) {
      made.add("renew " + node.incarnation());
      if (!failures.isEmpty()) {
        throw new HeddleException(failures.removeFirst(), "scripted");
      }
    }

    @Override
    public void end(NodeRecord node, Duration timeout) {
      made.add("end " + node.incarnation());
    }
  }

  private static LeaseKeeper start(Scripted calls, Duration ttl) {
    LeaseKeeper keeper = new LeaseKeeper(Records.node("n", "1"), ttl, calls);
    keeper.start();
    return keeper;
  }

  @Test
  void renewsAtAThirdOfTheTimeAndEndsTheLeaseAtTheClose() {
    Scripted calls = new Scripted();
    LeaseKeeper keeper = start(calls, Duration.ofMillis(60));
    eventually("some renewals", () -> calls.made.size() > 3);
    keeper.close();
    assertEquals("end 1", calls.made.getLast());
    assertEquals(1, calls.made.stream().filter("end 1"::equals).count());
  }

  @Test
  void triesAgainSoonAfterAFailure() {
    Scripted calls = new Scripted(ErrorCode.CATALOG_UNAVAILABLE, ErrorCode.DEADLINE_EXCEEDED);
    try (LeaseKeeper keeper = start(calls, Duration.ofMinutes(10))) {
      eventually("a third try", () -> calls.made.size() == 3);
      assertFalse(keeper.superseded());
    }
  }

  @Test
  void stopsForGoodWhenANewerRunHasTakenOver() {
    Scripted calls = new Scripted(ErrorCode.GONE);
    LeaseKeeper keeper = start(calls, Duration.ofMillis(60));
    eventually("it is told", keeper::superseded);
    keeper.close();
    assertEquals(List.of("renew 1"), calls.made);
  }

  @Test
  void aReplacedRecordIsRenewedAtOnce() {
    Scripted calls = new Scripted();
    LeaseKeeper keeper = start(calls, Duration.ofMinutes(10));
    eventually("the first", () -> calls.made.size() == 1);
    keeper.replace(Records.node("n", "2"), Duration.ofMinutes(10));
    eventually("the second", () -> calls.made.contains("renew 2"));
    keeper.close();
    assertTrue(calls.made.contains("end 2"));
  }
}
