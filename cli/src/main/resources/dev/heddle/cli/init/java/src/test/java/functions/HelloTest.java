package functions;

import dev.heddle.function.testkit.TestContext;

/** Runs the handler as the platform does; README.md says how. */
public final class HelloTest {
  public static void main(String[] arguments) throws Exception {
    var context = new TestContext();
    var reply = context.handle(new Hello(), "{\"name\": \"Ada\"}");
    check("{\"greeting\":\"Hello, Ada!\"}", reply);
    check("[greeting Ada]", context.lines().toString());
    System.out.println("ok");
  }

  private static void check(String expected, String found) {
    if (!expected.equals(found)) {
      throw new AssertionError(found + " (expected: " + expected + ")");
    }
  }
}
