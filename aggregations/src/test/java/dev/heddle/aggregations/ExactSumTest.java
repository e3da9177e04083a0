package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class ExactSumTest {
  private final long seed = new Random().nextLong();

  private static ExactSum of(double... values) {
    var sum = new ExactSum();
    for (double value : values) {
      sum.add(value);
    }
    return sum;
  }

  private static byte[] bytes(ExactSum sum) throws IOException {
    var bytes = new ByteArrayOutputStream();
    sum.write(new DataOutputStream(bytes));
    return bytes.toByteArray();
  }

  private static ExactSum read(byte[] bytes) throws IOException {
    return ExactSum.read(new DataInputStream(new ByteArrayInputStream(bytes)));
  }

  @Test
  void losesNothing() {
    assertEquals(0, new ExactSum().value());
    assertEquals(1, of(1e300, 1, -1e300).value());
    assertEquals(Double.MIN_VALUE, of(Double.MIN_VALUE).value());
    assertEquals(-Double.MIN_VALUE, of(Double.MIN_VALUE, -Double.MIN_VALUE * 2).value());
    double largest = Double.MAX_VALUE;
    assertEquals(largest, of(largest, largest, -largest).value());
    assertEquals(Double.POSITIVE_INFINITY, of(Double.MAX_VALUE, Double.MAX_VALUE).value());
    assertEquals(0x1p53, of(0x1p53, 1).value());
    assertEquals(0x1p53 + 2, of(0x1p53, 1, Double.MIN_VALUE).value());
    assertEquals(0x1p53 + 4, of(0x1p53 + 2, 1).value());
    assertEquals(-0x1p53, of(-0x1p53, -1).value());
  }

  @Test
  void roundsTheTrueSumOnceInWhateverOrder() throws IOException {
    var random = new Random(seed);
    for (int round = 0; round < 500; round++) {
      var values = new double[1 + random.nextInt(40)];
      var truth = BigDecimal.ZERO;
      for (int i = 0; i < values.length; i++) {
        values[i] = value(random);
        truth = truth.add(new BigDecimal(values[i]));
      }
      var forward = of(values);
      var parts = new ExactSum[1 + random.nextInt(4)];
      for (int i = 0; i < parts.length; i++) {
        parts[i] = new ExactSum();
      }
      for (int i = values.length - 1; i >= 0; i--) {
        parts[random.nextInt(parts.length)].add(values[i]);
      }
      var merged = read(bytes(parts[0]));
      for (int i = 1; i < parts.length; i++) {
        merged.add(random.nextBoolean() ? parts[i] : read(bytes(parts[i])));
      }
      assertEquals(truth.doubleValue(), forward.value(), () -> "seed " + seed);
      assertEquals(truth.doubleValue(), merged.value(), () -> "seed " + seed);
      assertArrayEquals(bytes(forward), bytes(merged), () -> "seed " + seed);
    }
  }

  private static double value(Random random) {
    return switch (random.nextInt(4)) {
      case 0 -> random.nextInt(2001) - 1000;
      case 1 -> random.nextGaussian();
      case 2 -> Math.scalb(random.nextGaussian(), random.nextInt(200) - 100);
      default -> {
        double any = Double.longBitsToDouble(random.nextLong());
        yield Double.isFinite(any) && Math.abs(any) < 1e300 ? any : 1;
      }
    };
  }

  @Test
  void takesAFewBytesForOrdinaryNumbers() throws IOException {
    var sum = new ExactSum();
    for (int i = 0; i < 100_000; i++) {
      sum.add(i * 0.25);
    }
    assertEquals(100_000L * 99_999 / 2 * 0.25, sum.value());
    assertTrue(bytes(sum).length <= 16, bytes(sum).length + " bytes");
  }

  @Test
  void refusesWhatItDidNotWrite() throws IOException {
    byte[][] wrong = {{}, {69}, {1, 68}, {2, 0, 0, 0, 0, 0, 0}, {1, 0, 0}, {1, 0, 3}};
    for (var bytes : wrong) {
      assertThrows(IOException.class, () -> read(bytes));
    }
    assertEquals(0, read(new byte[] {0}).value());
  }

  @Test
  void refusesWhatIsNoNumber() {
    assertThrows(IllegalArgumentException.class, () -> of(Double.NaN));
    assertThrows(IllegalArgumentException.class, () -> of(Double.NEGATIVE_INFINITY));
  }
}
