package dev.heddle.process.testing;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnknownFieldSet;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A collector that takes spans as OTLP over HTTP, in protobuf, and keeps them for a test. It reads
 * the wire by the field numbers of {@code opentelemetry/proto/trace/v1}. Safe for any thread.
 */
public final class SpanCollectorWire implements AutoCloseable {
  /**
   * A span as it came.
   *
   * @param node that sent it: its resource's {@code service.instance.id}
   * @param parentId empty: the trace begins with it
   * @param kind as in the protocol: 1 internal, 2 server, 3 client
   * @param error what its status says; empty: it did not fail
   */
  public record Received(
      String node,
      String traceId,
      String spanId,
      String parentId,
      String name,
      long kind,
      String error,
      Map<String, String> attributes) {}

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Received> spans = new CopyOnWriteArrayList<>();
  private volatile int status = 200;

  /** Listens on a port of this machine that is free. */
  public SpanCollectorWire() {
    try {
      this.server =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/v1/traces", this::take);
    server.start();
  }

  /** For {@code tracing.endpoint}. */
  public String endpoint() {
    return "http://127.0.0.1:" + server.getAddress().getPort();
  }

  /** What it answers from now on; other than 200 it keeps nothing. */
  public void answer(int other) {
    status = other;
  }

  /** What has come so far. */
  public List<Received> spans() {
    return List.copyOf(spans);
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      boolean protobuf =
          "application/x-protobuf".equals(exchange.getRequestHeaders().getFirst("Content-Type"));
      int answer = protobuf ? status : 415;
      if (answer == 200) {
        read(body);
      }
      exchange.sendResponseHeaders(answer, -1);
    }
  }

  private void read(byte[] request) throws IOException {
    for (var resource : messages(UnknownFieldSet.parseFrom(request), 1)) {
      String node = "";
      for (var told : messages(resource, 1)) {
        node = attributes(told, 1).getOrDefault("service.instance.id", "");
      }
      for (var scope : messages(resource, 2)) {
        for (var span : messages(scope, 2)) {
          spans.add(span(node, span));
        }
      }
    }
  }

  private static Received span(String node, UnknownFieldSet span)
      throws InvalidProtocolBufferException {
    String error = "";
    for (var told : messages(span, 15)) {
      if (number(told, 3) == 2) {
        error = text(told, 2);
      }
    }
    return new Received(
        node,
        hex(span, 1),
        hex(span, 2),
        hex(span, 4),
        text(span, 5),
        number(span, 6),
        error,
        attributes(span, 9));
  }

  private static Map<String, String> attributes(UnknownFieldSet message, int field)
      throws InvalidProtocolBufferException {
    var found = new TreeMap<String, String>();
    for (var pair : messages(message, field)) {
      for (var value : messages(pair, 2)) {
        String text =
            value.hasField(1)
                ? text(value, 1)
                : value.hasField(2)
                    ? Boolean.toString(number(value, 2) == 1)
                    : Long.toString(number(value, 3));
        found.put(text(pair, 1), text);
      }
    }
    return found;
  }

  private static List<UnknownFieldSet> messages(UnknownFieldSet message, int field)
      throws InvalidProtocolBufferException {
    var found = new java.util.ArrayList<UnknownFieldSet>();
    for (var bytes : message.getField(field).getLengthDelimitedList()) {
      found.add(UnknownFieldSet.parseFrom(bytes));
    }
    return found;
  }

  private static String hex(UnknownFieldSet message, int field) {
    var values = message.getField(field).getLengthDelimitedList();
    return values.isEmpty() ? "" : HexFormat.of().formatHex(values.getFirst().toByteArray());
  }

  private static String text(UnknownFieldSet message, int field) {
    var values = message.getField(field).getLengthDelimitedList();
    return values.isEmpty() ? "" : values.getFirst().toString(StandardCharsets.UTF_8);
  }

  private static long number(UnknownFieldSet message, int field) {
    var values = message.getField(field).getVarintList();
    return values.isEmpty() ? 0 : values.getFirst();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
