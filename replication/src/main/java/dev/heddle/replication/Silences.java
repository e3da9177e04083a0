package dev.heddle.replication;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.apache.ratis.thirdparty.io.grpc.CallOptions;
import org.apache.ratis.thirdparty.io.grpc.Channel;
import org.apache.ratis.thirdparty.io.grpc.ClientCall;
import org.apache.ratis.thirdparty.io.grpc.ClientInterceptor;
import org.apache.ratis.thirdparty.io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import org.apache.ratis.thirdparty.io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import org.apache.ratis.thirdparty.io.grpc.InternalConfigurator;
import org.apache.ratis.thirdparty.io.grpc.InternalConfiguratorRegistry;
import org.apache.ratis.thirdparty.io.grpc.InternalManagedChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.ManagedChannelBuilder;
import org.apache.ratis.thirdparty.io.grpc.Metadata;
import org.apache.ratis.thirdparty.io.grpc.MethodDescriptor;
import org.apache.ratis.thirdparty.io.grpc.Status;

/**
 * How long members that Ratis talks to have not answered.
 *
 * <p>Ratis 3.3 lets a connection be as long as the operating system does. What was under way when
 * the network was cut is sent again at intervals that double (RFC 6298), so that a member may go on
 * being unheard of for as long again as the cut lasted. Ratis has no setting for that, but its gRPC
 * is its own copy of it, whose channels, all of them Ratis's, can be listened to.
 */
final class Silences {
  private static final Map<String, AtomicLong> ASKED = new ConcurrentHashMap<>();
  private static final long NOTHING = 0;

  static {
    InternalConfiguratorRegistry.setConfigurators(List.of(new Listening()));
  }

  private Silences() {}

  /** Before the first channel is built. */
  static void listen() {
    // Loading the class does it.
  }

  /** Addresses of members that were asked that long ago and have not answered since. */
  static Set<String> of(Duration least) {
    long now = System.nanoTime();
    return ASKED.entrySet().stream()
        .filter(entry -> {
          long asked = entry.getValue().get();
          return asked != NOTHING && now - asked >= least.toNanos();
        })
        .map(Map.Entry::getKey)
        .collect(Collectors.toUnmodifiableSet());
  }

  /** A new connection to the address begins with a clean slate. */
  static void forget(String address) {
    ASKED.remove(address);
  }

  static void forgetAll() {
    ASKED.clear();
  }

  /**
   * Of a channel's target, such as {@code dns:///10.0.0.1:7200} or {@code dns:///%5B::1%5D:7200}.
   */
  static String address(String target) {
    String path = target.startsWith("dns:") ? URI.create(target).getPath() : target;
    return path.startsWith("/") ? path.substring(1) : path;
  }

  private static void asked(String address) {
    ASKED
        .computeIfAbsent(address, any -> new AtomicLong())
        .compareAndSet(NOTHING, System.nanoTime() | 1);
  }

  private static void answered(String address) {
    AtomicLong asked = ASKED.get(address);
    if (asked != null && asked.get() != NOTHING) {
      asked.set(NOTHING);
    }
  }

  private static final class Listening implements InternalConfigurator {
    @Override
    public void configureChannelBuilder(ManagedChannelBuilder<?> builder) {
      InternalManagedChannelBuilder.interceptWithTarget(
          builder, target -> new Listener(address(target)));
    }
  }

  private record Listener(String address) implements ClientInterceptor {
    @Override
    public <A, B> ClientCall<A, B> interceptCall(
        MethodDescriptor<A, B> method, CallOptions options, Channel next) {
      return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
        @Override
        public void start(ClientCall.Listener<B> answers, Metadata headers) {
          super.start(new Answers<>(answers, address), headers);
        }

        @Override
        public void sendMessage(A message) {
          asked(address);
          super.sendMessage(message);
        }
      };
    }
  }

  private static final class Answers<B> extends SimpleForwardingClientCallListener<B> {
    private final String address;

    Answers(ClientCall.Listener<B> answers, String address) {
      super(answers);
      this.address = address;
    }

    @Override
    public void onMessage(B message) {
      answered(address);
      super.onMessage(message);
    }

    @Override
    public void onClose(Status status, Metadata trailers) {
      Status.Code code = status.getCode();
      if (code != Status.Code.DEADLINE_EXCEEDED && code != Status.Code.CANCELLED) {
        answered(address);
      }
      super.onClose(status, trailers);
    }
  }
}
