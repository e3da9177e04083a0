package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.coordinator.admission.SharedAdmission;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import org.junit.jupiter.api.Test;

class SharedAdmissionTest {
  private final SharedAdmission admission = new SharedAdmission("streams", 3, 2);

  private void refused(String tenant, String words) {
    var refusal = assertThrows(HeddleException.class, () -> admission.admit(tenant));
    assertEquals(ErrorCode.OVERLOADED, refusal.code());
    assertTrue(String.valueOf(refusal.getMessage()).contains(words), refusal::toString);
  }

  @Test
  void noTenantGetsAllPlacesAndAllTogetherNoMore() {
    var first = admission.admit("a");
    var second = admission.admit("a");
    refused("a", "of tenant a: 2 in flight");
    var third = admission.admit("b");
    refused("b", "streams: 3 in flight");
    first.close();
    var fourth = admission.admit("b");
    refused("a", "streams: 3 in flight");
    third.close();
    fourth.close();
    second.close();
    admission.admit("a").close();
  }
}
