package dev.heddle.gateway.http;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/**
 * Which pages may talk to the gateway, and under which names. Foreign hosts are refused because a
 * page's own host name can be made to point at this address; foreign origins, because a browser
 * sends this site's cookies along with other sites' requests. Immutable.
 */
public final class OriginPolicy {
  private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");

  private final Set<String> hosts = new HashSet<>();
  private final Set<String> origins = new HashSet<>();

  /**
   * Takes what is allowed besides loopback and this node's own address.
   *
   * @param origins in full, as in {@code https://app.example.org}
   */
  public OriginPolicy(HostPort bind, Collection<String> hosts, Collection<String> origins) {
    this.hosts.add(bind.host().toLowerCase(Locale.ROOT));
    hosts.forEach(host -> this.hosts.add(host.toLowerCase(Locale.ROOT)));
    origins.forEach(origin -> this.origins.add(origin.toLowerCase(Locale.ROOT)));
  }

  /**
   * Refuses a request for another host.
   *
   * @throws HeddleException FORBIDDEN
   */
  void checkHost(Request request) {
    String host = Optional.ofNullable(request.getHttpURI().getHost()).orElse("");
    String plain = strip(host.toLowerCase(Locale.ROOT));
    boolean known =
        plain.endsWith(".localhost")
            || hosts.contains(plain)
            || plain.equals(strip(Optional.ofNullable(Request.getLocalAddr(request)).orElse("")))
            || loopback(plain);
    if (!known) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN,
          "host: " + host + " (expected: this node's address or one of allowed-hosts)");
    }
  }

  private static boolean loopback(String host) {
    try {
      return new HostPort(host, 0).loopback();
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  private static String strip(String host) {
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  /**
   * Refuses a request of a foreign page that may change something: by its method, or because it
   * runs a function, which any method does.
   *
   * @throws HeddleException FORBIDDEN
   */
  void checkOrigin(Request request) {
    String path = request.getHttpURI().getCanonicalPath();
    if (ofApp(path) && ofApp(request.getHttpURI().getPath())) {
      // Apps have origins of their own: their doors look at every request.
      return;
    }
    boolean runs = path.startsWith("/run/") || path.startsWith("/runLambda/");
    if (runs || !SAFE_METHODS.contains(request.getMethod())) {
      requireKnown(request, List.of());
    }
    if (runs) {
      requireNoFetchFrom(request, Set.of("cross-site"));
    }
  }

  /**
   * Refuses a request of a foreign page that does not say whose it is, as browsers send with an
   * image's address or without CORS.
   *
   * @throws HeddleException FORBIDDEN
   */
  public void requireNoForeignFetch(Request request) {
    requireNoFetchFrom(request, Set.of("cross-site", "same-site"));
  }

  private static void requireNoFetchFrom(Request request, Set<String> sites) {
    HttpFields headers = request.getHeaders();
    String site = headers.get("Sec-Fetch-Site");
    if (headers.get(HttpHeader.ORIGIN) == null && site != null && sites.contains(site)) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN,
          "sec-fetch-site: " + site + " (expected: this host or one of allowed-origins)");
    }
  }

  private static boolean ofApp(String path) {
    return path.startsWith("/sse/") || path.startsWith("/poll/");
  }

  /**
   * Refuses a request of a foreign page, whatever its method, where it has an Origin: browsers send
   * one but with plain GETs.
   *
   * @param more further allowed origins
   * @throws HeddleException FORBIDDEN
   */
  public void requireKnown(Request request, Collection<String> more) {
    String origin = request.getHeaders().get(HttpHeader.ORIGIN);
    if (origin != null
        && !sameOrigin(request, origin)
        && !listed(origin)
        && !more.contains(origin)) {
      throw new HeddleException(
          ErrorCode.FORBIDDEN,
          "origin: " + origin + " (expected: this host or one of allowed-origins)");
    }
  }

  /** Whether a page of another site sent the request, and the node's config does not allow it. */
  boolean foreign(Request request) {
    String origin = request.getHeaders().get(HttpHeader.ORIGIN);
    return origin != null && !sameOrigin(request, origin) && !listed(origin);
  }

  /** Whether cross-origin answers may be read by this origin's pages. */
  boolean listed(@Nullable String origin) {
    return origin != null && origins.contains(origin.toLowerCase(Locale.ROOT));
  }

  private static boolean sameOrigin(Request request, String origin) {
    String host = request.getHeaders().get(HttpHeader.HOST);
    // Behind a proxy that ends TLS the scheme differs, the host does not.
    return host != null
        && (origin.equalsIgnoreCase("http://" + host)
            || origin.equalsIgnoreCase("https://" + host));
  }
}
