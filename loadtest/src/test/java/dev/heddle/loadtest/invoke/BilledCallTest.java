package dev.heddle.loadtest.invoke;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class BilledCallTest {
  private static final byte[] REPLY =
      "{\"cpuNanos\":40,\"nanos\":50,\"result\":-3}".getBytes(StandardCharsets.UTF_8);

  @Test
  void aCallHoldsWhatItsHandlerSaysAndWhatItsBillSays() {
    var call = BilledCall.of(REPLY, "active=60;cpu=45;queue=1;init=0;parked=0;memory=7680;cost=9");

    assertEquals(new BilledCall(50, 40, 60, 45, 7_680), call);
    assertEquals(new BilledCall(100, 80, 120, 90, 15_360), call.plus(call));
    assertEquals(call, BilledCall.NONE.plus(call));
  }

  @Test
  void aBillWithoutAFigureIsRefusedByItsName() {
    var failure =
        assertThrows(HeddleException.class, () -> BilledCall.of(REPLY, "active=60;memory=7680"));

    assertTrue(String.valueOf(failure.getMessage()).contains("cpu"), failure::getMessage);
  }
}
