package dev.heddle.engine.wasm;

import dev.heddle.engine.Call;
import dev.heddle.engine.PlatformCalls;
import dev.heddle.function.Context;
import dev.heddle.function.Data;
import dev.heddle.function.Session;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** An invocation whose platform a test scripts. */
final class FakeCall implements Context, PlatformCalls {
  final List<String> lines = new CopyOnWriteArrayList<>();
  final List<String> operations = new CopyOnWriteArrayList<>();
  Consumer<String> onLine = line -> {};
  Function<String, byte[]> platform =
      operation -> {
        throw new HeddleException(
            ErrorCode.NOT_OFFERED, operation + ": not here (expected: another cluster)");
      };

  Call call() {
    return WasmWorkshop.call(this);
  }

  @Override
  public byte[] call(String operation, byte[] arguments) {
    operations.add(operation + " " + new String(arguments, StandardCharsets.UTF_8));
    return platform.apply(operation);
  }

  @Override
  public void log(String line) {
    lines.add(line);
    onLine.accept(line);
  }

  @Override
  public String function() {
    return "fn";
  }

  @Override
  public String version() {
    return "0123abcd";
  }

  @Override
  public String tenant() {
    return "default";
  }

  @Override
  public String invocationId() {
    return "i-1";
  }

  @Override
  public String traceId() {
    return "0af7651916cd43dd8448eb211c80319c";
  }

  @Override
  public String traceparent() {
    return "00-" + traceId() + "-b7ad6b7169203331-00";
  }

  @Override
  public Duration remaining() {
    return Duration.ofSeconds(3);
  }

  @Override
  public Session session() {
    throw new IllegalStateException("no session");
  }

  @Override
  public boolean hasSession() {
    return false;
  }

  @Override
  public Map<String, String> environment() {
    return Map.of("COLOUR", "blue");
  }

  @Override
  public Data data() {
    throw new IllegalStateException("modules ask by name");
  }

  @Override
  public @Nullable Object invoke(String function, @Nullable Object event) {
    throw new IllegalStateException("modules ask by name");
  }

  @Override
  public void publish(String channel, @Nullable Object message) {
    throw new IllegalStateException("modules ask by name");
  }

  @Override
  public void send(String connection, @Nullable Object message) {
    throw new IllegalStateException("modules ask by name");
  }

  @Override
  public @Nullable Object parseJson(String text) {
    throw new IllegalStateException("modules ask by name");
  }

  @Override
  public String toJson(@Nullable Object value) {
    throw new IllegalStateException("modules ask by name");
  }
}
