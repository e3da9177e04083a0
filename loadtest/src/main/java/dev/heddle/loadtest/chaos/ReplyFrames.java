package dev.heddle.loadtest.chaos;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Finds in what a server wrote to one HTTP/2 connection the calls at which its replies left: the
 * first DATA frame of each stream. For one thread.
 */
final class ReplyFrames {
  private static final int HEAD = 9;
  private static final int DATA = 0;

  private final List<SystemCall> replies = new ArrayList<>();
  private final Set<Integer> streams = new HashSet<>();

  /** Of the frame at hand. */
  private final byte[] head = new byte[HEAD];

  private int headRead;
  private long payloadLeft;

  /** Call with the frame's first byte. */
  private int first;

  private ReplyFrames() {}

  /**
   * @param writes all of them, in order, to one connection
   * @return for each stream that got data, in order, the call in which its first frame began
   * @throws IllegalArgumentException if the trace does not show all bytes
   */
  static List<SystemCall> find(List<SystemCall> writes) {
    var frames = new ReplyFrames();
    for (int i = 0; i < writes.size(); i++) {
      var write = writes.get(i);
      int written = write.result().orElse(0);
      if (write.truncated() || write.data().length < written) {
        throw new IllegalArgumentException(
            "line "
                + write.begun()
                + ": "
                + write.data().length
                + " of "
                + written
                + " bytes shown (expected: all; strace -s says how many)");
      }
      for (int at = 0; at < written; ) {
        at = frames.read(write.data(), at, written, i, writes);
      }
    }
    return frames.replies;
  }

  /** Takes bytes of a head or of a payload; returns the place behind them. */
  private int read(byte[] data, int from, int end, int call, List<SystemCall> writes) {
    if (payloadLeft > 0) {
      int step = (int) Math.min(payloadLeft, end - from);
      payloadLeft -= step;
      return from + step;
    }
    if (headRead == 0) {
      first = call;
    }
    head[headRead++] = data[from];
    if (headRead == HEAD) {
      headRead = 0;
      payloadLeft = number(0, 3);
      boolean reply = head[3] == DATA && payloadLeft > 0;
      if (reply && streams.add(number(5, 4) & Integer.MAX_VALUE)) {
        replies.add(writes.get(first));
      }
    }
    return from + 1;
  }

  private int number(int from, int length) {
    int number = 0;
    for (int i = from; i < from + length; i++) {
      number = number << 8 | (head[i] & 0xff);
    }
    return number;
  }
}
