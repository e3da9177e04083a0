package dev.heddle.loadtest.wasm;

import dev.heddle.engine.JsonValues;
import dev.heddle.function.Bound;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.Law;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.function.ShardSummary;
import dev.heddle.process.DataSize;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A function whose answers are plain JSON values, which can be compared. */
record PlainAnswers(ScatterFunction<Object, Object> function)
    implements ScatterFunction<Object, Object> {
  @Override
  public Object prepare(ScatterRequest request) {
    return function.prepare(request);
  }

  @Override
  public Object leaf(Object query, Shard shard) throws Exception {
    return function.leaf(query, shard);
  }

  @Override
  public Object leaf(Object query, Shard shard, Bound bound) throws Exception {
    return function.leaf(query, shard, bound);
  }

  @Override
  public boolean canMatch(Object query, ShardSummary summary) {
    return function.canMatch(query, summary);
  }

  @Override
  public Optional<Bound> bound(Object query, Object partial) {
    return function.bound(query, partial);
  }

  @Override
  public Object merge(Object a, Object b) {
    return function.merge(a, b);
  }

  @Override
  public Object complete(Object query, Object partial) throws Exception {
    return function.complete(query, partial);
  }

  @Override
  public @Nullable Object finish(Object query, @Nullable Object partial, Coverage coverage) {
    var answer = function.finish(query, partial, coverage);
    return JsonValues.read(JsonValues.write(answer, DataSize.ofMiB(8)));
  }

  @Override
  public Codec<Object> codec() {
    return function.codec();
  }

  @Override
  public Set<Law> laws() {
    return function.laws();
  }
}
