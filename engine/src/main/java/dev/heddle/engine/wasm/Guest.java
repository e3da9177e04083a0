package dev.heddle.engine.wasm;

import dev.heddle.engine.Call;
import dev.heddle.function.BadRequestException;
import dev.heddle.function.StoppedException;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import run.endive.runtime.Instance;
import run.endive.runtime.WasmInterruptedException;

/**
 * One instance of a module and what its host knows of it. It serves one event, or one query on one
 * node, on one thread at a time, and is thrown away with all that it wrote.
 *
 * <p>Its calls throw {@link BadRequestException} where the module refuses the request, {@link
 * StoppedException} where its thread was interrupted, {@link GuestException} where it trapped or
 * failed, and HeddleException for what the platform refused.
 */
final class Guest implements AutoCloseable {
  private static final int MAX_WORDS = 1_000;
  private static final byte[] NOTHING = {};
  private static final int KEPT_REPLY = 16 << 10;

  private final LoadedModule module;
  private final DataSize cap;
  private final GuestMemory memory;
  private final Instance instance;
  private final ShardHost shards;
  private final @Nullable Call call;
  private final GuestOutput output;

  private byte[] reply = NOTHING;

  /** What the node's budget lent for replies. */
  private int replyRoom;

  /** Whether the stack was looked at in this step: it is not until the host is called. */
  private boolean stackReserved;

  private @Nullable HeddleException refused;
  private boolean closed;

  /**
   * Makes the instance and runs its start function and its init.
   *
   * @param cap of its memory
   * @param call absent for a scatter function
   * @param log takes the lines that it writes
   */
  Guest(LoadedModule module, DataSize cap, @Nullable Call call, Consumer<String> log) {
    this.module = module;
    this.cap = cap;
    this.call = call;
    this.shards = new ShardHost(this, module.limits().maxCursors());
    this.output = new GuestOutput(log);
    this.memory = module.newMemory(cap, this);
    boolean started = false;
    try {
      this.instance = guarded(() -> module.instantiate(memory));
      module.exports().init().ifPresent(function -> call("init", function));
      started = true;
    } finally {
      if (!started) {
        close();
      }
    }
  }

  /** Code of the module that may throw anything at all. */
  private interface Body<T> {
    T run();
  }

  LoadedModule module() {
    return module;
  }

  GuestMemory memory() {
    return memory;
  }

  ShardHost shards() {
    return shards;
  }

  GuestOutput output() {
    return output;
  }

  /** The invocation; absent in a scatter function. */
  @Nullable Call call() {
    return call;
  }

  /**
   * Calls a function of the module.
   *
   * @return its result, 0 where it has none
   */
  long call(String step, int function, long... arguments) {
    boolean reserved = stackReserved;
    stackReserved = false;
    try {
      var results = guarded(() -> instance.getMachine().call(function, arguments));
      return results == null || results.length == 0 ? 0 : results[0];
    } finally {
      stackReserved = reserved;
    }
  }

  /**
   * Makes sure that the platform's own code has stack to run on wherever this step calls its host,
   * but for imports to which recursion may lead.
   *
   * @throws GuestException if little stack is left
   */
  void reserveStack() {
    if (!stackReserved) {
      StackReserve.check(module.stack().bytes());
      stackReserved = true;
    }
  }

  private <T> T guarded(Body<T> body) {
    try {
      return body.run();
    } catch (HeddleException
        | BadRequestException
        | StoppedException
        | GuestException
        | GuestExit e) {
      throw e;
    } catch (WasmInterruptedException e) {
      throw new StoppedException("stopped by the platform");
    } catch (StackOverflowError e) {
      throw trap("call stack exhausted");
    } catch (IndexOutOfBoundsException e) {
      throw trap("out of bounds access: " + e.getMessage());
    } catch (RuntimeException e) {
      throw trap(String.valueOf(e.getMessage()));
    }
  }

  private RuntimeException trap(String what) {
    if (memory.denied()) {
      return new HeddleException(
          ErrorCode.FUNCTION_MEMORY_EXCEEDED,
          "function %s: it asked for more memory and then trapped: %s (expected: at most %s)"
              .formatted(module.label(), what, cap));
    }
    return new GuestException(what);
  }

  /** Copies bytes into memory that the module allocates for them; their address. */
  int pass(byte[] bytes) {
    if (bytes.length == 0) {
      return 0;
    }
    int address = (int) call("alloc", module.exports().alloc(), bytes.length);
    if (!memory.contains(address, bytes.length)) {
      throw new GuestException(
          "heddle_alloc(%d) gave %d (expected: an address in memory)"
              .formatted(bytes.length, Integer.toUnsignedLong(address)));
    }
    memory.write(address, bytes, 0, bytes.length);
    return address;
  }

  /**
   * Copies what a function returned.
   *
   * @param packed address in the upper half, length in the lower one
   * @param max length
   */
  byte[] take(long packed, DataSize max) {
    int address = (int) (packed >>> 32);
    int length = (int) packed;
    if (!memory.contains(address, length)) {
      throw new GuestException(
          "it returned %d bytes at %d (expected: within its memory)"
              .formatted(Integer.toUnsignedLong(length), Integer.toUnsignedLong(address)));
    }
    if (length < 0 || length > max.bytes()) {
      throw new HeddleException(
          ErrorCode.FUNCTION_RESULT_TOO_LARGE,
          "function %s: %d bytes (expected: at most %s)"
              .formatted(module.label(), Integer.toUnsignedLong(length), max));
    }
    return memory.readBytes(address, length);
  }

  /** Bytes that a host function was given. */
  byte[] argument(long address, long length) {
    return memory.readBytes((int) address, checked(length));
  }

  String text(long address, long length) {
    return memory.text((int) address, checked(length));
  }

  private int checked(long length) {
    int size = (int) length;
    if (size < 0 || size > module.limits().maxMessage().bytes()) {
      throw new GuestException(
          "argument: %d bytes (expected: at most %s)"
              .formatted(Integer.toUnsignedLong(size), module.limits().maxMessage()));
    }
    return size;
  }

  /** Keeps bytes until the module fetches them or asks for something else; their number. */
  int reply(byte[] bytes) {
    if (bytes.length > module.limits().maxMessage().bytes()) {
      throw new HeddleException(
          ErrorCode.LIMIT_REACHED,
          "function %s: an answer of %d bytes (expected: at most %s)"
              .formatted(module.label(), bytes.length, module.limits().maxMessage()));
    }
    replace(bytes);
    return bytes.length;
  }

  /** Runs something of the host's that holds so many bytes of the node's memory meanwhile. */
  byte[] holding(long bytes, Supplier<byte[]> body) {
    module.budget().take(bytes);
    try {
      return body.get();
    } finally {
      module.budget().giveBack(bytes);
    }
  }

  int replyLength() {
    return reply.length;
  }

  /** Copies the reply to an address, and forgets it. */
  void fetch(int address) {
    memory.write(address, reply, 0, reply.length);
    replace(NOTHING);
  }

  private void replace(byte[] next) {
    reply = NOTHING;
    // What is lent for a small reply is kept for the next one.
    int room = Math.max(next.length, Math.min(replyRoom, KEPT_REPLY));
    if (room > replyRoom) {
      module.budget().take(room - replyRoom);
    } else if (room < replyRoom) {
      module.budget().giveBack(replyRoom - room);
    }
    replyRoom = room;
    reply = next;
  }

  /** Remembers what the platform refused, for a module that lets it through. */
  void refused(HeddleException why) {
    refused = why;
  }

  /** Ends the module's run as it asks for. */
  RuntimeException fail(int kind, String words) {
    var cut = words.length() <= MAX_WORDS ? words : words.substring(0, MAX_WORDS) + "…";
    if (kind == PlatformHost.REJECT) {
      return new BadRequestException(cut);
    }
    if (kind == PlatformHost.PASS_ON && refused != null) {
      return refused;
    }
    return new GuestException(cut);
  }

  /** Gives back its memory and lets go of shards. A second call does nothing. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      shards.close();
      reply = NOTHING;
      module.budget().giveBack(replyRoom);
      replyRoom = 0;
      memory.release();
    }
  }
}
