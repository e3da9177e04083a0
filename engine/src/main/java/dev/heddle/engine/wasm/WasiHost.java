package dev.heddle.engine.wasm;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;

/**
 * The few functions of {@code wasi_snapshot_preview1} that a C library wants before it does
 * anything: output to the log, the environment, clocks, random bytes, exit. There are no files: all
 * that asks for one hears EBADF.
 */
final class WasiHost {
  private static final int OK = 0;
  private static final int BAD_DESCRIPTOR = 8;
  private static final int INVALID = 28;
  private static final int REALTIME = 0;
  private static final int MAX_RANDOM = 64 << 10;
  private static final int MAX_VECTORS = 1_024;
  private static final int MAX_PRINTED = 64 << 10;

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Clock CLOCK = Clock.systemUTC();

  private WasiHost() {}

  static void declare() {
    declare("fd_write", "(iiii)i", WasiHost::write);
    declare(
        "proc_exit",
        "(i)",
        (guest, arguments) -> {
          throw new GuestExit((int) arguments[0]);
        });
    declare("environ_sizes_get", "(ii)i", WasiHost::environmentSizes);
    declare("environ_get", "(ii)i", WasiHost::environment);
    declare("args_sizes_get", "(ii)i", WasiHost::noArguments);
    declare("args_get", "(ii)i", (guest, arguments) -> OK);
    declare("clock_time_get", "(ili)i", WasiHost::time);
    declare("random_get", "(ii)i", WasiHost::random);
    declare("sched_yield", "()i", (guest, arguments) -> OK);
    declare("fd_close", "(i)i", WasiHost::noFile);
    declare("fd_seek", "(ilii)i", WasiHost::noFile);
    declare("fd_read", "(iiii)i", WasiHost::noFile);
    declare("fd_fdstat_get", "(ii)i", WasiHost::noFile);
    declare("fd_prestat_get", "(ii)i", WasiHost::noFile);
    declare("fd_prestat_dir_name", "(iii)i", WasiHost::noFile);
  }

  private static void declare(String name, String type, HostFunctions.Body body) {
    HostFunctions.declare("wasi_snapshot_preview1", name, type, true, body);
  }

  private static long noFile(Guest guest, long[] arguments) {
    return BAD_DESCRIPTOR;
  }

  private static long write(Guest guest, long[] arguments) {
    long descriptor = arguments[0];
    if (descriptor != 1 && descriptor != 2) {
      return BAD_DESCRIPTOR;
    }
    int vectors = (int) arguments[2];
    if (vectors < 0 || vectors > MAX_VECTORS) {
      return INVALID;
    }
    var memory = guest.memory();
    long written = 0;
    var printed = new ByteArrayOutputStream();
    for (int i = 0; i < vectors; i++) {
      int at = (int) arguments[1] + 8 * i;
      int address = memory.readInt(at);
      int length = memory.readInt(at + 4);
      if (!memory.contains(address, length)) {
        return INVALID;
      }
      written += length;
      int room = Math.min(length, MAX_PRINTED - printed.size());
      printed.writeBytes(memory.readBytes(address, Math.max(0, room)));
    }
    guest.output().print(printed.toByteArray());
    memory.writeI32((int) arguments[3], (int) written);
    return OK;
  }

  private static List<byte[]> variables(Guest guest) {
    var call = guest.call();
    var variables = new ArrayList<byte[]>();
    if (call != null) {
      call.context()
          .environment()
          .forEach((name, value) ->
              variables.add((name + "=" + value + "\0").getBytes(StandardCharsets.UTF_8)));
    }
    return variables;
  }

  private static long environmentSizes(Guest guest, long[] arguments) {
    var variables = variables(guest);
    guest.memory().writeI32((int) arguments[0], variables.size());
    int bytes = variables.stream().mapToInt(each -> each.length).sum();
    guest.memory().writeI32((int) arguments[1], bytes);
    return OK;
  }

  private static long environment(Guest guest, long[] arguments) {
    int pointer = (int) arguments[0];
    int text = (int) arguments[1];
    for (var variable : variables(guest)) {
      guest.memory().writeI32(pointer, text);
      guest.memory().write(text, variable, 0, variable.length);
      pointer += 4;
      text += variable.length;
    }
    return OK;
  }

  private static long noArguments(Guest guest, long[] arguments) {
    guest.memory().writeI32((int) arguments[0], 0);
    guest.memory().writeI32((int) arguments[1], 0);
    return OK;
  }

  private static long time(Guest guest, long[] arguments) {
    long nanos;
    if (arguments[0] == REALTIME) {
      var now = CLOCK.instant();
      nanos = now.getEpochSecond() * 1_000_000_000L + now.getNano();
    } else {
      nanos = guest.module().ticker().nanoTime();
    }
    guest.memory().writeLong((int) arguments[2], nanos);
    return OK;
  }

  private static long random(Guest guest, long[] arguments) {
    int length = (int) arguments[1];
    if (length < 0 || length > MAX_RANDOM) {
      return INVALID;
    }
    var bytes = new byte[length];
    RANDOM.nextBytes(bytes);
    guest.memory().write((int) arguments[0], bytes, 0, length);
    return OK;
  }
}
