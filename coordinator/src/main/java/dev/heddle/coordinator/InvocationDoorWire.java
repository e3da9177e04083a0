package dev.heddle.coordinator;

import dev.heddle.coordinator.InvocationGrpcClient.Caller;
import dev.heddle.coordinator.admission.SharedAdmission;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Started;
import dev.heddle.process.Ticker;
import dev.heddle.v1.InvokeRequest;
import dev.heddle.v1.InvokeResponse;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Timer;
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
  private final SharedAdmission admission;
  private final Ticker ticker;
  private final Timer answered;
  private final Map<ErrorCode.Kind, Timer> failed = new EnumMap<>(ErrorCode.Kind.class);

  /**
   * @param what is limited, for the error's message
   * @param from whom calls come, for the metrics
   * @param limit of invocations in flight, three quarters of it for one tenant; further ones are
   *     refused
   */
  InvocationDoorWire(
      String what,
      String from,
      int limit,
      InvocationGrpcClient invocations,
      Ticker ticker,
      MeterRegistry registry) {
    this.invocations = invocations;
    this.admission = SharedAdmission.leavingAQuarter(what, limit);
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
        SharedAdmission::inFlight);
  }

  /** Answers one. */
  void answer(InvokeRequest request, Caller caller, StreamObserver<InvokeResponse> observer) {
    long start = ticker.nanoTime();
    InvokeResponse response;
    try (var _ = admission.admit(caller.tenant())) {
      response = invocations.invoke(request, caller);
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
