package dev.heddle.engine.wasm;

import dev.heddle.engine.Call;
import dev.heddle.engine.Interruption;
import dev.heddle.engine.JsonValues;
import dev.heddle.engine.Sandbox;
import dev.heddle.engine.SandboxLimits;
import dev.heddle.engine.SandboxStatistics;
import dev.heddle.function.Binary;
import dev.heddle.function.Codec;
import dev.heddle.function.Coverage;
import dev.heddle.function.HeapSize;
import dev.heddle.function.Law;
import dev.heddle.function.ScatterFunction;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Shard;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.EnumSet;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A module as a scatter function: one instance for one query on one node. Its partials are bytes
 * that only the module understands; an empty one is as good as any.
 */
final class ScatterGuest implements ScatterFunction<Object, Object>, Sandbox, Codec<Object> {
  private static final int COMMUTATIVE = 1;
  private static final int IDEMPOTENT = 2;
  private static final Object PREPARED = new Object();

  private final LoadedModule module;
  private final SandboxLimits limits;
  private final Consumer<String> log;
  private final Interruption interruption = new Interruption();
  private volatile @Nullable Guest guest;
  private volatile long peak;

  ScatterGuest(LoadedModule module, SandboxLimits limits, Consumer<String> log) {
    this.module = module;
    this.limits = limits;
    this.log = log;
  }

  /** Makes the instance: the module's own code may run from here on. */
  @Override
  public void init() {
    interruption.enter(() -> false);
    try {
      guest = new Guest(module, limits.memory(), null, log);
    } catch (GuestException | GuestExit e) {
      throw new HeddleException(
          ErrorCode.FUNCTION_INIT_FAILED, "function " + module.label() + ": init failed: " + e, e);
    } finally {
      interruption.leave();
    }
  }

  private <T extends @Nullable Object> T running(Function<Guest, T> step) {
    var guest = this.guest;
    if (guest == null) {
      throw new IllegalStateException("a step before its init");
    }
    interruption.enter(() -> false);
    try {
      return step.apply(guest);
    } finally {
      guest.output().flush();
      peak = Math.max(peak, guest.memory().ownedBytes());
      interruption.leave();
    }
  }

  @Override
  public Object prepare(ScatterRequest request) {
    return running(guest -> {
      guest.shards().query(request.query());
      var json = GuestRequest.of(request);
      long code = guest.call("prepare", module.exports().prepare(), guest.pass(json), json.length);
      if ((int) code != 0) {
        throw new GuestException("heddle_prepare gave " + (int) code + " (expected: 0)");
      }
      return PREPARED;
    });
  }

  @Override
  public Object leaf(Object query, Shard shard) {
    return running(guest -> {
      int handle = guest.shards().add(shard);
      return partial(guest, guest.call("leaf", module.exports().leaf(), handle));
    });
  }

  private byte[] partial(Guest guest, long packed) {
    return guest.take(packed, limits.maxResult());
  }

  @Override
  public Object merge(Object a, Object b) {
    return running(guest -> {
      var left = (byte[]) a;
      var right = (byte[]) b;
      int leftAt = guest.pass(left);
      int rightAt = guest.pass(right);
      return partial(
          guest,
          guest.call(
              "merge", module.exports().merge(), leftAt, left.length, rightAt, right.length));
    });
  }

  @Override
  public Object complete(Object query, Object partial) {
    int complete = module.exports().complete();
    if (complete < 0) {
      return partial;
    }
    return running(guest -> {
      var bytes = (byte[]) partial;
      return partial(guest, guest.call("complete", complete, guest.pass(bytes), bytes.length));
    });
  }

  @Override
  public @Nullable Object finish(Object query, @Nullable Object partial, Coverage coverage) {
    var json =
        running(guest -> {
          var bytes = partial == null ? new byte[0] : (byte[]) partial;
          var known = GuestRequest.of(coverage);
          int bytesAt = guest.pass(bytes);
          int knownAt = guest.pass(known);
          long reply =
              guest.call(
                  "finish",
                  module.exports().finish(),
                  bytesAt,
                  bytes.length,
                  knownAt,
                  known.length);
          return guest.take(reply, limits.maxResult());
        });
    try {
      return JsonValues.read(json);
    } catch (HeddleException e) {
      throw new HeddleException(
          ErrorCode.FUNCTION_RESULT_INVALID,
          "function " + module.label() + ": result: " + e.getMessage(),
          e);
    }
  }

  /** Without the memory of the instance, which is lent by a budget of its own. */
  @Override
  public OptionalLong weight(Object partial) {
    return OptionalLong.of(HeapSize.bytes(((byte[]) partial).length));
  }

  @Override
  public Codec<Object> codec() {
    return this;
  }

  @Override
  public void write(Object partial, DataOutput out) throws IOException {
    Binary.writeBytes((byte[]) partial, out);
  }

  @Override
  public Object read(DataInput in) throws IOException {
    return Binary.readBytes(in, limits.maxResult().toIntBytes());
  }

  @Override
  public Set<Law> laws() {
    int laws = module.exports().laws();
    if (laws < 0) {
      return Set.of();
    }
    int bits = running(guest -> (int) guest.call("laws", laws));
    var known = EnumSet.noneOf(Law.class);
    if ((bits & COMMUTATIVE) != 0) {
      known.add(Law.COMMUTATIVE);
    }
    if ((bits & IDEMPOTENT) != 0) {
      known.add(Law.IDEMPOTENT);
    }
    return known;
  }

  @Override
  public byte[] invoke(byte[] event, Call call) {
    throw new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "function " + module.label() + ": a scatter function (expected: a handler)");
  }

  @Override
  public boolean reusable() {
    return false;
  }

  @Override
  public void pause() {}

  @Override
  public void resume() {}

  /** For good: the instance has one query, and that one deadline. */
  @Override
  public void interrupt() {
    interruption.end();
  }

  /** Call it when no call of the function runs any more; what still does is stopped. */
  @Override
  public void destroy() {
    interruption.end();
    var made = guest;
    if (made != null) {
      made.close();
    }
  }

  @Override
  public SandboxStatistics statistics() {
    var made = guest;
    return new SandboxStatistics(1, 0, made == null ? 0 : made.memory().ownedBytes(), peak);
  }
}
