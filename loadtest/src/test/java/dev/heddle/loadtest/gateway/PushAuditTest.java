package dev.heddle.loadtest.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class PushAuditTest {
  private static PushAudit pushed(int frames, int... accepted) {
    var audit = new PushAudit();
    for (int i = 0; i < frames; i++) {
      assertEquals(i, audit.next());
    }
    for (int each : accepted) {
      audit.accepted(each);
    }
    return audit;
  }

  private static List<String> findings(PushAudit audit, int... got) {
    for (int each : got) {
      audit.got(each);
    }
    return audit.findings();
  }

  @Test
  void whatHasNoAnswerMayComeOrNot() {
    var audit = pushed(4, 0, 3);

    assertEquals(List.of(), findings(audit, 0, 2, 3));
    assertTrue(audit.whole());
    assertEquals(2, audit.acceptedCount());
    assertEquals(2, audit.unknown());
  }

  @Test
  void anAcceptedFrameThatDoesNotComeIsTold() {
    var audit = pushed(3, 0, 1, 2);

    assertEquals(List.of("2 accepted frames never came, the first of them 0"), findings(audit, 1));
    assertFalse(audit.whole());
  }

  @Test
  void aFrameThatComesTwiceOrLateIsTold() {
    assertEquals(
        List.of("frame 0 after 0: twice, or out of order"), findings(pushed(2, 0, 1), 0, 0, 1));
    assertEquals(
        List.of("frame 0 after 1: twice, or out of order"), findings(pushed(2, 0, 1), 1, 0));
  }

  @Test
  void aFrameThatNobodyPushedIsTold() {
    assertEquals(List.of("frame 1: never pushed"), findings(pushed(1, 0), 0, 1));
  }
}
