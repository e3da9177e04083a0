package dev.heddle.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.DataSize;
import dev.heddle.process.testing.ManualTicker;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.io.ByteArrayEndPoint;
import org.junit.jupiter.api.Test;

/** Who a client is, and how much it has. */
class ClientCountsTest {
  private final ManualTicker ticker = new ManualTicker();

  private static InetAddress address(String text) {
    return InetAddress.ofLiteral(text);
  }

  private static ClientLimits limits(int sockets, String... proxies) {
    return new ClientLimits(
        sockets, 1, 1, 1, 1, DataSize.ofKiB(1), List.of(proxies), ForwardedHeader.X_FORWARDED_FOR);
  }

  @Test
  void aBlockHoldsTheAddressesWithItsFirstBits() {
    var ten = AddressBlock.parse("10.1.2.3/8");
    assertEquals("10.0.0.0/8", ten.toString());
    assertTrue(ten.contains(address("10.255.0.1")));
    assertFalse(ten.contains(address("11.0.0.1")));
    assertFalse(ten.contains(address("::10.0.0.1")));
    var odd = AddressBlock.parse("192.0.2.128/25");
    assertTrue(odd.contains(address("192.0.2.200")));
    assertFalse(odd.contains(address("192.0.2.1")));
    assertTrue(AddressBlock.parse("::/0").contains(address("2001:db8::1")));
    for (String wrong : List.of("", "localhost", "10.0.0.0/33", "::1/129", "10.0.0.0/-1", "a/8")) {
      assertThrows(IllegalArgumentException.class, () -> AddressBlock.parse(wrong), wrong);
    }
  }

  @Test
  void oneSubscriberOfIpv6IsOneClient() {
    assertEquals(
        AddressBlock.ofClient(address("2001:db8:1:2::1")),
        AddressBlock.ofClient(address("2001:db8:1:2:ffff::9")));
    assertFalse(
        AddressBlock.ofClient(address("2001:db8:1:2::1"))
            .equals(AddressBlock.ofClient(address("2001:db8:1:3::1"))));
    assertFalse(
        AddressBlock.ofClient(address("192.0.2.1"))
            .equals(AddressBlock.ofClient(address("192.0.2.2"))));
  }

  private static String client(ForwardedHeader header, String peer, String value) {
    var proxies = new TrustedProxies(List.of("10.0.0.0/8", "2001:db8::/32"), header);
    String name = header == ForwardedHeader.FORWARDED ? "Forwarded" : "X-Forwarded-For";
    HttpFields headers = HttpFields.build().add(name, value);
    return proxies.client(address(peer), header.hops(headers)).getHostAddress();
  }

  @Test
  void theLastAddressThatIsNoProxysIsTheClients() {
    var listed = ForwardedHeader.X_FORWARDED_FOR;
    assertEquals("192.0.2.1", client(listed, "10.0.0.1", "192.0.2.1"));
    assertEquals("192.0.2.1", client(listed, "10.0.0.1", "198.51.100.7, 192.0.2.1, 10.0.0.2"));
    assertEquals("192.0.2.1", client(listed, "10.0.0.1", "10.9.9.9, 192.0.2.1"), "forged");
    assertEquals("192.0.2.1", client(listed, "10.0.0.1", "192.0.2.1:4711"));
    assertEquals("10.0.0.3", client(listed, "10.0.0.1", "10.0.0.3"), "all are proxies");
    assertEquals("10.0.0.2", client(listed, "10.0.0.1", "192.0.2.1, unknown, 10.0.0.2"));
    assertEquals("10.0.0.1", client(listed, "10.0.0.1", "localhost"), "no name is looked up");
    assertEquals("203.0.113.1", client(listed, "203.0.113.1", "192.0.2.1"), "whom nobody trusts");
    String many = "192.0.2.1, ".repeat(1) + "10.0.0.2, ".repeat(1_000) + "10.0.0.3";
    assertEquals("10.0.0.2", client(listed, "10.0.0.1", many), "only so many are read");
  }

  @Test
  void readsTheHeaderOfRfc7239() {
    var named = ForwardedHeader.FORWARDED;
    assertEquals("192.0.2.1", client(named, "10.0.0.1", "for=192.0.2.1;proto=https;by=10.0.0.1"));
    assertEquals("192.0.2.1", client(named, "10.0.0.1", "For=\"192.0.2.1:80\", for=10.0.0.2"));
    assertEquals(
        "2001:db9:0:0:0:0:0:1",
        client(named, "2001:db8::1", "proto=http; for=\"[2001:db9::1]:4711\""));
    assertEquals("10.0.0.1", client(named, "10.0.0.1", "for=_hidden"));
    assertEquals("10.0.0.1", client(named, "10.0.0.1", "proto=https"));
  }

  @Test
  void aRateLetsASecondsWorthPassAtOnceAndThenOneByOne() {
    var rate = new Rate(4, ticker.nanoTime());
    for (int i = 0; i < 4; i++) {
      assertEquals(0, rate.take(1, ticker.nanoTime()));
    }
    long wait = rate.take(1, ticker.nanoTime());
    assertEquals(TimeUnit.MILLISECONDS.toNanos(250), wait);
    ticker.advance(Duration.ofNanos(wait));
    assertEquals(0, rate.take(1, ticker.nanoTime()));
    assertTrue(rate.take(1, ticker.nanoTime()) > 0);
    ticker.advance(Duration.ofHours(1));
    assertEquals(0, rate.take(4, ticker.nanoTime()), "a second's worth, however long the rest");
    assertTrue(rate.take(1, ticker.nanoTime()) > 0);
  }

  @Test
  void whatIsLargerThanASecondsWorthPassesAloneAndIsPaidFor() {
    var rate = new Rate(10, ticker.nanoTime());
    assertEquals(0, rate.take(50, ticker.nanoTime()));
    assertTrue(rate.take(1, ticker.nanoTime()) > 0);
    ticker.advance(Duration.ofSeconds(4));
    assertTrue(rate.take(1, ticker.nanoTime()) > 0);
    ticker.advance(Duration.ofMillis(100));
    assertEquals(0, rate.take(1, ticker.nanoTime()));
    assertEquals(0, new Rate(1, 0).take(Long.MAX_VALUE, 0), "no overflow");
  }

  @Test
  void ratesForgetWhoCameLongestAgo() {
    var rates = new Rates(2, 1, ticker);
    assertEquals(0, rates.take("a", 1));
    assertTrue(rates.take("a", 1) > 0);
    assertEquals(0, rates.take("b", 1));
    assertTrue(rates.take("a", 1) > 0, "remembered");
    for (int i = 0; i < 1_000; i++) {
      assertEquals(0, rates.take("other " + i, 1));
    }
    assertEquals(2, rates.size());
    assertEquals(0, rates.take("a", 1), "forgotten");
  }

  @Test
  void anAddressHoldsSoManySockets() {
    var sockets = new SocketLimit(limits(2, "10.0.0.1"));
    var first = new ByteArrayEndPoint();
    var second = new ByteArrayEndPoint();
    var third = new ByteArrayEndPoint();
    assertTrue(sockets.enter(first, address("192.0.2.1")));
    assertTrue(sockets.enter(first, address("192.0.2.1")), "the same after an upgrade");
    assertTrue(sockets.enter(second, address("192.0.2.1")));
    assertFalse(sockets.enter(third, address("192.0.2.1")));
    assertTrue(sockets.enter(third, address("192.0.2.2")), "another client");
    sockets.leave(first);
    sockets.leave(first);
    assertTrue(sockets.enter(new ByteArrayEndPoint(), address("192.0.2.1")));
    assertFalse(sockets.enter(new ByteArrayEndPoint(), address("192.0.2.1")));
    for (int i = 0; i < 5; i++) {
      assertTrue(sockets.enter(new ByteArrayEndPoint(), address("127.0.0.1")));
      assertTrue(sockets.enter(new ByteArrayEndPoint(), address("10.0.0.1")));
    }
    assertEquals(2, sockets.addresses());
    sockets.leave(third);
    assertEquals(1, sockets.addresses(), "nothing is kept of who has none");
  }

  @Test
  void limitsAreReadStrictly() {
    assertThrows(IllegalArgumentException.class, () -> limits(0));
    var wrong = assertThrows(IllegalArgumentException.class, () -> limits(1, "10.0.0.0/40"));
    assertTrue(
        wrong.toString().contains("trusted-proxies: 10.0.0.0/40 (expected:"), wrong::toString);
  }
}
