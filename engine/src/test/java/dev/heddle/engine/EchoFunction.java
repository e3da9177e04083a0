package dev.heddle.engine;

/** A handler that does what its event says. */
final class EchoFunction {
  static final byte[] JAR =
      Jars.of(
          """
          public class Echo implements Handler {
            private static final ThreadLocal<Object> KEPT = new ThreadLocal<>();
            private int events;
            public Object handle(Event event, Context context) throws Exception {
              events++;
              var json = event.json() instanceof JsonObject object ? object : JsonObject.EMPTY;
              return switch (json.string("do", "echo")) {
                case "echo" -> event.json();
                case "count" -> events;
                case "refuse" -> throw new BadRequestException("text: 7 (expected: words)");
                case "fail" -> throw new java.io.IOException("disk full");
                case "overflow" -> handle(event, context);
                case "object" -> new Object();
                case "large" -> "x".repeat(100_000);
                case "block" -> { new java.util.concurrent.CountDownLatch(1).await(); yield "too late"; }
                case "spin" -> {
                  while (System.getProperty("heddle.test.release") == null) Thread.onSpinWait();
                  yield "too late";
                }
                case "leak" -> {
                  new ThreadLocal<Object>().set(this);
                  KEPT.set(this);
                  System.getProperties().put("heddle.test.loader",
                      new java.lang.ref.WeakReference<>(getClass().getClassLoader()));
                  yield null;
                }
                case "log" -> {
                  for (int i = 0; i < 100; i++) context.log("line " + i + "\\nnext");
                  yield null;
                }
                case "context" -> java.util.Map.of(
                    "function", context.function(), "tenant", context.tenant(),
                    "id", context.invocationId(), "trace", context.traceId(),
                    "version", context.version(), "late", context.remaining().isZero(),
                    "session", context.hasSession());
                case "recent" -> {
                  var session = context.session();
                  session.put("n", session.get("n") instanceof Long n ? n + 1 : 1L);
                  yield session.get("n");
                }
                case "visible" -> {
                  var seen = new java.util.ArrayList<String>();
                  for (var name : json.strings("names")) {
                    try {
                      Class.forName(name, true, Thread.currentThread().getContextClassLoader());
                      seen.add(name);
                    } catch (ClassNotFoundException e) {}
                  }
                  yield seen;
                }
                case "resource" -> {
                  var loader = getClass().getClassLoader();
                  var in = loader.getResourceAsStream(json.string("name"));
                  yield in == null ? null : new String(in.readAllBytes());
                }
                default -> "?";
              };
            }
          }
          """);

  private EchoFunction() {}
}
