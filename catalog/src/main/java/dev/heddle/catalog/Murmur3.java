package dev.heddle.catalog;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** MurmurHash3, the variant x86_32: an algorithm by Austin Appleby in the public domain. */
final class Murmur3 {
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final int C1 = 0xcc9e2d51;
  private static final int C2 = 0x1b873593;

  private Murmur3() {}

  static int hash32(byte[] data, int seed) {
    int hash = seed;
    int whole = data.length & ~3;
    for (int i = 0; i < whole; i += 4) {
      hash ^= mix((int) INT.get(data, i));
      hash = Integer.rotateLeft(hash, 13) * 5 + 0xe6546b64;
    }
    int tail = 0;
    for (int i = data.length - 1; i >= whole; i--) {
      tail = tail << 8 | (data[i] & 0xff);
    }
    if (whole < data.length) {
      hash ^= mix(tail);
    }
    hash ^= data.length;
    hash ^= hash >>> 16;
    hash *= 0x85ebca6b;
    hash ^= hash >>> 13;
    hash *= 0xc2b2ae35;
    hash ^= hash >>> 16;
    return hash;
  }

  private static int mix(int block) {
    return Integer.rotateLeft(block * C1, 15) * C2;
  }
}
