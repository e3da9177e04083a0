package dev.heddle.engine.wasm;

import dev.heddle.engine.JsonValues;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.concurrent.TimeUnit;

/**
 * What a module may ask of the platform: {@code call} for everything that an invocation can do,
 * {@code reply} for the answers, {@code fail}, {@code log} and {@code remaining_micros}.
 */
final class PlatformHost {
  /** The request is refused, in the module's words. */
  static final int REJECT = 0;

  /** The platform's last refusal is passed on as it was. */
  static final int PASS_ON = 2;

  /** What a byte of JSON takes at most, about, once it is read. */
  private static final int TREE_BYTES = 32;

  private static final int MAX_NAME = 64;
  private static final DataSize MAX_ERROR = DataSize.ofKiB(16);

  private PlatformHost() {}

  static void declare() {
    HostFunctions.deep("call", "(iiii)i", PlatformHost::call);
    HostFunctions.light("reply_length", "()i", (guest, arguments) -> guest.replyLength());
    HostFunctions.light(
        "reply",
        "(i)",
        (guest, arguments) -> {
          guest.fetch((int) arguments[0]);
          return 0;
        });
    HostFunctions.light(
        "fail",
        "(iii)",
        (guest, arguments) -> {
          throw guest.fail((int) arguments[0], guest.text(arguments[1], arguments[2]));
        });
    HostFunctions.deep(
        "log",
        "(ii)",
        (guest, arguments) -> {
          guest.output().line(guest.argument(arguments[0], arguments[1]));
          return 0;
        });
    HostFunctions.light("remaining_micros", "()l", PlatformHost::remainingMicros);
  }

  /** Length of the answer; -1 where it failed, and the answer is the error as JSON. */
  private static long call(Guest guest, long[] arguments) {
    var call = guest.call();
    if (call == null) {
      throw new GuestException("call: in a scatter function (expected: a handler)");
    }
    if (Integer.compareUnsigned((int) arguments[1], MAX_NAME) > 0) {
      throw new GuestException("call: a name of more than " + MAX_NAME + " bytes");
    }
    var operation = guest.text(arguments[0], arguments[1]);
    var body = guest.argument(arguments[2], arguments[3]);
    long tree = (long) body.length * TREE_BYTES;
    try {
      return guest.reply(guest.holding(tree, () -> call.platform().call(operation, body)));
    } catch (HeddleException e) {
      if (endsInvocation(e)) {
        throw e;
      }
      guest.refused(e);
      guest.reply(json(e));
      return -1;
    }
  }

  /** What ends the whole invocation is not for the module to handle. */
  private static boolean endsInvocation(HeddleException e) {
    return e.code() == ErrorCode.CANCELLED || e.code() == ErrorCode.DEADLINE_EXCEEDED;
  }

  private static byte[] json(HeddleException e) {
    var error = new LinkedHashMap<String, Object>();
    error.put("code", (long) e.code().number());
    error.put("name", e.code().name());
    error.put("kind", e.code().kind().name());
    error.put("message", cut(String.valueOf(e.getMessage())));
    return JsonValues.write(error, MAX_ERROR);
  }

  private static String cut(String message) {
    return message.getBytes(StandardCharsets.UTF_8).length <= 2_000
        ? message
        : message.substring(0, 500) + "…";
  }

  /** Until the deadline; -1 where the function has none to see. */
  private static long remainingMicros(Guest guest, long[] arguments) {
    var call = guest.call();
    return call == null ? -1 : TimeUnit.NANOSECONDS.toMicros(call.context().remaining().toNanos());
  }
}
