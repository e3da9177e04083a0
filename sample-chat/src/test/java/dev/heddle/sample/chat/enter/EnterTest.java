package dev.heddle.sample.chat.enter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.testkit.InMemorySession;
import dev.heddle.function.testkit.TestContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EnterTest {
  private final InMemorySession session = new InMemorySession();
  private final TestContext context = new TestContext().with(session);

  private String enter(String wish) throws Exception {
    return context.handle(new Enter(), wish);
  }

  @Test
  void aNameIsKeptUntilItIsGivenUp() throws Exception {
    assertEquals("{\"name\":null}", enter("{}"));
    assertEquals("{\"name\":\"Ada\"}", enter("{\"name\":\" Ada \"}"));
    assertEquals("{\"name\":\"Ada\"}", enter("{}"));
    assertEquals("{\"name\":\"Ada\"}", enter("null"));
    assertEquals("Ada", session.get(Enter.ATTRIBUTE));
    assertEquals("{\"name\":null}", enter("{\"name\":null}"));
    assertNull(session.get(Enter.ATTRIBUTE));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Zoë", "李小龍", "अदिति", "Jean-Luc 2", "a_b", "123456789012345678901234"})
  void namesOfAnyScriptAreNames(String name) throws Exception {
    assertEquals("{\"name\":\"" + name + "\"}", enter("{\"name\":\"" + name + "\"}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"name\":\"\"}",
        "{\"name\":\"  \"}",
        "{\"name\":\"<b>\"}",
        "{\"name\":\"a\\u202eb\"}",
        "{\"name\":\"a\\nb\"}",
        "{\"name\":\"1234567890123456789012345\"}",
        "{\"name\":\"Heddle\"}",
        "{\"name\":7}",
        "{\"user\":\"Ada\"}",
        "[]"
      })
  void otherWishesAreRefusedAndChangeNothing(String wish) throws Exception {
    var _ = enter("{\"name\":\"Ada\"}");
    assertThrows(BadRequestException.class, () -> enter(wish));
    assertEquals("Ada", session.get(Enter.ATTRIBUTE));
  }

  @Test
  void withoutASessionThereIsNobodyToName() {
    assertThrows(
        BadRequestException.class, () -> new TestContext().handle(new Enter(), "{\"name\":\"A\"}"));
  }
}
