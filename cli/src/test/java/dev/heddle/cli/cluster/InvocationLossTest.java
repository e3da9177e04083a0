package dev.heddle.cli.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.internal.v1.SessionAttributesGrpc;
import dev.heddle.internal.v1.SetAttributesRequest;
import dev.heddle.internal.v1.SetAttributesResponse;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.Started;
import dev.heddle.v1.InvocationsGrpc;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.SessionRef;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.LongConsumer;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Calls of handlers while their leaves are killed: every call has one outcome, which says whether
 * the handler ran, and no handler runs twice for one call. {@code -Dheddle.chaos.seed=N} repeats a
 * run, as far as threads allow.
 */
class InvocationLossTest {
  private static final int CALLERS = 32;
  private static final int LEAVES = 3;

  /** Where the Java handler finds whom to tell that it runs: the two share nothing but the JDK. */
  private static final String PROPERTY = "dev.heddle.test.executions";

  /** Runs begun, by number of the call. */
  private static volatile AtomicIntegerArray executions = new AtomicIntegerArray(0);

  @TempDir private Path directory;

  private final AtomicIntegerArray outcomes = new AtomicIntegerArray(100_000);
  private final Map<Started, AtomicInteger> failures = new ConcurrentHashMap<>();
  private final AtomicInteger answered = new AtomicInteger();
  private final Queue<String> problems = new ConcurrentLinkedQueue<>();
  private final Semaphore settled = new Semaphore(0);
  private final AtomicInteger next = new AtomicInteger();

  @Test
  @Timeout(600)
  void noneOfAFewThousandCallsIsLostOrRunsTwice() throws Exception {
    callWhileLeavesAreKilled(4_000, 12);
  }

  @Test
  @Tag("chaos")
  @Timeout(900)
  void noneOfAHundredThousandCallsIsLostOrRunsTwice() throws Exception {
    callWhileLeavesAreKilled(100_000, 100);
  }

  private void callWhileLeavesAreKilled(int calls, int kills) throws Exception {
    long seed = Long.getLong("heddle.chaos.seed", System.nanoTime() & 0xffff_ffffL);
    System.out.println("chaos: -Dheddle.chaos.seed=" + seed);
    executions = new AtomicIntegerArray(calls);
    System.getProperties().put(PROPERTY, (LongConsumer) InvocationLossTest::executed);
    try (var leaves = new MortalLeaves(directory, LEAVES);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      deploy(leaves);
      String sessions = leaves.serve(new Sessions());
      List<Future<?>> callers = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        callers.add(threads.submit(() -> callAll(leaves, sessions, calls, seed)));
      }
      killAll(leaves, calls, kills, new Random(seed));
      awaitAll(callers);
    } finally {
      System.getProperties().remove(PROPERTY);
    }
    check(calls, "seed " + seed);
  }

  private static void executed(long number) {
    executions.incrementAndGet((int) number);
  }

  private void deploy(MortalLeaves leaves) throws IOException {
    var _ =
        Sources.deploy(
            leaves.channel(),
            Sources.compile(
                directory.resolve("source"),
                "name: note-java\nruntime: java\nentry: sample.Note\n",
                "sample.Note",
                """
                package sample;
                import dev.heddle.function.*;
                import java.util.concurrent.locks.LockSupport;
                import java.util.function.LongConsumer;
                public final class Note implements Handler {
                  public Object handle(Event event, Context context) {
                    long number = (Long) event.object().get("value");
                    ((LongConsumer) System.getProperties().get("%s")).accept(number);
                    LockSupport.parkNanos(100_000 * (number %% 16));
                    return event.json();
                  }
                }
                """
                    .formatted(PROPERTY)));
    try (var module = InvocationLossTest.class.getResourceAsStream("note.wasm")) {
      leaves.deploy(
          "name: note-wasm\nruntime: wasm\nmemory: 1MiB\n",
          Objects.requireNonNull(module, "note.wasm").readAllBytes());
    }
  }

  /** One caller; each call is one of the callers' together. */
  private void callAll(MortalLeaves leaves, String sessions, int calls, long seed) {
    for (int number; (number = next.getAndIncrement()) < calls; ) {
      var random = new Random(seed ^ number * 0x9e3779b97f4a7c15L);
      String event = "{\"name\":\"n\",\"value\":" + number + "}";
      var request =
          InvokeRequest.newBuilder()
              .setFunction(random.nextBoolean() ? "note-java" : "note-wasm")
              .setEventJson(ByteString.copyFromUtf8(event))
              .setLocalityKey(random.nextInt(4) == 0 ? "s" + random.nextInt(20) : "")
              .setSession(SessionRef.newBuilder().setId("s").setGateway(sessions));
      try {
        var reply =
            InvocationsGrpc.newBlockingStub(leaves.channel())
                .withDeadlineAfter(5, TimeUnit.MINUTES)
                .invoke(request.build());
        answered(number, reply.getResultJson().toString(StandardCharsets.UTF_8), event);
      } catch (StatusRuntimeException e) {
        failed(number, e);
      } finally {
        settled.release();
      }
    }
  }

  private void answered(int number, String reply, String event) {
    outcomes.incrementAndGet(number);
    answered.incrementAndGet();
    if (!reply.equals(event)) {
      problems.add("call " + number + " was answered with " + reply);
    }
    int runs = executions.get(number);
    if (runs != 1) {
      problems.add("call " + number + " was answered, and ran " + runs + " times");
    }
  }

  private void failed(int number, StatusRuntimeException failure) {
    outcomes.incrementAndGet(number);
    var started = Started.of(failure);
    failures.computeIfAbsent(started, unseen -> new AtomicInteger()).incrementAndGet();
    var trailers = failure.getTrailers();
    String words = GrpcErrors.fromStatus(failure).getMessage();
    boolean told = trailers != null && trailers.containsKey(GrpcErrors.ERROR);
    if (!told || (started == Started.UNKNOWN && !words.contains("may have run"))) {
      problems.add("call " + number + " does not say whether it ran: " + failure);
    }
    if (started == Started.NO && executions.get(number) != 0) {
      problems.add("call " + number + " did not run, they say, and ran: " + failure);
    }
  }

  /** Kills leaves, one after the other, as calls come to their ends. */
  private void killAll(MortalLeaves leaves, int calls, int kills, Random random)
      throws InterruptedException {
    int pace = calls / (kills + 1);
    for (int i = 0; i < kills; i++) {
      settled.acquire(pace);
      leaves.kill(random.nextInt(leaves.count()), random.nextInt(4) > 0);
    }
  }

  private static void awaitAll(List<Future<?>> callers)
      throws InterruptedException, ExecutionException {
    for (var caller : callers) {
      var _ = caller.get();
    }
  }

  private void check(int calls, String seed) {
    int lost = 0;
    int twice = 0;
    for (int i = 0; i < calls; i++) {
      lost += outcomes.get(i) == 1 ? 0 : 1;
      twice += executions.get(i) > 1 ? 1 : 0;
    }
    System.out.println("chaos: answered=" + answered + " failed=" + failures);
    assertEquals(List.of(), problems.stream().limit(10).toList(), seed);
    assertEquals(0, lost, () -> seed + ": calls without exactly one outcome");
    assertEquals(0, twice, () -> seed + ": calls that ran more than once");
    assertTrue(answered.get() > calls / 2, () -> seed + ": " + answered);
    int mayHaveRun =
        failures.entrySet().stream()
            .filter(entry -> entry.getKey() != Started.NO)
            .mapToInt(entry -> entry.getValue().get())
            .sum();
    assertTrue(mayHaveRun > 0, () -> seed + ": no kill has met a call");
  }

  /** The place outside that counts what modules do. */
  private static final class Sessions extends SessionAttributesGrpc.SessionAttributesImplBase {
    @Override
    public void set(SetAttributesRequest request, StreamObserver<SetAttributesResponse> observer) {
      executed(Long.parseLong(request.getChanges(0).getValue()));
      observer.onNext(SetAttributesResponse.newBuilder().setApplied(true).build());
      observer.onCompleted();
    }
  }
}
