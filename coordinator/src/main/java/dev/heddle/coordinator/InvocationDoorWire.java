package dev.heddle.coordinator;

import dev.heddle.coordinator.InvocationGrpcClient.Caller;
import dev.heddle.coordinator.admission.FairAdmission;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.RequestContext;
import dev.heddle.process.Started;
import dev.heddle.process.Ticker;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Where invocations come in, from outside or from functions: each holds one of a bounded number of
 * places until its answer. Blocks; safe for any thread.
 */
final class InvocationDoorWire {
  private static final String TIMER = "heddle_coordinator_invocation_seconds";
  private static final String FROM = "from";

  private final InvocationGrpcClient invocations;
  private final FairAdmission admission;
  private final Duration longest;
  private final Ticker ticker;
  private final Timer answered;
  private final Map<ErrorCode.Kind, Timer> failed = new EnumMap<>(ErrorCode.Kind.class);

  /**
   * @param from whom calls come, for the metrics
   * @param admission of which each holds a place; without one it is refused
   * @param longest deadline of one that brings none
   */
  InvocationDoorWire(
      String from,
      FairAdmission admission,
      Duration longest,
      InvocationGrpcClient invocations,
      Ticker ticker,
      MeterRegistry registry) {
    this.invocations = invocations;
    this.admission = admission;
    this.longest = longest;
    this.ticker = ticker;
    this.answered = registry.timer(TIMER, FROM, from, "outcome", "ok");
    for (var kind : ErrorCode.Kind.values()) {
      String outcome = kind.name().toLowerCase(Locale.ROOT);
      failed.put(kind, registry.timer(TIMER, FROM, from, "outcome", outcome));
    }
    registry.gauge(
        "heddle_coordinator_invocations_in_flight",
        List.of(Tag.of(FROM, from)),
        admission,
        FairAdmission::inFlight);
  }

  /** Answers one. */
  void answer(InvokeRequest request, Caller caller, StreamObserver<InvokeResponse> observer) {
    long start = ticker.nanoTime();
    InvokeResponse response;
    var deadline = Deadline.ofGrpc(Context.current().getDeadline(), longest, ticker);
    try (var place = admission.admitNow(RequestContext.current(), deadline.atNanos())) {
      response = invocations.invoke(request, caller);
      place.served(false);
    } catch (StatusRuntimeException e) {
      // As it is: its trailers hold the bill.
      fail(observer, start, GrpcErrors.fromStatus(e).code(), e);
      return;
    } catch (HeddleException e) {
      // Refused before it was sent anywhere.
      fail(observer, start, e.code(), Started.NO.toStatus(e));
      return;
    } catch (RuntimeException | Error e) {
      fail(observer, start, ErrorCode.INTERNAL, GrpcErrors.toStatus(e));
      return;
    }
    answered.record(ticker.nanoTime() - start, TimeUnit.NANOSECONDS);
    observer.onNext(response);
    observer.onCompleted();
  }

  private void fail(
      StreamObserver<InvokeResponse> observer,
      long start,
      ErrorCode code,
      StatusRuntimeException failure) {
    @Nullable Timer timer = failed.get(code.kind());
    if (timer != null) {
      timer.record(ticker.nanoTime() - start, TimeUnit.NANOSECONDS);
    }
    observer.onError(failure);
  }
}
