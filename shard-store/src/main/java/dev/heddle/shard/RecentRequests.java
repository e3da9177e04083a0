package dev.heddle.shard;

import dev.heddle.process.ErrorCode;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Outcomes of the requests of the last minute, so that one that comes again, because its answer was
 * lost, is not done again. Part of the replicated state: alike on all replicas, and in every
 * commit. Guarded by the shard's lock.
 */
final class RecentRequests {
  /** How long an outcome is remembered at least, unless there are too many. */
  static final long REMEMBERED_MILLIS = 60_000;

  /** Requests a second that are remembered for so long; where more come, each of them shorter. */
  private static final int MOST_PER_SECOND = 1_000;

  static final int MOST = (int) (REMEMBERED_MILLIS / 1_000) * MOST_PER_SECOND;

  /**
   * So much time passes between two entries at most, whatever the leaders' clocks say: the next
   * leader's may be ahead of the last one's, and any may be set. A shard that is written to less
   * often remembers longer.
   */
  static final long MOST_STEP_MILLIS = 1_000;

  /** Bytes of theirs at most, about; the same holds. */
  static final long MOST_BYTES = 4 << 20;

  /** Begins a text that tells the clock; a former one begins with the number of outcomes. */
  private static final int WITH_CLOCK = -1;

  /** Of a text in an error. */
  private static final int MOST_TEXT = 2_000;

  /**
   * One entry's outcome.
   *
   * @param writtenMillis by the leader's clock; once remembered, by the time that passed here
   */
  record Outcome(
      RequestId request,
      long index,
      long writtenMillis,
      byte[] outcomes,
      List<OperationError> errors) {
    private static final long FIXED = 64;

    /** As it is remembered: nobody knows how long ids and messages from outside are. */
    private Outcome brief(long atMillis) {
      List<OperationError> shorter = new ArrayList<>(errors.size());
      for (OperationError error : errors) {
        shorter.add(
            new OperationError(
                error.index(),
                RecentRequests.brief(error.id()),
                error.code(),
                RecentRequests.brief(error.message())));
      }
      return new Outcome(request, index, atMillis, outcomes, shorter);
    }

    private long bytes() {
      long bytes = FIXED + outcomes.length;
      for (OperationError error : errors) {
        bytes += FIXED + error.id().length() + error.message().length();
      }
      return bytes;
    }
  }

  private final Map<RequestId, Outcome> byRequest = new HashMap<>();
  private final Deque<Outcome> inOrder = new ArrayDeque<>();
  private long bytes;

  /** What the last entry's leader took the time for. */
  private long clockMillis;

  /** Time that has passed from entry to entry. */
  private long passedMillis;

  void add(Outcome whole) {
    if (!inOrder.isEmpty()) {
      passedMillis += Math.clamp(whole.writtenMillis() - clockMillis, 0, MOST_STEP_MILLIS);
    }
    clockMillis = whole.writtenMillis();
    remember(whole.brief(passedMillis));
  }

  private void remember(Outcome outcome) {
    byRequest.put(outcome.request(), outcome);
    inOrder.addLast(outcome);
    bytes += outcome.bytes();
    long horizon = outcome.writtenMillis() - REMEMBERED_MILLIS;
    for (Outcome first = inOrder.peekFirst();
        first != null
            && (first.writtenMillis() < horizon || inOrder.size() > MOST || bytes > MOST_BYTES);
        first = inOrder.peekFirst()) {
      inOrder.removeFirst();
      bytes -= first.bytes();
      byRequest.remove(first.request(), first);
    }
  }

  @Nullable Outcome find(RequestId request) {
    return byRequest.get(request);
  }

  int size() {
    return inOrder.size();
  }

  /** As text, for a commit. */
  String write() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeInt(WITH_CLOCK);
      out.writeLong(clockMillis);
      out.writeInt(inOrder.size());
      for (Outcome outcome : inOrder) {
        out.writeLong(outcome.request().client().getMostSignificantBits());
        out.writeLong(outcome.request().client().getLeastSignificantBits());
        out.writeLong(outcome.request().call());
        out.writeLong(outcome.index());
        out.writeLong(outcome.writtenMillis());
        out.writeInt(outcome.outcomes().length);
        out.write(outcome.outcomes());
        out.writeInt(outcome.errors().size());
        for (OperationError error : outcome.errors()) {
          out.writeInt(error.index());
          out.writeUTF(error.id());
          out.writeInt(error.code().number());
          out.writeUTF(error.message());
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException("memory cannot be written", e);
    }
    return Base64.getEncoder().encodeToString(bytes.toByteArray());
  }

  private static String brief(String text) {
    return text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT - 1) + "…";
  }

  static RecentRequests read(String text) throws IOException {
    RecentRequests requests = new RecentRequests();
    if (text.isEmpty()) {
      return requests;
    }
    try (DataInputStream in =
        new DataInputStream(new ByteArrayInputStream(Base64.getDecoder().decode(text)))) {
      int count = in.readInt();
      boolean clocked = count == WITH_CLOCK;
      if (clocked) {
        requests.clockMillis = in.readLong();
        count = in.readInt();
      }
      for (int left = count; left > 0; left--) {
        RequestId request = new RequestId(new UUID(in.readLong(), in.readLong()), in.readLong());
        long index = in.readLong();
        long millis = in.readLong();
        byte[] outcomes = in.readNBytes(in.readInt());
        List<OperationError> errors = new ArrayList<>();
        for (int more = in.readInt(); more > 0; more--) {
          errors.add(
              new OperationError(
                  in.readInt(),
                  in.readUTF(),
                  ErrorCode.of(in.readInt()).orElse(ErrorCode.INTERNAL),
                  in.readUTF()));
        }
        requests.passedMillis = millis;
        requests.remember(new Outcome(request, index, millis, outcomes, errors));
      }
      if (!clocked) {
        requests.clockMillis = requests.passedMillis;
      }
    } catch (IllegalArgumentException e) {
      throw new IOException("requests in the commit: " + e.getMessage(), e);
    }
    return requests;
  }
}
