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
  /** How long an outcome is remembered, by the clocks of leaders. */
  static final long REMEMBERED_MILLIS = 60_000;

  /** Outcomes at most; more than so many a minute are forgotten sooner. */
  private static final int MOST = 20_000;

  /** Bytes of theirs at most, about; the same holds. */
  static final long MOST_BYTES = 4 << 20;

  /** Of a text in an error. */
  private static final int MOST_TEXT = 2_000;

  /** One entry's outcome. */
  record Outcome(
      RequestId request,
      long index,
      long writtenMillis,
      byte[] outcomes,
      List<OperationError> errors) {
    private static final long FIXED = 64;

    /** As it is remembered: nobody knows how long ids and messages from outside are. */
    private Outcome brief() {
      List<OperationError> shorter = new ArrayList<>(errors.size());
      for (OperationError error : errors) {
        shorter.add(
            new OperationError(
                error.index(),
                RecentRequests.brief(error.id()),
                error.code(),
                RecentRequests.brief(error.message())));
      }
      return new Outcome(request, index, writtenMillis, outcomes, shorter);
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

  void add(Outcome whole) {
    Outcome outcome = whole.brief();
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
      for (int left = in.readInt(); left > 0; left--) {
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
        requests.add(new Outcome(request, index, millis, outcomes, errors));
      }
    } catch (IllegalArgumentException e) {
      throw new IOException("requests in the commit: " + e.getMessage(), e);
    }
    return requests;
  }
}
