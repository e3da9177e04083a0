package dev.heddle.loadtest.chaos;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.List;
import org.junit.jupiter.api.Test;

class LedgerTest {
  private final Ledger ledger = new Ledger();

  private static StoredDocument document(String id, long version) {
    return new StoredDocument(id, "{}", version);
  }

  @Test
  void findsNothingWhereAllIsThere() {
    ledger.acknowledged(document("once-1", 1));
    ledger.inDoubt("once-2");
    ledger.inDoubt("once-3");
    ledger.refused("once-4");

    var audit =
        ledger.audit(
            List.of(document("key-1", 9), document("once-1", 1), document("once-3", 3)), "once-");

    assertEquals(new Ledger.Audit(0, 0, List.of()), audit);
  }

  @Test
  void findsWhatIsLostOrOtherThanWritten() {
    ledger.acknowledged(document("once-1", 1));
    ledger.acknowledged(document("once-2", 2));

    var audit = ledger.audit(List.of(document("once-2", 7)), "once-");

    assertEquals(2, audit.lost());
    assertTrue(audit.problems().stream().allMatch(each -> each.startsWith("LOST: ")));
  }

  @Test
  void findsWhatShouldNotBeThere() {
    ledger.acknowledged(document("once-1", 1));
    ledger.refused("once-4");

    var audit =
        ledger.audit(
            List.of(
                document("once-1", 1),
                document("once-1", 1),
                document("once-4", 4),
                document("once-5", 5)),
            "once-");

    assertEquals(0, audit.lost());
    assertEquals(3, audit.phantoms());
    assertTrue(audit.problems().get(1).contains("(refused)"), audit::toString);
    assertTrue(audit.problems().get(2).contains("(never written)"), audit::toString);
  }

  @Test
  void errorsSayWhatTheySayAboutAWrite() {
    assertEquals(Certainty.CONFLICT, of(ErrorCode.VERSION_CONFLICT));
    assertEquals(Certainty.REFUSED, of(ErrorCode.NO_MAJORITY));
    assertEquals(Certainty.REFUSED, of(ErrorCode.NOT_LEADER));
    assertEquals(Certainty.REFUSED, of(ErrorCode.STORAGE_FULL));
    assertEquals(Certainty.REFUSED, of(ErrorCode.QUEUE_FULL));
    assertEquals(Certainty.IN_DOUBT, of(ErrorCode.UNAVAILABLE));
    assertEquals(Certainty.IN_DOUBT, of(ErrorCode.DEADLINE_EXCEEDED));
    assertEquals(Certainty.IN_DOUBT, of(ErrorCode.INTERNAL));
    assertEquals(Certainty.WRONG, of(ErrorCode.UNKNOWN_DATASET));
  }

  private static Certainty of(ErrorCode code) {
    return Certainty.of(new HeddleException(code, "failed"));
  }
}
