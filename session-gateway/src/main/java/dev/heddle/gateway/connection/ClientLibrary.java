package dev.heddle.gateway.connection;

import dev.heddle.gateway.http.Exchange;
import dev.heddle.gateway.http.Route;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/**
 * {@code /heddle.js}, the client of resumable connections, and its types. They are the same for
 * everybody, so pages of any site may load them. Immutable.
 */
final class ClientLibrary {
  private final Served script = new Served("heddle.js", "text/javascript; charset=utf-8");
  private final Served types = new Served("heddle.d.ts", "application/typescript; charset=utf-8");

  /** The routes. */
  List<Route> routes() {
    return List.of(
        new Route("GET", "/heddle.js", false, script::serve),
        new Route("GET", "/heddle.d.ts", false, types::serve));
  }

  /** A file of this package, as it is and compressed. */
  private static final class Served {
    private final String type;
    private final byte[] plain;
    private final byte[] zipped;
    private final String digest;

    Served(String name, String type) {
      this.type = type;
      this.plain = read(name);
      this.zipped = zip(plain);
      this.digest = digest(plain);
    }

    void serve(Exchange exchange) {
      boolean zip = acceptsGzip(exchange.header("Accept-Encoding"));
      String tag = "\"" + digest + (zip ? "-gzip\"" : "\"");
      exchange.header(HttpHeader.ETAG, tag);
      // Always asked again, answered with 304: the script fits its gateway.
      exchange.header(HttpHeader.CACHE_CONTROL, "no-cache");
      exchange.header(HttpHeader.VARY, "Accept-Encoding");
      exchange.header("X-Content-Type-Options", "nosniff");
      exchange.header("Cross-Origin-Resource-Policy", "cross-origin");
      exchange.header("X-TypeScript-Types", "/heddle.d.ts");
      if (!exchange.response().getHeaders().contains(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN)) {
        exchange.header(HttpHeader.ACCESS_CONTROL_ALLOW_ORIGIN, "*");
      } else {
        exchange.header(HttpHeader.VARY, "Accept-Encoding, Origin");
      }
      String known = exchange.header("If-None-Match");
      if (known != null && (known.contains(tag) || known.equals("*"))) {
        exchange.empty(304);
        return;
      }
      if (zip) {
        exchange.header(HttpHeader.CONTENT_ENCODING, "gzip");
      }
      exchange.send(200, type, zip ? zipped : plain);
    }
  }

  /** Whether gzip is named, and not with a weight of zero. */
  private static boolean acceptsGzip(@Nullable String header) {
    if (header == null) {
      return false;
    }
    for (String each : header.toLowerCase(Locale.ROOT).split(",", -1)) {
      String coding = each.replace(" ", "");
      if (coding.equals("gzip") || coding.startsWith("gzip;")) {
        return !coding.matches("gzip;q=0(\\.0*)?");
      }
    }
    return false;
  }

  private static byte[] read(String name) {
    try (InputStream in = ClientLibrary.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + ": not in the jar of the gateway");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static byte[] zip(byte[] plain) {
    var bytes = new ByteArrayOutputStream();
    try (var gzip = new GZIPOutputStream(bytes)) {
      gzip.write(plain);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static String digest(byte[] content) {
    try {
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(content);
      return HexFormat.of().formatHex(sum, 0, 12);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
