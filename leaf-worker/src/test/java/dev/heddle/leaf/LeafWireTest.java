package dev.heddle.leaf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.catalog.CatalogClient;
import dev.heddle.internal.v1.FunctionRef;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;

final class LeafWireTest {
  /** Of a node that has just started; whoever waits for it waits in vain. */
  private static CatalogClient unseen() {
    return (CatalogClient)
        Proxy.newProxyInstance(
            CatalogClient.class.getClassLoader(),
            new Class<?>[] {CatalogClient.class},
            (self, method, arguments) ->
                switch (method.getName()) {
                  case "ready" -> false;
                  case "reason" -> "nobody answers";
                  case "known" -> InvocationHandler.invokeDefault(self, method, arguments);
                  default -> throw new IllegalStateException(method.getName());
                });
  }

  @Test
  void aNodeThatHasNotSeenTheCatalogSaysSoAtOnceInsteadOfWaiting() {
    var function = FunctionRef.newBuilder().setName("f").setVersion("0".repeat(64));
    var refused =
        assertThrows(
            HeddleException.class,
            () ->
                LeafWire.function(
                    unseen(), "default", function.build(), new Deadline(Long.MAX_VALUE)));
    assertEquals(ErrorCode.CATALOG_UNAVAILABLE, refused.code());
  }
}
