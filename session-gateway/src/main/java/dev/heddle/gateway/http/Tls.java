package dev.heddle.gateway.http;

import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS 1.2 and 1.3 with a certificate and key from files, which are read again when they change. New
 * ones that cannot be read leave the old ones in use. One thread looks; thread-safe.
 */
final class Tls implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Tls.class);

  private final Path certificates;
  private final Path key;
  private final TlsConfig config;
  private final SslContextFactory.Server factory = new SslContextFactory.Server();
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(Threads.named("heddle-tls"));

  /** Of the files in use. Owned by the thread, once that runs. */
  private List<FileTime> taken;

  /** Which ones were refused at the last look, and why; empty: none. Owned by the thread, too. */
  private String refused = "";

  /**
   * Reads the files.
   *
   * @param config enabled
   * @throws HeddleException INVALID_REQUEST for files that do not serve
   */
  Tls(TlsConfig config) {
    this.config = config;
    this.certificates = config.certificates().orElseThrow();
    this.key = config.key().orElseThrow();
    this.taken = times();
    factory.setKeyStore(PemKeyStore.read(certificates, key));
    factory.setKeyStorePassword(PemKeyStore.PASSWORD);
    factory.setIncludeProtocols("TLSv1.3", "TLSv1.2");
    // Which names are served is the host policy's business, which answers with a status.
    factory.setSniRequired(false);
  }

  /** What Jetty makes connections with. */
  SslContextFactory.Server factory() {
    return factory;
  }

  void start() {
    long every = config.reload().toMillis();
    var _ = thread.scheduleWithFixedDelay(this::look, every, every, TimeUnit.MILLISECONDS);
  }

  /**
   * Takes new files, if there are any. Those that do not serve are read again at each look: they
   * may be half written, or lack nothing but their mode, and neither shows in their times.
   */
  void look() {
    List<FileTime> now = times();
    if (now.equals(taken)) {
      refused = "";
      return;
    }
    try {
      var store = PemKeyStore.read(certificates, key);
      factory.reload(changed -> changed.setKeyStore(store));
      taken = now;
      refused = "";
      log.info("tls certificate read again file={}", certificates);
    } catch (Exception e) {
      String why = now + " " + e.getMessage();
      if (!why.equals(refused)) {
        refused = why;
        log.warn("tls certificate not read again, the last one stays file={}", certificates, e);
      }
    }
  }

  private List<FileTime> times() {
    try {
      return List.of(Files.getLastModifiedTime(certificates), Files.getLastModifiedTime(key));
    } catch (IOException e) {
      // Whoever replaces a file may have taken it away for a moment.
      return List.of();
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
