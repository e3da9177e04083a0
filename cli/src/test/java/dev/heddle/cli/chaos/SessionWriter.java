package dev.heddle.cli.chaos;

import dev.heddle.loadtest.chaos.Pacing;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcMetadata;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import dev.heddle.v1.ChangeSessionRequest;
import dev.heddle.v1.CookieSessionsGrpc;
import dev.heddle.v1.CookieSessionsGrpc.CookieSessionsBlockingStub;
import dev.heddle.v1.EndSessionRequest;
import dev.heddle.v1.GetSessionRequest;
import dev.heddle.v1.SessionChange;
import io.grpc.Channel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import java.nio.ByteBuffer;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Changes sessions that nobody else changes, and remembers what was acknowledged. An attribute of
 * which a write failed is never written again: its value is one of two, for ever.
 */
final class SessionWriter implements Runnable {
  private static final Duration CALL = Duration.ofSeconds(10);
  private static final Duration AFTER_FAILURE = Duration.ofMillis(100);
  private static final Duration BETWEEN = Duration.ofMillis(4);
  private static final int ATTRIBUTES = 6;
  private static final int MOST_CHANGES = 30;
  private static final int SHOWN = 5;

  private final String name;
  private final Channel channel;
  private final Metadata credentials = new Metadata();
  private final Random random;
  private final Clock clock;
  private final CountDownLatch stop;
  private final List<Kept> sessions = new ArrayList<>();
  private final List<String> problems = new ArrayList<>();
  private int writes;
  private final AtomicInteger acknowledged = new AtomicInteger();
  private final AtomicInteger endings = new AtomicInteger();

  SessionWriter(
      String name, Channel channel, String key, Random random, Clock clock, CountDownLatch stop) {
    this.name = name;
    this.channel = channel;
    this.random = random;
    this.clock = clock;
    this.stop = stop;
    credentials.put(GrpcMetadata.AUTHORIZATION, "Bearer " + key);
  }

  /** What is known of a session. */
  static final class Kept {
    private final String id;
    private final Map<String, Value> values = new TreeMap<>();
    private int changes;

    /** Somebody may have ended it. */
    private boolean ending;

    private boolean ended;

    private Kept(String id) {
      this.id = id;
    }

    String id() {
      return id;
    }

    boolean ended() {
      return ended;
    }

    /** Whether it has to be there. */
    boolean lives() {
      return !ending && values.values().stream().anyMatch(value -> value.known != null);
    }

    /** Why it cannot have these attributes; empty: it can. */
    String wrong(Map<String, String> there) {
      if (ended) {
        return "ended, and there";
      }
      for (String attribute : there.keySet()) {
        if (!values.containsKey(attribute)) {
          return attribute + ": nobody wrote it";
        }
      }
      for (Map.Entry<String, Value> each : values.entrySet()) {
        Value value = each.getValue();
        String found = there.get(each.getKey());
        if (!Objects.equals(found, value.known)
            && (value.doubtful == null || !value.doubtful.equals(found))) {
          return each.getKey() + "=" + found + " (expected: " + value + ")";
        }
      }
      return "";
    }
  }

  /**
   * An attribute's.
   *
   * @param known what was acknowledged last; null: nothing
   * @param doubtful what was written then, and not acknowledged; null: nothing
   */
  private record Value(@Nullable String known, @Nullable String doubtful) {}

  List<Kept> sessions() {
    return sessions;
  }

  List<String> problems() {
    return problems;
  }

  /** Changes; for any thread, as the next one. */
  int acknowledged() {
    return acknowledged.get();
  }

  /** Sessions that it has ended. */
  int endings() {
    return endings.get();
  }

  @Override
  public void run() {
    try {
      Kept session = begun();
      while (!stop.await(BETWEEN.toNanos(), TimeUnit.NANOSECONDS)) {
        boolean answered;
        if (session.changes >= MOST_CHANGES || exhausted(session)) {
          answered = random.nextInt(3) > 0 || end(session);
          session = begun();
        } else {
          answered = change(session) && (random.nextInt(4) > 0 || look(session));
        }
        if (!answered) {
          var _ = stop.await(AFTER_FAILURE.toNanos(), TimeUnit.NANOSECONDS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private Kept begun() {
    // As a gateway makes them: random bits, and the second they were made.
    byte[] id = new byte[20];
    random.nextBytes(id);
    ByteBuffer.wrap(id).putInt(16, (int) clock.instant().getEpochSecond());
    var session = new Kept(Base64.getUrlEncoder().withoutPadding().encodeToString(id));
    sessions.add(session);
    return session;
  }

  private static boolean exhausted(Kept session) {
    return session.values.size() == ATTRIBUTES
        && session.values.values().stream().allMatch(value -> value.doubtful != null);
  }

  private boolean change(Kept session) {
    String attribute = "a" + random.nextInt(ATTRIBUTES);
    Value before = session.values.getOrDefault(attribute, new Value(null, null));
    if (before.doubtful != null) {
      return true;
    }
    session.changes++;
    String value = "\"" + name + "-" + ++writes + "\"";
    session.values.put(attribute, new Value(before.known, value));
    var request =
        ChangeSessionRequest.newBuilder()
            .setSession(session.id)
            .addChanges(SessionChange.newBuilder().setName(attribute).setValue(value))
            .build();
    try {
      if (!call(stub -> stub.change(request)).getApplied()) {
        problem(session, "a change without a condition was not applied");
        return true;
      }
      session.values.put(attribute, new Value(value, null));
      acknowledged.incrementAndGet();
      return true;
    } catch (HeddleException e) {
      if (e.code() == ErrorCode.NOT_FOUND || e.code() == ErrorCode.GONE) {
        problem(session, "refused, though nobody ended it: " + e.getMessage());
      }
      return false;
    }
  }

  private boolean look(Kept session) {
    var request = GetSessionRequest.newBuilder().setSession(session.id).build();
    try {
      String wrong = session.wrong(call(stub -> stub.get(request)).getAttributesMap());
      if (!wrong.isEmpty()) {
        problem(session, wrong);
      }
      return true;
    } catch (HeddleException e) {
      if (e.code() == ErrorCode.NOT_FOUND && session.lives()) {
        problem(session, "not there");
      }
      return false;
    }
  }

  private boolean end(Kept session) {
    session.ending = true;
    var request = EndSessionRequest.newBuilder().setSession(session.id).build();
    try {
      var _ = call(stub -> stub.end(request));
      session.ended = true;
      endings.incrementAndGet();
      return true;
    } catch (HeddleException e) {
      return false;
    }
  }

  /**
   * Whether a change of a session is refused because it has ended; asked until somebody answers.
   */
  boolean refused(Kept session, Duration limit, Ticker ticker) throws InterruptedException {
    return Pacing.retried(limit, ticker, () -> refused(session));
  }

  private boolean refused(Kept session) {
    var change = SessionChange.newBuilder().setName("a0").setValue("\"late\"");
    var request =
        ChangeSessionRequest.newBuilder().setSession(session.id).addChanges(change).build();
    try {
      var _ = call(stub -> stub.change(request));
      return false;
    } catch (HeddleException e) {
      if (e.code() == ErrorCode.NOT_FOUND || e.code() == ErrorCode.GONE) {
        return true;
      }
      throw e;
    }
  }

  private <T> T call(Function<CookieSessionsBlockingStub, T> call) {
    try {
      return call.apply(
          CookieSessionsGrpc.newBlockingStub(channel)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(credentials))
              .withDeadlineAfter(CALL.toNanos(), TimeUnit.NANOSECONDS));
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  private void problem(Kept session, String what) {
    if (problems.size() < SHOWN) {
      problems.add(name + ": " + session.id + ": " + what);
    }
  }
}
