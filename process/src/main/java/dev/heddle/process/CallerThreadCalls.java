package dev.heddle.process;

import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientStreamTracer;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerCall;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.InternalClientCalls;
import io.grpc.stub.InternalClientCalls.StubType;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Calls of a server's {@link CallerThreadService}s from within its process, on their callers'
 * threads: the same services behind the same interceptors, with metadata, deadline, cancellation
 * and status as over any transport, but without a transport. Only the {@link RequestContext} is
 * handed over as it is, which metadata would hold as text. Everything else that is called goes on
 * as before. Safe for any thread.
 */
final class CallerThreadCalls {
  /** Milliseconds. */
  private static final long TURN = 200;

  private final Map<String, ServerMethodDefinition<?, ?>> methods = new HashMap<>();
  private final Set<Call<?, ?>> running = ConcurrentHashMap.newKeySet();
  private final ScheduledThreadPoolExecutor deadlines;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition ended = lock.newCondition();
  private volatile boolean closed;

  /**
   * @param name for its thread
   * @param services behind their interceptors
   */
  CallerThreadCalls(String name, List<ServerServiceDefinition> services) {
    for (var service : services) {
      for (var method : service.getMethods()) {
        var descriptor = method.getMethodDescriptor();
        if (descriptor.getType() == MethodType.UNARY) {
          methods.put(descriptor.getFullMethodName(), method);
        }
      }
    }
    this.deadlines = new ScheduledThreadPoolExecutor(1, Threads.named(name + "-deadline"));
    deadlines.setRemoveOnCancelPolicy(true);
    // A call that comes while this shuts down is refused by itself.
    deadlines.setRejectedExecutionHandler(new ThreadPoolExecutor.DiscardPolicy());
    // Deadlines are farther away than this, so that none of them wakes the thread to set its alarm.
    var _ = deadlines.scheduleWithFixedDelay(() -> {}, TURN, TURN, TimeUnit.MILLISECONDS);
  }

  /** For deadlines of any calls in this process; does nothing any more after the end. */
  ScheduledExecutorService deadlines() {
    return deadlines;
  }

  /** As {@code otherwise}, but for blocking calls of these services. */
  Channel channel(ManagedChannel otherwise) {
    return new Channel() {
      @Override
      @SuppressWarnings("unchecked") // The same method has the same messages on both sides.
      public <Q, P> ClientCall<Q, P> newCall(MethodDescriptor<Q, P> method, CallOptions options) {
        var served = methods.get(method.getFullMethodName());
        return served == null || !waits(options) || closed || otherwise.isShutdown()
            ? otherwise.newCall(method, options)
            : new Call<>((ServerMethodDefinition<Q, P>) served, options);
      }

      @Override
      public String authority() {
        return otherwise.authority();
      }
    };
  }

  /** Whether the caller's thread waits for the answer, and may be had for it. */
  private static boolean waits(CallOptions options) {
    if (options.getOption(CallerThreadService.ELSEWHERE)) {
      return false;
    }
    // Calls that no stub makes have no such option.
    Object type = options.getOption(InternalClientCalls.getStubTypeOption());
    return type != null && InternalClientCalls.getStubType(options) == StubType.BLOCKING;
  }

  /** Takes no more calls. */
  void shutdown() {
    closed = true;
  }

  /** Whether all calls have ended, by then at the latest. */
  boolean awaitEnd(Duration time) throws InterruptedException {
    lock.lock();
    try {
      long left = time.toNanos();
      while (!running.isEmpty() && left > 0) {
        left = ended.awaitNanos(left);
      }
      return running.isEmpty();
    } finally {
      lock.unlock();
    }
  }

  /** Cancels what still runs. */
  void cancel() {
    running.forEach(call -> call.cancel("server: shuts down", null));
    deadlines.shutdownNow();
  }

  private boolean enter(Call<?, ?> call) {
    running.add(call);
    if (closed) {
      leave(call);
      return false;
    }
    return true;
  }

  private void leave(Call<?, ?> call) {
    running.remove(call);
    if (closed) {
      lock.lock();
      try {
        ended.signalAll();
      } finally {
        lock.unlock();
      }
    }
  }

  /** The caller's side of a call that need not write into metadata for whom it is. */
  interface Told {
    /** Says for whom it is; before it starts. */
    void caller(RequestContext who);
  }

  /** The server's side of such a call. */
  interface Tells {
    /** For whom it says it is; null: look into the metadata. */
    @Nullable RequestContext caller();
  }

  /** One call. What its caller does, one thread does; only the cancellation comes from any. */
  private final class Call<Q, P> extends ClientCall<Q, P> implements Told {
    private final ServerMethodDefinition<Q, P> method;
    private final CallOptions options;
    private final AtomicBoolean answered = new AtomicBoolean();
    private final Context.CancellableContext context;
    private @Nullable Listener<P> listener;
    private @Nullable Metadata headers;
    private @Nullable Q request;
    private @Nullable RequestContext caller;
    // Written by whoever answers, before the answer is handed over.
    private Metadata replyHeaders = new Metadata();
    private @Nullable P reply;

    Call(ServerMethodDefinition<Q, P> method, CallOptions options) {
      this.method = method;
      this.options = options;
      // Of the caller's: who cancels that cancels this.
      Deadline deadline = options.getDeadline();
      this.context =
          deadline == null
              ? Context.current().withCancellation()
              : Context.current().withDeadline(deadline, deadlines);
    }

    @Override
    public void caller(RequestContext who) {
      caller = who;
    }

    @Override
    public void start(Listener<P> toldTo, Metadata sent) {
      listener = toldTo;
      headers = sent;
    }

    @Override
    public void request(int messages) {
      // There is one reply, and it is taken at once.
    }

    @Override
    public void sendMessage(Q message) {
      request = message;
    }

    @Override
    public void cancel(@Nullable String message, @Nullable Throwable cause) {
      var why = new CancellationException(message);
      why.initCause(cause);
      context.cancel(why);
    }

    @Override
    public void halfClose() {
      if (context.isCancelled()) {
        answer(
            late()
                ? Status.DEADLINE_EXCEEDED.withDescription("no time left (expected: some)")
                : Status.CANCELLED.withDescription("cancelled before it began"),
            new Metadata());
      } else if (!enter(this)) {
        answer(Status.UNAVAILABLE.withDescription("server: shuts down"), new Metadata());
      } else {
        try {
          begun();
          context.run(this::serve);
        } finally {
          leave(this);
        }
      }
    }

    private boolean late() {
      Deadline deadline = context.getDeadline();
      return deadline != null && deadline.isExpired();
    }

    /** From here on it may have come to something. */
    private void begun() {
      var info = ClientStreamTracer.StreamInfo.newBuilder().setCallOptions(options).build();
      var sent = Objects.requireNonNull(headers);
      for (var tracers : options.getStreamTracerFactories()) {
        tracers.newClientStreamTracer(info, sent).streamCreated(Attributes.EMPTY, sent);
      }
    }

    private void serve() {
      try {
        var serving =
            method.getServerCallHandler().startCall(new Serving(), Objects.requireNonNull(headers));
        if (!answered.get()) {
          serving.onMessage(Objects.requireNonNull(request));
          serving.onHalfClose();
        }
        if (answered.get()) {
          serving.onComplete();
        }
      } catch (RuntimeException | Error e) {
        answer(Status.UNKNOWN.withDescription("failed: " + e), new Metadata());
        throw e;
      }
    }

    /** Once; on the thread of the caller, which its executor brings it to. */
    private void answer(Status status, Metadata trailers) {
      if (!answered.compareAndSet(false, true)) {
        return;
      }
      context.close();
      // Without its cause, as from any other process.
      var plain = Status.fromCode(status.getCode()).withDescription(status.getDescription());
      Objects.requireNonNull(options.getExecutor()).execute(() -> deliver(plain, trailers));
    }

    private void deliver(Status status, Metadata trailers) {
      var toldTo = Objects.requireNonNull(listener);
      P message = reply;
      if (message != null && status.isOk()) {
        toldTo.onHeaders(replyHeaders);
        toldTo.onMessage(message);
      }
      toldTo.onClose(status, trailers);
    }

    /** The server's side of it. */
    private final class Serving extends ServerCall<Q, P> implements Tells {
      @Override
      public @Nullable RequestContext caller() {
        return caller;
      }

      @Override
      public void request(int messages) {
        // There is one request, and it is there.
      }

      @Override
      public void sendHeaders(Metadata sent) {
        replyHeaders = sent;
      }

      @Override
      public void sendMessage(P message) {
        reply = message;
      }

      @Override
      public void close(Status status, Metadata trailers) {
        answer(status, trailers);
      }

      @Override
      public boolean isCancelled() {
        return context.isCancelled() && !answered.get();
      }

      @Override
      public MethodDescriptor<Q, P> getMethodDescriptor() {
        return method.getMethodDescriptor();
      }
    }
  }
}
