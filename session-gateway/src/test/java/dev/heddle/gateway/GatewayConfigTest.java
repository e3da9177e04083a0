package dev.heddle.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.backend.BulkLimits;
import dev.heddle.gateway.channel.ChannelLimits;
import dev.heddle.gateway.connection.DrainConfig;
import dev.heddle.gateway.connection.ResumeConfig;
import dev.heddle.gateway.http.ClientLimits;
import dev.heddle.gateway.http.ForwardedHeader;
import dev.heddle.gateway.http.TlsConfig;
import dev.heddle.process.ConfigReader;
import dev.heddle.process.DataSize;
import dev.heddle.process.HeddleException;
import dev.heddle.process.HostPort;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GatewayConfigTest {
  @TempDir Path directory;

  private GatewayConfig read(String yaml) throws IOException {
    Path file = Files.writeString(directory.resolve("gateway.yaml"), yaml);
    return ConfigReader.readYaml(file, GatewayConfig.defaults());
  }

  @Test
  void nothingSaidGivesTheDocumentedDefaults() throws IOException {
    GatewayConfig config = read("");
    assertEquals(GatewayConfig.defaults(), config);
    assertEquals(new HostPort("127.0.0.1", 8080), config.http());
    assertEquals(DataSize.parse("1MiB"), config.limits().query());
    assertEquals(DataSize.parse("32KiB"), config.limits().requestHeader());
    assertEquals(DataSize.parse("480KiB"), config.limits().document());
    assertEquals(new BulkLimits(1_000, DataSize.parse("1MiB"), 4), config.limits().bulk());
    assertEquals(Duration.ofMinutes(2), config.deadlines().batch());
    assertEquals(DataSize.parse("16MiB"), config.limits().function());
    assertEquals(DataSize.parse("128KiB"), config.webSocket().message());
    assertEquals(List.of(), config.services().allowed());
    assertEquals(Duration.ofSeconds(60), config.resume().window());
    assertEquals(DataSize.parse("256KiB"), config.channels().history());
    assertEquals(DataSize.parse("128MiB"), config.channels().tenantTotal());
    assertEquals(100, config.channels().subscriptions());
    assertEquals(Duration.ofMinutes(30), config.session().idleTimeout());
    assertEquals(Duration.ofSeconds(10), config.deadlines().query());
  }

  @Test
  void everyKeyIsMapped() throws IOException {
    GatewayConfig config =
        read(
            """
            http: 127.0.0.1:9090
            pages: web
            hazelcast: {address: "127.0.0.1:5701", members: ["127.0.0.1:5701", "127.0.0.1:5702"], join-timeout: 3s}
            session: {keys: keys.yaml, idle-timeout: 10m, max-age: 1d, max-attributes: 5, max-name-length: 6,
                      max-value: 1KiB, max-total: 2KiB, patience: 2s, secure-cookie: true}
            limits: {connections: 9, request-header: 4KiB, query: 2MiB, document: 3MiB, function: 4MiB,
                     bulk: {lines: 5, bytes: 2MiB, window: 2}, idle-timeout: 5s, stop-timeout: 1s,
                     head-timeout: 2s, body-rate: 1KiB,
                     client: {sockets: 3, connections: 4, user-connections: 5, attempts: 6, frames: 7,
                              bytes: 8KiB, trusted-proxies: [10.0.0.0/8, "::1"], forwarded: forwarded}}
            web-socket: {connections: 7, message: 64KiB, outgoing: 2MiB, outgoing-frames: 8, ping-interval: 10s,
                         disconnects: 3}
            services: {allowed: ["http://127.0.0.1:9000"], timeout: 3s, reply: 2KiB}
            resume: {window: 5s, history: 2KiB, poll-wait: 1s, heartbeat: 2s, take-over: 3s,
                     poll-linger: 4s, lingering: 6}
            drain: {notice: 1s, rate: 5, most: 2s}
            channels: {message: 1KiB, history: 2KiB, messages: 3, index: 4KiB, replay: 5KiB, total: 6KiB,
                       tenant-total: 6KiB, channels: 8, tenant-channels: 7, subscriptions: 9, idle: 10s, look: 11ms}
            jwt: issuers.yaml
            tls: {certificates: tls.crt, key: tls.key, reload: 5s}
            deadlines: {query: 1s, most-query: 2s, invocation: 3s, administration: 4s, batch: 5s,
                        margin: 5ms}
            allowed-origins: ["https://a.example"]
            allowed-hosts: [a.example]
            """);
    assertEquals(Optional.of(Path.of("web")), config.pages());
    assertEquals(2, config.hazelcast().members().size());
    assertEquals(Optional.of(Path.of("keys.yaml")), config.session().keys());
    assertTrue(config.session().secureCookie());
    assertEquals(Duration.ofSeconds(2), config.session().patience());
    assertEquals(9, config.limits().connections());
    assertEquals(new BulkLimits(5, DataSize.parse("2MiB"), 2), config.limits().bulk());
    assertEquals(Duration.ofSeconds(5), config.deadlines().batch());
    assertEquals(Duration.ofSeconds(2), config.limits().headTimeout());
    assertEquals(DataSize.ofKiB(1), config.limits().bodyRate());
    assertEquals(
        new ClientLimits(
            3,
            4,
            5,
            6,
            7,
            DataSize.ofKiB(8),
            List.of("10.0.0.0/8", "::1"),
            ForwardedHeader.FORWARDED),
        config.limits().client());
    assertEquals(8, config.webSocket().outgoingFrames());
    assertTrue(config.services().allows(URI.create("HTTP://127.0.0.1:9000/x")));
    assertFalse(config.services().allows(URI.create("http://127.0.0.1:9001/x")));
    assertFalse(config.services().allows(URI.create("http://127.0.0.1:9000@evil.example/")));
    assertEquals(Duration.ofSeconds(3), config.services().timeout());
    assertEquals(DataSize.parse("2KiB"), config.services().reply());
    assertEquals(
        new ResumeConfig(
            Duration.ofSeconds(5),
            DataSize.parse("2KiB"),
            Duration.ofSeconds(1),
            Duration.ofSeconds(2),
            Duration.ofSeconds(3),
            Duration.ofSeconds(4),
            6),
        config.resume());
    assertEquals(new DrainConfig(Duration.ofSeconds(1), 5, Duration.ofSeconds(2)), config.drain());
    assertEquals(
        new ChannelLimits(
            DataSize.ofKiB(1),
            DataSize.ofKiB(2),
            3,
            DataSize.ofKiB(4),
            DataSize.ofKiB(5),
            DataSize.ofKiB(6),
            DataSize.ofKiB(6),
            8,
            7,
            9,
            Duration.ofSeconds(10),
            Duration.ofMillis(11)),
        config.channels());
    assertEquals(Optional.of(Path.of("issuers.yaml")), config.jwt());
    assertEquals(
        new TlsConfig(
            Optional.of(Path.of("tls.crt")),
            Optional.of(Path.of("tls.key")),
            Duration.ofSeconds(5)),
        config.tls());
    assertEquals(Duration.ofMillis(5), config.deadlines().margin());
    assertEquals(List.of("https://a.example"), config.allowedOrigins());
  }

  @Test
  void whatCannotBeIsRefusedByName() {
    for (String yaml :
        List.of(
            "allowed-origins: ['*']",
            "allowed-hosts: ['a.example:80']",
            "limits: {connections: 0}",
            "limits: {bulk: {window: 0}}",
            "limits: {head-timeout: 0s}",
            "limits: {body-rate: 2GiB}",
            "limits: {client: {frames: 0}}",
            "limits: {client: {trusted-proxies: [proxy.example]}}",
            "limits: {client: {forwarded: via}}",
            "web-socket: {ping-interval: 1ms}",
            "services: {allowed: ['http://a.example/path']}",
            "services: {timeout: 0s}",
            "resume: {window: 2d}",
            "drain: {rate: 0}",
            "drain: {most: 11m}",
            "tls: {key: tls.key}",
            "resume: {poll-wait: 2m}",
            "resume: {poll-linger: 61s}",
            "resume: {lingering: 0}",
            "channels: {message: 2MiB}",
            "channels: {history: 1}",
            "channels: {messages: 0}",
            "channels: {index: 0}",
            "channels: {replay: 1GiB}",
            "channels: {total: 0}",
            "channels: {tenant-total: 1GiB}",
            "channels: {channels: 0}",
            "channels: {tenant-channels: 30000}",
            "channels: {subscriptions: 1001}",
            "channels: {idle: 0s}",
            "channels: {look: 2m}",
            "session: {idle-timeout: 60d}",
            "session: {patience: 0s}",
            "hazelcast: {members: [nowhere]}",
            "deadlines: {query: 1h}",
            "colour: red")) {
      String key = yaml.substring(yaml.indexOf('{') + 1).replaceAll(":.*", "");
      String message = assertThrows(HeddleException.class, () -> read(yaml), yaml).getMessage();
      assertTrue(message.contains("expected:"), message);
      assertTrue(
          message.contains(
              key.equals("query") ? "most-query" : key.equals("members") ? "address" : key),
          message);
    }
  }
}
