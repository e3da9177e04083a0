package dev.heddle.process;

import java.util.regex.Pattern;

/** A host and a TCP port, written as {@code 127.0.0.1:8080} or {@code [::1]:8080}. */
public record HostPort(String host, int port) {
  private static final Pattern LOOPBACK_V4 = Pattern.compile("127(\\.\\d{1,3}){3}");
  private static final Pattern HOST = Pattern.compile("[A-Za-z0-9._:%-]{1,255}");

  public HostPort {
    if (!HOST.matcher(host).matches()) {
      throw new IllegalArgumentException("host: " + host + " (expected: a host name or address)");
    }
    if (port < 0 || port > 65_535) {
      throw new IllegalArgumentException("port: " + port + " (expected: 0..65535)");
    }
  }

  /**
   * @throws IllegalArgumentException if the text is not a host and a port
   */
  public static HostPort parse(String text) {
    int colon = text.lastIndexOf(':');
    String host = colon < 0 ? "" : text.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    if (bracketed) {
      host = host.substring(1, host.length() - 1);
    }
    String port = text.substring(colon + 1);
    if (host.isEmpty()
        || bracketed != host.contains(":")
        || !HOST.matcher(host).matches()
        || !port.matches("\\d{1,5}")
        || Integer.parseInt(port) > 65_535) {
      throw new IllegalArgumentException(
          "address: " + text + " (expected: host:port, like 127.0.0.1:8080)");
    }
    return new HostPort(host, Integer.parseInt(port));
  }

  /** The same host with another port. */
  public HostPort withPort(int other) {
    return new HostPort(host, other);
  }

  /** Whether only this machine can reach it, judged by the text alone: names are not looked up. */
  public boolean loopback() {
    return host.equalsIgnoreCase("localhost")
        || host.equals("::1")
        || LOOPBACK_V4.matcher(host).matches();
  }

  @Override
  public String toString() {
    return host.contains(":") ? "[" + host + "]:" + port : host + ":" + port;
  }
}
