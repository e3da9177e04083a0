package dev.heddle.cli.cluster;

import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType.LaunchOptions;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.Request;
import com.microsoft.playwright.WebSocket;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Somebody at a page, with cookies of their own, who notes whatever a page should not do. For one
 * thread.
 */
final class Visitor implements AutoCloseable {
  /** A busy machine takes its time for a page. */
  private static final double PATIENCE_MILLIS = 60_000;

  private final BrowserContext context;
  private final Page page;
  private final String base;
  private final List<String> trouble = new ArrayList<>();
  private final List<String> requests = new ArrayList<>();
  private final List<WebSocket> sockets = new ArrayList<>();

  /**
   * Opens the page.
   *
   * @param base {@code http://host:port}
   */
  Visitor(Browser browser, String base) {
    this.base = base;
    this.context = browser.newContext();
    context.setDefaultTimeout(PATIENCE_MILLIS);
    PlaywrightAssertions.setDefaultAssertionTimeout(PATIENCE_MILLIS);
    context.onConsoleMessage(message -> {
      if (message.type().equals("error") || message.type().equals("warning")) {
        trouble.add("console " + message.type() + ": " + message.text());
      }
    });
    context.onWebError(error -> trouble.add("not caught: " + error.error()));
    context.onRequest(this::note);
    context.onRequestFailed(
        request -> trouble.add("failed: " + request.url() + " " + request.failure()));
    context.onResponse(response -> {
      if (response.status() >= 400) {
        trouble.add(response.status() + ": " + response.url());
      }
    });
    this.page = context.newPage();
    page.onWebSocket(socket -> {
      sockets.add(socket);
      if (!socket.url().startsWith(base.replace("http:", "ws:") + "/")) {
        trouble.add("foreign: " + socket.url());
      }
    });
    page.navigate(base + "/");
  }

  /** The browser of the machine, if it has one. */
  static Optional<Path> chromium() {
    var names = List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable");
    return Stream.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .flatMap(folder -> names.stream().map(name -> Path.of(folder, name)))
        .filter(Files::isExecutable)
        .findFirst();
  }

  static Browser launch(Playwright playwright, Path chromium) {
    return playwright
        .chromium()
        .launch(
            new LaunchOptions()
                .setTimeout(PATIENCE_MILLIS)
                .setExecutablePath(chromium)
                .setArgs(
                    List.of(
                        "--no-sandbox",
                        "--disable-gpu",
                        "--disable-quic",
                        "--no-first-run",
                        "--disable-background-networking",
                        "--disable-component-update",
                        "--disable-sync")));
  }

  private void note(Request request) {
    requests.add(request.url());
    if (!request.url().startsWith(base + "/") && !request.url().startsWith("data:")) {
      trouble.add("foreign: " + request.url());
    }
  }

  Page page() {
    return page;
  }

  Locator find(String selector) {
    return page.locator(selector);
  }

  /** Types as people do, key by key, in place of what is in the box. */
  void type(String text) {
    find("#box").fill("");
    find("#box").pressSequentially(text);
  }

  void search(String text) {
    type(text);
    find("#box").press("Enter");
  }

  /** Console errors and warnings, failed requests, and requests to anywhere but {@code base}. */
  List<String> trouble() {
    return List.copyOf(trouble);
  }

  /** Addresses of all requests. */
  List<String> requests() {
    return List.copyOf(requests);
  }

  /** All that were ever opened, in order. */
  List<WebSocket> sockets() {
    return List.copyOf(sockets);
  }

  @Override
  public void close() {
    context.close();
  }
}
