package dev.heddle.gateway;

import dev.heddle.gateway.backend.ServiceTargets;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.gateway.connection.DrainConfig;
import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.TlsConfig;
import dev.heddle.gateway.session.GridConfig;
import dev.heddle.process.DataSize;
import dev.heddle.process.HostPort;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A gateway's settings for a test: given ones, of which some are changed. */
public final class GatewaySettings {
  private GatewayConfig config;

  private GatewaySettings(GatewayConfig config) {
    this.config = config;
  }

  public static GatewaySettings of(GatewayConfig config) {
    return new GatewaySettings(config);
  }

  public GatewayConfig config() {
    return config;
  }

  /** Listens on any free port. */
  public GatewaySettings anyPort() {
    return set("http", new HostPort("127.0.0.1", 0));
  }

  public GatewaySettings pages(Path directory) {
    return set("pages", Optional.of(directory));
  }

  public GatewaySettings allowed(List<String> origins, List<String> hosts) {
    return set("allowedOrigins", origins).set("allowedHosts", hosts);
  }

  /** A member of a grid, at any free port. */
  public GatewaySettings grid(List<String> members, Duration joinTimeout) {
    return set("hazelcast", new GridConfig(new HostPort("127.0.0.1", 0), members, joinTimeout));
  }

  public GatewaySettings sessionKeys(Path keys) {
    return session("keys", Optional.of(keys));
  }

  /** Where sessions outlive all gateways. */
  public GatewaySettings sessionStore(Path directory, Duration sync) {
    return session("store", Optional.of(directory)).session("storeSync", sync);
  }

  public GatewaySettings secureCookie(boolean secure) {
    return session("secureCookie", secure);
  }

  public GatewaySettings sessionIdle(Duration time) {
    return session("idleTimeout", time);
  }

  /** How long the grid is waited for where nobody need. */
  public GatewaySettings patience(Duration time) {
    return session("patience", time);
  }

  public GatewaySettings headTimeout(Duration time) {
    return limits("headTimeout", time);
  }

  public GatewaySettings bodyRate(DataSize perSecond) {
    return limits("bodyRate", perSecond);
  }

  public GatewaySettings client(ClientLimits client) {
    return limits("client", client);
  }

  public GatewaySettings idleTimeout(Duration time) {
    return limits("idleTimeout", time);
  }

  public GatewaySettings stopTimeout(Duration time) {
    return limits("stopTimeout", time);
  }

  public GatewaySettings connections(int most) {
    return set("webSocket", with(config.webSocket(), "connections", most));
  }

  public GatewaySettings pingInterval(Duration time) {
    return set("webSocket", with(config.webSocket(), "pingInterval", time));
  }

  public GatewaySettings services(ServiceTargets services) {
    return set("services", services);
  }

  public GatewaySettings pollWait(Duration time) {
    return set("resume", with(config.resume(), "pollWait", time));
  }

  /** How long, and how many, connections stay between two polls. */
  public GatewaySettings lingers(Duration time, int most) {
    set("resume", with(config.resume(), "pollLinger", time));
    return set("resume", with(config.resume(), "lingering", most));
  }

  public GatewaySettings outgoingFrames(int most) {
    return set("webSocket", with(config.webSocket(), "outgoingFrames", most));
  }

  public GatewaySettings channels(ChannelLimits bounds) {
    return set("channels", bounds);
  }

  public GatewaySettings drain(DrainConfig drain) {
    return set("drain", drain);
  }

  public GatewaySettings issuers(Path file) {
    return set("jwt", Optional.of(file));
  }

  public GatewaySettings tls(TlsConfig tls) {
    return set("tls", tls);
  }

  private GatewaySettings session(String component, Object value) {
    return set("session", with(config.session(), component, value));
  }

  private GatewaySettings limits(String component, Object value) {
    return set("limits", with(config.limits(), component, value));
  }

  private GatewaySettings set(String component, Object value) {
    config = with(config, component, value);
    return this;
  }

  /** A copy of a record in which one component is another. */
  private static <T extends Record> T with(T record, String changed, Object value) {
    RecordComponent[] components = record.getClass().getRecordComponents();
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    Object[] values = new Object[components.length];
    boolean known = false;
    try {
      for (int i = 0; i < components.length; i++) {
        boolean it = components[i].getName().equals(changed);
        known |= it;
        values[i] = it ? value : components[i].getAccessor().invoke(record);
      }
      if (!known) {
        throw new IllegalArgumentException(
            "component: " + changed + " (expected: one of " + Arrays.toString(components) + ")");
      }
      @SuppressWarnings("unchecked") // The class of a T.
      Class<T> type = (Class<T>) record.getClass();
      return type.getDeclaredConstructor(types).newInstance(values);
    } catch (InvocationTargetException e) {
      throw new IllegalArgumentException(changed + ": " + value, e.getCause());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(e);
    }
  }
}
