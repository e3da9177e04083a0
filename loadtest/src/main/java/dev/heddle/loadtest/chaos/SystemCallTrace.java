package dev.heddle.loadtest.chaos;

import java.io.ByteArrayOutputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code strace -f -yy -ttt -T -o FILE} wrote: one line for a call, or two where another
 * thread's came in between. Calls come in the order in which they began. Without {@code -T} it is
 * not known when they returned, only in which order. For one thread.
 */
final class SystemCallTrace {
  private static final String UNFINISHED = " <unfinished ...>";
  private static final Pattern LINE = Pattern.compile("(\\d+) +(?:(\\d+\\.\\d+) +)?(.*)");
  private static final Pattern CALL = Pattern.compile("([a-z_0-9]+)\\((.*)");
  private static final Pattern RESUMED = Pattern.compile("<\\.\\.\\. ([a-z_0-9]+) resumed>(.*)");
  private static final Pattern RESULT =
      Pattern.compile("\\) += (-?\\d+|\\?)(?: .*?)??(?: <(\\d+\\.\\d+)>)?$");
  private static final Pattern TARGET = Pattern.compile("\\d+<(.*?)>(?=[,() ]|$).*");

  private final List<SystemCall> calls = new ArrayList<>();
  private final Map<Long, Open> open = new HashMap<>();
  private int number;

  /** Of the line at hand. */
  private long micros;

  /** A call that has not returned; its place in the list is taken. */
  private record Open(int place, String name, String arguments, int begun, long begunMicros) {}

  private SystemCallTrace() {}

  static List<SystemCall> read(Iterable<String> lines) {
    var trace = new SystemCallTrace();
    lines.forEach(trace::line);
    return List.copyOf(trace.calls);
  }

  private void line(String text) {
    number++;
    Matcher line = LINE.matcher(text);
    if (!line.matches()) {
      return;
    }
    long thread = Long.parseLong(line.group(1));
    micros = micros(line.group(2));
    var rest = line.group(3);
    Matcher resumed = RESUMED.matcher(rest);
    Matcher call = CALL.matcher(rest);
    if (resumed.matches()) {
      resumed(thread, resumed.group(1), resumed.group(2));
    } else if (call.matches()) {
      called(thread, call.group(1), call.group(2));
    }
  }

  private void called(long thread, String name, String rest) {
    if (rest.endsWith(UNFINISHED)) {
      var arguments = rest.substring(0, rest.length() - UNFINISHED.length());
      var begun = new Open(calls.size(), name, arguments, number, micros);
      open.put(thread, begun);
      calls.add(
          call(thread, begun, arguments, OptionalInt.empty(), Integer.MAX_VALUE, Long.MAX_VALUE));
      return;
    }
    Matcher result = RESULT.matcher(rest);
    if (result.find()) {
      var arguments = rest.substring(0, result.start());
      var begun = new Open(calls.size(), name, arguments, number, micros);
      calls.add(call(thread, begun, arguments, result(result), number, ended(begun, result)));
    }
  }

  private void resumed(long thread, String name, String rest) {
    var begun = open.remove(thread);
    Matcher result = RESULT.matcher(rest);
    if (begun == null || !begun.name.equals(name) || !result.find()) {
      return;
    }
    var arguments = begun.arguments + rest.substring(0, result.start());
    calls.set(
        begun.place, call(thread, begun, arguments, result(result), number, ended(begun, result)));
  }

  /** 0: not told. */
  private static long micros(@Nullable String seconds) {
    return seconds == null ? 0 : new BigDecimal(seconds).movePointRight(6).longValue();
  }

  private static long ended(Open call, Matcher result) {
    var took = result.group(2);
    return took == null ? Long.MAX_VALUE : call.begunMicros + micros(took);
  }

  /** Empty for a failure. */
  private static OptionalInt result(Matcher result) {
    var text = result.group(1);
    return text.equals("?") || text.startsWith("-")
        ? OptionalInt.empty()
        : OptionalInt.of(Integer.parseInt(text));
  }

  private static SystemCall call(
      long thread, Open begun, String arguments, OptionalInt result, int ended, long endedMicros) {
    Matcher target = TARGET.matcher(arguments);
    var data = new ByteArrayOutputStream();
    boolean truncated = literals(arguments, data);
    return new SystemCall(
        thread,
        begun.name,
        target.matches() ? target.group(1) : "",
        data.toByteArray(),
        truncated,
        result,
        begun.begun,
        ended,
        begun.begunMicros,
        endedMicros);
  }

  /** Takes the bytes of all literals; returns whether one of them was cut. */
  private static boolean literals(String arguments, ByteArrayOutputStream bytes) {
    boolean cut = false;
    int at = arguments.indexOf('"');
    while (at >= 0) {
      int end = literal(arguments, at + 1, bytes);
      cut |= arguments.startsWith("...", end);
      at = arguments.indexOf('"', end);
    }
    return cut;
  }

  /** Takes the bytes up to the closing quote; returns the place behind it. */
  private static int literal(String text, int from, ByteArrayOutputStream bytes) {
    int at = from;
    while (at < text.length() && text.charAt(at) != '"') {
      char c = text.charAt(at++);
      if (c != '\\' || at == text.length()) {
        bytes.writeBytes(String.valueOf(c).getBytes(StandardCharsets.UTF_8));
        continue;
      }
      char escaped = text.charAt(at);
      if (escaped >= '0' && escaped <= '7') {
        int end = at;
        while (end < text.length() && end < at + 3 && "01234567".indexOf(text.charAt(end)) >= 0) {
          end++;
        }
        bytes.write(Integer.parseInt(text, at, end, 8));
        at = end;
      } else {
        bytes.write(plain(escaped));
        at++;
      }
    }
    return Math.min(at + 1, text.length());
  }

  private static int plain(char escaped) {
    return switch (escaped) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      case 'v' -> 0x0b;
      case 'f' -> '\f';
      case 'a' -> 0x07;
      case 'b' -> '\b';
      default -> escaped;
    };
  }
}
