package dev.heddle.process;

import io.grpc.BindableService;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallExecutorSupplier;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves one list of gRPC services over TCP and, for roles in the same JVM, in process, behind the
 * same interceptors. One shot; {@link #start} and {@link #close} belong to the owner, the rest is
 * safe for any thread.
 */
public final class GrpcServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(GrpcServer.class);

  /** Time for cut-off calls to unwind. */
  private static final Duration FORCED = Duration.ofSeconds(2);

  /** Whether the server is still to start, serves, or has ended. */
  private enum State {
    NEW,
    RUNNING,
    CLOSED
  }

  private final String name;
  private final HostPort bind;
  private final List<? extends BindableService> services;
  private final ServerOptions options;
  private final boolean reflectionAndHealth;
  private final AtomicReference<State> state = new AtomicReference<>(State.NEW);
  private final HealthStatusManager health = new HealthStatusManager();
  private @Nullable ExecutorService owned;
  private volatile @Nullable Server overTcp;
  private volatile @Nullable Server inProcess;
  private volatile @Nullable CallerThreadCalls onCallers;
  private volatile HostPort listening;

  /**
   * @param name for threads and the log
   * @param bind port 0: any free one
   * @param reflectionAndHealth whether to serve reflection and the standard health service, too
   * @throws HeddleException INVALID_REQUEST for an address that the credentials do not allow
   */
  public GrpcServer(
      String name,
      HostPort bind,
      List<? extends BindableService> services,
      ServerOptions options,
      boolean reflectionAndHealth) {
    switch (options.access()) {
      case PUBLIC -> options.credentials().checkBind(bind);
      case INTERNAL -> options.credentials().checkInternalBind(bind);
    }
    this.name = name;
    this.bind = bind;
    this.listening = bind;
    this.services = List.copyOf(services);
    this.options = options;
    this.reflectionAndHealth = reflectionAndHealth;
  }

  /**
   * Listens.
   *
   * @throws HeddleException UNAVAILABLE if the address cannot be had
   * @throws IllegalStateException if started before
   */
  public void start() {
    if (!state.compareAndSet(State.NEW, State.RUNNING)) {
      throw new IllegalStateException(name + ": " + state + " (expected: a new server)");
    }
    List<ServerInterceptor> interceptors = interceptors();
    List<ServerServiceDefinition> definitions = definitions(interceptors);
    CallerThreadCalls calls = onCallers(interceptors);
    onCallers = calls;
    Executor executor = executor();
    ServerOptions.Limits limits = options.limits();
    try {
      NettyServerBuilder builder =
          NettyServerBuilder.forAddress(new InetSocketAddress(bind.host(), bind.port()))
              .maxInboundMessageSize(limits.maxInboundMessage().toIntBytes())
              .maxInboundMetadataSize(limits.maxInboundMetadata().toIntBytes())
              .maxConcurrentCallsPerConnection(limits.maxConcurrentCallsPerConnection())
              .keepAliveTime(limits.keepAliveTime().toNanos(), TimeUnit.NANOSECONDS)
              .keepAliveTimeout(limits.keepAliveTimeout().toNanos(), TimeUnit.NANOSECONDS)
              .permitKeepAliveTime(limits.permitKeepAliveTime().toNanos(), TimeUnit.NANOSECONDS)
              .permitKeepAliveWithoutCalls(true)
              .executor(executor)
              .callExecutor(handOff());
      definitions.forEach(builder::addService);
      Server tcp = builder.build().start();
      overTcp = tcp;
      listening = bind.withPort(tcp.getPort());
      InProcessServerBuilder local =
          InProcessServerBuilder.forName(inProcessName())
              .maxInboundMetadataSize(limits.maxInboundMetadata().toIntBytes())
              .scheduledExecutorService(calls.deadlines())
              .executor(executor)
              .callExecutor(handOff());
      definitions.forEach(local::addService);
      inProcess = local.build().start();
    } catch (IOException e) {
      close();
      throw notBound(e);
    } catch (RuntimeException e) {
      close();
      throw e;
    }
    log.info("grpc server listens name={} address={}", name, address());
  }

  /** No executor for the services that have their own; null: the server's. */
  private ServerCallExecutorSupplier handOff() {
    Set<String> direct = new HashSet<>();
    for (BindableService service : services) {
      if (service instanceof HandOffService) {
        direct.add(service.bindService().getServiceDescriptor().getName());
      }
    }
    return new ServerCallExecutorSupplier() {
      @Override
      public <Q, P> @Nullable Executor getExecutor(ServerCall<Q, P> call, Metadata metadata) {
        String service = call.getMethodDescriptor().getServiceName();
        return service != null && direct.contains(service) ? Runnable::run : null;
      }
    };
  }

  /** Where it listens, with the real port once started; stays so after the close. */
  public HostPort address() {
    return listening;
  }

  /** The name under which {@link Channels#local} finds it; meaningful once started. */
  public String inProcessName() {
    return "heddle:" + address();
  }

  /** Calls from this process on their callers' threads; meaningful once started. */
  CallerThreadCalls onCallers() {
    return Objects.requireNonNull(onCallers, "a server that is not started");
  }

  /** What the health service says from now on, where it is served. */
  public void healthy(boolean serving) {
    health.setStatus(
        "",
        serving
            ? io.grpc.health.v1.HealthCheckResponse.ServingStatus.SERVING
            : io.grpc.health.v1.HealthCheckResponse.ServingStatus.NOT_SERVING);
  }

  /** Takes no more calls, lets the running ones end within the grace, then cuts them off. */
  @Override
  public void close() {
    if (state.getAndSet(State.CLOSED) != State.RUNNING) {
      return;
    }
    health.enterTerminalState();
    List<Server> servers = new ArrayList<>();
    Server tcp = overTcp;
    Server local = inProcess;
    CallerThreadCalls calls = onCallers;
    if (calls != null) {
      calls.shutdown();
    }
    if (tcp != null) {
      servers.add(tcp.shutdown());
    }
    if (local != null) {
      servers.add(local.shutdown());
    }
    for (BindableService service : services) {
      if (service instanceof DrainableService drainable) {
        drainable.drain();
      }
    }
    try {
      if (!awaitAll(servers, calls, options.limits().shutdownGrace())) {
        servers.forEach(Server::shutdownNow);
        if (calls != null) {
          calls.cancel();
        }
        if (!awaitAll(servers, calls, FORCED)) {
          log.warn("grpc server has calls that do not end name={}", name);
        }
      }
    } catch (InterruptedException e) {
      servers.forEach(Server::shutdownNow);
      Thread.currentThread().interrupt();
    } finally {
      if (calls != null) {
        calls.cancel();
      }
      if (owned != null) {
        owned.shutdownNow();
      }
    }
  }

  private HeddleException notBound(IOException failure) {
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    String message = String.valueOf(cause.getMessage());
    String problem =
        message.contains("in use")
            ? "in use (expected: a free port)"
            : message + " (expected: an address of this machine)";
    return new HeddleException(ErrorCode.UNAVAILABLE, "address " + bind + ": " + problem, failure);
  }

  private List<ServerInterceptor> interceptors() {
    List<ServerInterceptor> interceptors = new ArrayList<>();
    interceptors.add(new RequestContextInterceptor(options));
    interceptors.add(new ErrorInterceptor());
    interceptors.addAll(options.interceptors());
    return interceptors;
  }

  private CallerThreadCalls onCallers(List<ServerInterceptor> interceptors) {
    return new CallerThreadCalls(
        name,
        services.stream()
            .filter(CallerThreadService.class::isInstance)
            .map(service -> ServerInterceptors.interceptForward(service, interceptors))
            .toList());
  }

  private List<ServerServiceDefinition> definitions(List<ServerInterceptor> interceptors) {
    List<BindableService> all = new ArrayList<>(services);
    if (reflectionAndHealth) {
      all.add(ProtoReflectionServiceV1.newInstance());
      all.add(health.getHealthService());
    }
    return all.stream()
        .map(service -> ServerInterceptors.interceptForward(service, interceptors))
        .toList();
  }

  private Executor executor() {
    return switch (options.calls()) {
      case ServerOptions.Calls.OnVirtualThreads() -> {
        owned = Executors.newThreadPerTaskExecutor(Carriers.virtual(name + "-call"));
        yield owned;
      }
      case ServerOptions.Calls.Direct() -> Runnable::run;
      case ServerOptions.Calls.On(Executor executor) -> executor;
    };
  }

  private static boolean awaitAll(
      List<Server> servers, @Nullable CallerThreadCalls calls, Duration time)
      throws InterruptedException {
    long start = System.nanoTime();
    boolean ended = calls == null || calls.awaitEnd(time);
    for (Server server : servers) {
      long left = Math.max(0, time.toNanos() - (System.nanoTime() - start));
      ended &= server.awaitTermination(left, TimeUnit.NANOSECONDS);
    }
    return ended;
  }
}
