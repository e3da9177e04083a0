package dev.heddle.loadtest.wasm;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.engine.LoadedCode;
import dev.heddle.function.JsonObject;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.testkit.InMemoryShard;
import dev.heddle.shard.ShardReader;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * A field's values of 10,000 documents, and with {@code get} 1,000 gets more, through a shard: in
 * WebAssembly, a fresh instance each time, and in Java. The shard is one of the store, as leaves
 * have them, or maps in memory, where the call itself is all that costs.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@State(Scope.Thread)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ShardCallBenchmark {
  private static final int DOCUMENTS = 10_000;
  private static final int GETS = 1_000;
  private static final ScatterRequest REQUEST =
      new ScatterRequest(
          new Query.All(),
          0,
          List.of(),
          List.of(),
          Map.of(),
          Optional.empty(),
          0,
          JsonObject.EMPTY);

  @Param({"false", "true"})
  public boolean get;

  @Param({"store", "memory"})
  public String where = "store";

  private @Nullable Shard shard;
  private @Nullable StoredShard stored;
  private @Nullable LoadedCode loaded;

  @Setup
  public void prepare() {
    loaded = WasmModules.load(WasmModules.resource("loops.wasm"), FunctionKind.SCATTER);
    if (where.equals("store")) {
      stored = new StoredShard(DOCUMENTS);
      shard = stored.open();
      return;
    }
    var builder = InMemoryShard.builder("d", 0).field("n", Shard.FieldKind.LONG);
    for (int i = 0; i < DOCUMENTS; i++) {
      builder.document("id" + i, Map.of("n", (long) i));
    }
    shard = new MapShard(builder.build(), DOCUMENTS);
  }

  @TearDown
  public void close() {
    if (shard instanceof ShardReader reader) {
      reader.close();
    }
    if (stored != null) {
      stored.close();
    }
  }

  private Shard shard() {
    if (shard == null) {
      throw new IllegalStateException("not prepared");
    }
    return shard;
  }

  @Benchmark
  public Object wasm() throws Exception {
    if (loaded == null) {
      throw new IllegalStateException("not prepared");
    }
    var instance = loaded.newScatterInstance(WasmModules.LIMITS, line -> {});
    instance.sandbox().init();
    var function = instance.function();
    var query = function.prepare(REQUEST);
    var partial = function.leaf(query, shard());
    var whole = get ? function.complete(query, partial) : partial;
    instance.sandbox().destroy();
    return whole;
  }

  @Benchmark
  public long java() {
    long sum = 0;
    var segment = shard().segments().getFirst();
    var values = segment.longs("n");
    for (int i = 0; i < segment.size(); i++) {
      if (values.advance(i)) {
        sum += values.next();
      }
    }
    for (int i = 0; get && i < GETS; i++) {
      sum += shard().get("id7").orElseThrow().json().length;
    }
    return sum;
  }
}
