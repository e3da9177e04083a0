package dev.heddle.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ValuesTest {
  @Test
  void readsAndWritesSizes() {
    assertEquals(64L << 20, DataSize.parse("64MiB").bytes());
    assertEquals("64MiB", DataSize.ofMiB(64).toString());
    assertEquals("0B", DataSize.ofBytes(0).toString());
    assertEquals("1025B", DataSize.ofBytes(1025).toString());
    assertEquals("2048TiB", DataSize.ofBytes(1L << 51).toString());
    assertEquals(Integer.MAX_VALUE, DataSize.parse("4GiB").toIntBytes());
  }

  @Test
  void refusesWhatIsNotASize() {
    for (String text :
        List.of(
            "",
            "64",
            "MiB",
            "-1B",
            "1.5MiB",
            "64 mib",
            "9999999999999TiB",
            "9999999999999999999B")) {
      assertThrows(IllegalArgumentException.class, () -> DataSize.parse(text), text);
    }
  }

  @Test
  void readsAndWritesDurations() {
    assertEquals(Duration.ofMillis(200), DurationFormat.parse("200ms"));
    assertEquals(Duration.ofMillis(1500), DurationFormat.parse("1.5s"));
    assertEquals(Duration.ofDays(2), DurationFormat.parse("2d"));
    assertEquals("1500ms", DurationFormat.format(Duration.ofMillis(1500)));
    assertEquals("0s", DurationFormat.format(Duration.ZERO));
    for (String text : List.of("", "5", "ms", "-1s", "1.5ns", "1s 2ms", "999999999999999999d")) {
      assertThrows(IllegalArgumentException.class, () -> DurationFormat.parse(text), text);
    }
  }

  @Test
  void anySizeAndDurationReadsBackAsItWasWritten() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int i = 0; i < 2_000; i++) {
      long value = random.nextLong() >>> (1 + random.nextInt(62));
      value = ((value >> (random.nextInt(3) * 10)) << (random.nextInt(3) * 10)) & Long.MAX_VALUE;
      DataSize size = new DataSize(value);
      assertEquals(size, DataSize.parse(size.toString()), "seed " + seed);
      Duration duration = Duration.ofNanos(value);
      assertEquals(duration, DurationFormat.parse(DurationFormat.format(duration)), "seed " + seed);
    }
  }

  @Test
  void readsAddresses() {
    assertEquals(new HostPort("127.0.0.1", 8080), HostPort.parse("127.0.0.1:8080"));
    assertEquals(new HostPort("::1", 80), HostPort.parse("[::1]:80"));
    assertEquals("[::1]:80", HostPort.parse("[::1]:80").toString());
    assertEquals("leaf-1.example:0", HostPort.parse("leaf-1.example:0").toString());
    for (String text : List.of("", "8080", ":80", "a:b", "a:70000", "::1:80", "[a]:1", "a b:1")) {
      assertThrows(IllegalArgumentException.class, () -> HostPort.parse(text), text);
    }
  }

  @Test
  void onlyThisMachineIsLoopback() {
    for (String host : List.of("127.0.0.1", "127.1.2.3", "localhost", "::1")) {
      assertTrue(new HostPort(host, 1).loopback(), host);
    }
    for (String host : List.of("0.0.0.0", "10.0.0.1", "127.0.0.1.example", "::", "localhost.x")) {
      assertFalse(new HostPort(host, 1).loopback(), host);
    }
  }

  @Test
  void errorNumbersAreUniqueAndSayTheirKind() {
    Set<Integer> numbers = new HashSet<>();
    for (ErrorCode code : ErrorCode.values()) {
      assertTrue(numbers.add(code.number()), code.name());
      ErrorCode.Kind kind =
          switch (code.number() / 1000) {
            case 1 -> ErrorCode.Kind.USER;
            case 2 -> ErrorCode.Kind.CAPACITY;
            default -> ErrorCode.Kind.INTERNAL;
          };
      assertEquals(kind, code.kind(), code.name());
      assertEquals(code, ErrorCode.of(code.number()).orElseThrow());
    }
    assertTrue(ErrorCode.of(9999).isEmpty());
    assertEquals(48, Arrays.stream(ErrorCode.values()).count());
  }

  @Test
  void tenantNamesAreChecked() {
    assertEquals("acme-1", RequestContext.checkTenant("acme-1"));
    for (String tenant : List.of("", "-a", "a/b", "a b", "ä", "x".repeat(65))) {
      assertThrows(HeddleException.class, () -> RequestContext.checkTenant(tenant), tenant);
    }
  }
}
