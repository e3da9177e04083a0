package dev.heddle.gateway.http;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.QuotedCSV;

/** Where a proxy writes whom it serves. Only one is read: a proxy may pass the other one on. */
public enum ForwardedHeader {
  /** {@code X-Forwarded-For: client, proxy, …}. */
  X_FORWARDED_FOR("X-Forwarded-For"),
  /** {@code Forwarded: for=client, for=proxy, …} of RFC 7239. */
  FORWARDED("Forwarded");

  private static final String FOR = "for=";
  private final String field;

  ForwardedHeader(String field) {
    this.field = field;
  }

  /**
   * Who spoke to whom, the nearest last, as the proxies wrote it; empty texts where one did not.
   */
  List<String> hops(HttpFields headers) {
    var hops = new ArrayList<String>();
    for (String element : headers.getCSV(field, true)) {
      hops.add(this == FORWARDED ? node(element) : element.strip());
    }
    return hops;
  }

  private static String node(String element) {
    for (String pair : element.split(";")) {
      String stripped = pair.strip();
      if (stripped.toLowerCase(Locale.ROOT).startsWith(FOR)) {
        return QuotedCSV.unquote(stripped.substring(FOR.length()));
      }
    }
    return "";
  }

  /** {@code 192.0.2.1:80} and {@code [2001:db8::1]:80} without port and brackets. */
  static String withoutPort(String node) {
    if (node.startsWith("[")) {
      int end = node.indexOf(']');
      return end < 0 ? "" : node.substring(1, end);
    }
    int colon = node.indexOf(':');
    // More than one: IPv6 without brackets, and so without port.
    return colon >= 0 && colon == node.lastIndexOf(':') ? node.substring(0, colon) : node;
  }
}
