package dev.heddle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.heddle.cli.terminal.Console;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the commands ask of an edge, and what they make of its answers. */
class SessionCommandTest {
  private static final String ID = "4mFq0cWz7Tn2bR5xYkD8eGohZmk";

  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  private final List<String> asked = new ArrayList<>();
  private int status = 200;
  private String answer = "{}";

  @SuppressWarnings("NullAway.Init") // Set before each test.
  private HttpServer edge;

  @BeforeEach
  void start() throws IOException {
    edge = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    edge.createContext(
        "/",
        exchange -> {
          asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
          byte[] body = answer.getBytes(StandardCharsets.UTF_8);
          exchange.sendResponseHeaders(status, body.length);
          exchange.getResponseBody().write(body);
          exchange.close();
        });
    edge.start();
  }

  @AfterEach
  void stop() {
    edge.stop(0);
  }

  private int run(String... arguments) {
    String[] all = Arrays.copyOf(arguments, arguments.length + 2);
    all[arguments.length] = "--http";
    all[arguments.length + 1] = "http://127.0.0.1:" + edge.getAddress().getPort();
    return Main.run(
        new Console(new PrintWriter(out, true), new PrintWriter(err, true), false), all);
  }

  @Test
  void listsAPageAndSaysHowItGoesOn() {
    answer =
        """
        {"sessions":[{"session":"%s","createdAt":"2026-11-22T10:00:00Z",
          "lastUsedAt":"2026-11-22T10:05:00Z","attributeCount":3,"bytes":42}],
         "next":"%s","complete":false}
        """
            .formatted(ID, ID);
    assertEquals(0, run("session", "list", "--limit", "1", "--after", "a b"), err::toString);
    assertEquals(List.of("GET /v1/sessions?limit=1&after=a%20b"), asked);
    assertTrue(out.toString().contains(ID), out::toString);
    assertTrue(out.toString().contains("more: --after " + ID), out::toString);
    assertTrue(err.toString().contains("did not answer"), err::toString);
  }

  @Test
  void showsAndClosesOne() {
    answer = "{\"session\":\"" + ID + "\",\"attributes\":{\"user\":\"ada\"}}";
    assertEquals(0, run("session", "show", ID), err::toString);
    assertTrue(out.toString().contains("\"ada\""), out::toString);
    answer = "{\"complete\":true}";
    assertEquals(0, run("session", "close", ID), err::toString);
    assertTrue(out.toString().contains("ended " + ID), out::toString);
    assertEquals(List.of("GET /v1/sessions/" + ID, "DELETE /v1/sessions/" + ID), asked);
  }

  @Test
  void failsWithTheEdgesReason() {
    status = 410;
    answer =
        "{\"error\":{\"code\":1020,\"name\":\"GONE\",\"message\":\"session:"
            + " none\",\"traceId\":\"t\"}}";
    assertEquals(1, run("session", "close", ID));
    assertTrue(err.toString().contains("GONE: session: none"), err::toString);
  }
}
