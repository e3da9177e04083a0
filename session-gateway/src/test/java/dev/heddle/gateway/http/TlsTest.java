package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayConfig;
import dev.heddle.gateway.GatewayFixture;
import dev.heddle.gateway.GatewaySettings;
import dev.heddle.process.Credentials;
import dev.heddle.process.HeddleException;
import dev.heddle.process.testing.Eventually;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigInteger;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The edge over TLS, with certificates that the JDK's keytool makes. */
@Timeout(120)
class TlsTest {
  private static final char[] PASSWORD = "changeit".toCharArray();

  @TempDir private Path directory;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private Path certificates;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private Path key;

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private GatewayFixture gateway;

  @BeforeEach
  void start() throws Exception {
    certificates = directory.resolve("tls.crt");
    key = directory.resolve("tls.key");
    Made made = make("first", "EC");
    write(made);
    gateway = new GatewayFixture(directory, this::with, Credentials.none()).ready();
    gateway.coordinator.handlers.put("echo", request -> request.getEventJson().toStringUtf8());
  }

  @AfterEach
  void stop() {
    // Null: it has not started, and that is what the report should say.
    if (gateway != null) {
      gateway.close();
    }
  }

  private GatewayConfig with(GatewayConfig config) {
    var tls = new TlsConfig(Optional.of(certificates), Optional.of(key), Duration.ofMillis(100));
    return GatewaySettings.of(config).tls(tls).config();
  }

  /** A certificate that signs itself, and its key. */
  private record Made(X509Certificate certificate, Key key) {}

  private Made make(String name, String algorithm) throws Exception {
    Path store = directory.resolve(name + ".p12");
    var keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                "a",
                "-keyalg",
                algorithm,
                "-dname",
                "CN=localhost",
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-keystore",
                store.toString(),
                "-storetype",
                "PKCS12",
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .start();
    String said = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, keytool.waitFor(), said);
    KeyStore keys = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store)) {
      keys.load(in, PASSWORD);
    }
    return new Made((X509Certificate) keys.getCertificate("a"), keys.getKey("a", PASSWORD));
  }

  private void write(Made made) throws Exception {
    secret(key, pem("PRIVATE KEY", made.key().getEncoded()));
    Files.writeString(certificates, pem("CERTIFICATE", made.certificate().getEncoded()));
  }

  private static void secret(Path file, String text) throws IOException {
    Files.deleteIfExists(file);
    Files.createFile(
        file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(file, text);
  }

  private static String pem(String kind, byte[] der) {
    String base64 = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der);
    return "-----BEGIN " + kind + "-----\n" + base64 + "\n-----END " + kind + "-----\n";
  }

  private SSLContext trusting(X509Certificate certificate) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    trusted.setCertificateEntry("a", certificate);
    var managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    managers.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, managers.getTrustManagers(), null);
    return context;
  }

  private X509Certificate current() throws Exception {
    try (InputStream in = Files.newInputStream(certificates)) {
      return (X509Certificate)
          java.security.cert.CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private HttpClient client() throws Exception {
    return HttpClient.newBuilder()
        .sslContext(trusting(current()))
        .connectTimeout(Duration.ofSeconds(60))
        .build();
  }

  private URI uri(String scheme, String path) {
    return URI.create(scheme + "://localhost:" + gateway.gateway.httpPort() + path);
  }

  private HttpResponse<String> post(HttpClient client, String body) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri("https", "/run/echo"))
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .timeout(Duration.ofSeconds(60))
            .build(),
        HttpResponse.BodyHandlers.ofString());
  }

  /** What the server shows to a new connection. */
  private BigInteger serial() throws Exception {
    SSLContext any = trusting(current());
    try (var socket =
        (SSLSocket) any.getSocketFactory().createSocket("127.0.0.1", gateway.gateway.httpPort())) {
      socket.startHandshake();
      return ((X509Certificate) socket.getSession().getPeerCertificates()[0]).getSerialNumber();
    } catch (SSLException e) {
      return BigInteger.ZERO;
    }
  }

  @Test
  void requestsAndSocketsGoOverTlsAndCookiesAreForTlsAlone() throws Exception {
    try (HttpClient client = client()) {
      for (int i = 0; i < 5; i++) {
        // One connection, over and over: bodies larger and smaller than a record of TLS.
        String body = "\"" + "x".repeat(i * 9_000) + "\"";
        HttpResponse<String> response = post(client, body);
        assertEquals(200, response.statusCode(), response.body());
        assertEquals(body, response.body());
        String cookie = response.headers().firstValue("set-cookie").orElseThrow();
        assertTrue(cookie.endsWith("; Secure"), cookie);
      }
      gateway.app("chat", "name: chat\nroutes:\n  $default: {function: echo}\n");
      Eventually.eventually(
          "the app is known", () -> gateway.catalog.view().apps("default").size() == 1);
      gateway.coordinator.handlers.put("echo", request -> "{\"body\":\"said\"}");
      var heard = new CompletableFuture<String>();
      WebSocket socket =
          client
              .newWebSocketBuilder()
              .buildAsync(
                  uri("wss", "/ws/chat"),
                  new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(
                        WebSocket from, CharSequence text, boolean last) {
                      heard.complete(text.toString());
                      return CompletableFuture.completedFuture(null);
                    }
                  })
              .get(60, TimeUnit.SECONDS);
      socket.sendText("hello", true).get(60, TimeUnit.SECONDS);
      assertEquals("said", heard.get(60, TimeUnit.SECONDS));
      socket.abort();
    }
  }

  @Test
  void aWebSocketLosesNothingThatComesWithItsHandshakeAndEndsInOrder() throws Exception {
    gateway.app("chat", "name: chat\nroutes:\n  $default: {function: echo}\n");
    Eventually.eventually(
        "the app is known", () -> gateway.catalog.view().apps("default").size() == 1);
    String body = "x".repeat(60_000);
    gateway.coordinator.handlers.put("echo", request -> "{\"body\":\"" + body + "\"}");
    try (var socket =
        (SSLSocket)
            trusting(current())
                .getSocketFactory()
                .createSocket("127.0.0.1", gateway.gateway.httpPort())) {
      socket.setSoTimeout(60_000);
      var request = new ByteArrayOutputStream();
      String head =
          String.join(
              "\r\n",
              "GET /ws/chat HTTP/1.1",
              "Host: 127.0.0.1",
              "Upgrade: websocket",
              "Connection: Upgrade",
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
              "Sec-WebSocket-Version: 13",
              "",
              "");
      request.writeBytes(head.getBytes(StandardCharsets.US_ASCII));
      // A text and a close of 1000, with masks of zeros.
      request.writeBytes(new byte[] {(byte) 0x81, (byte) 0x82, 0, 0, 0, 0, 'h', 'i'});
      request.writeBytes(new byte[] {(byte) 0x88, (byte) 0x82, 0, 0, 0, 0, 3, (byte) 0xe8});
      socket.getOutputStream().write(request.toByteArray());
      byte[] all = socket.getInputStream().readAllBytes();
      String text = new String(all, StandardCharsets.ISO_8859_1);
      assertTrue(text.startsWith("HTTP/1.1 101 "), text);
      String frames = text.substring(text.indexOf("\r\n\r\n") + 4);
      assertEquals(4 + body.length() + 4, frames.length());
      assertTrue(frames.endsWith("xx\u0088\u0002\u0003\u00e8"), "a close of 1000");
    }
  }

  @Test
  void whoSpeaksPlainHttpIsNotServed() throws Exception {
    assertThrows(IOException.class, () -> gateway.send("GET", "/healthz", ""));
    for (String protocol : List.of("TLSv1.3", "TLSv1.2")) {
      try (var socket =
          (SSLSocket)
              trusting(current())
                  .getSocketFactory()
                  .createSocket("127.0.0.1", gateway.gateway.httpPort())) {
        socket.setEnabledProtocols(new String[] {protocol});
        socket.startHandshake();
        assertEquals(protocol, socket.getSession().getProtocol());
      }
    }
  }

  @Test
  void aNewCertificateIsTakenWithoutARestartAndABadOneIsNot() throws Exception {
    assertEquals(current().getSerialNumber(), serial());
    Made second = make("second", "RSA");
    write(second);
    BigInteger next = second.certificate().getSerialNumber();
    Eventually.eventually("it is shown", () -> serial().equals(next));
    secret(key, "nothing that is a key");
    assertEquals(next, serial(), "the last good one stays");
    try (HttpClient client = client()) {
      assertEquals(200, post(client, "1").statusCode());
    }
    Made third = make("third", "EC");
    assertEquals(next, serial(), "the last good one stays");
    write(third);
    BigInteger last = third.certificate().getSerialNumber();
    Eventually.eventually("the next good one is shown", () -> serial().equals(last));
  }

  /** As after a renewal that forgets the mode: what was wrong does not show in the file's time. */
  @Test
  void filesThatDidNotServeAreReadAgainUntilTheyDo() throws Exception {
    BigInteger first = current().getSerialNumber();
    var files = new TlsConfig(Optional.of(certificates), Optional.of(key), Duration.ofDays(1));
    try (var tls = new Tls(files)) {
      tls.factory().start();
      Made second = make("second", "EC");
      write(second);
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
      tls.look();
      assertEquals(first, serial(tls), "the last good one stays");
      Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
      tls.look();
      assertEquals(second.certificate().getSerialNumber(), serial(tls));
      tls.factory().stop();
    }
  }

  private static BigInteger serial(Tls tls) throws Exception {
    KeyStore keys = tls.factory().getKeyStore();
    String alias = keys.aliases().nextElement();
    return ((X509Certificate) keys.getCertificate(alias)).getSerialNumber();
  }

  @Test
  void filesThatDoNotServeAreRefusedAtTheStart() throws Exception {
    Made other = make("other", "EC");
    refused(key, () -> secret(key, pem("PRIVATE KEY", other.key().getEncoded())));
    refused(key, () -> secret(key, "no PEM"));
    refused(
        certificates,
        () -> {
          write(other);
          Files.writeString(certificates, "no PEM");
        });
    refused(
        key,
        () -> {
          write(other);
          Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
        });
    write(other);
    assertEquals(1, PemKeyStore.read(certificates, key).size());
  }

  private interface Change {
    void make() throws Exception;
  }

  private void refused(Path file, Change change) throws Exception {
    change.make();
    var refused = assertThrows(HeddleException.class, () -> PemKeyStore.read(certificates, key));
    assertTrue(String.valueOf(refused.getMessage()).contains(file.toString()), refused.toString());
  }
}
