package dev.heddle.function;

/**
 * What objects take of the heap, in bytes, in a JVM as Heddle runs it: compact object headers (JEP
 * 519), references of four bytes (heaps below 32 GiB), and objects that begin at multiples of
 * eight. For {@link ScatterFunction#weight}, whoever implements that.
 */
public final class HeapSize {
  /** Of a reference. */
  public static final int REFERENCE = 4;

  private static final int HEADER = 8;

  /** A header and the length. */
  private static final int ARRAY_HEADER = 12;

  private static final int LONGS_AT = 16;
  private static final int ALIGNMENT = 8;

  /** Its hash, its value, and two flags. */
  private static final long STRING = object(4 + REFERENCE + 2);

  private static final long LIST = object(4 + 4 + REFERENCE);

  private HeapSize() {}

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) & -ALIGNMENT;
  }

  /**
   * Of an object, without what it refers to.
   *
   * @param fieldBytes what its fields take together, references four bytes each
   */
  public static long object(int fieldBytes) {
    return aligned(HEADER + fieldBytes);
  }

  /** Of an array of bytes or booleans. */
  public static long bytes(int length) {
    return aligned(ARRAY_HEADER + (long) length);
  }

  /** Of an array of ints or floats. */
  public static long ints(int length) {
    return aligned(ARRAY_HEADER + 4L * length);
  }

  /** Of an array of longs or doubles. */
  public static long longs(int length) {
    return LONGS_AT + 8L * length;
  }

  /** Of an array of references, without what they refer to. */
  public static long references(int length) {
    return aligned(ARRAY_HEADER + (long) REFERENCE * length);
  }

  /**
   * Of an ArrayList, without its elements.
   *
   * @param capacity for how many elements there is room
   */
  public static long list(int capacity) {
    return LIST + (capacity == 0 ? 0 : references(capacity));
  }

  /** Of a string, and the bytes that it refers to. Looks at its characters. */
  public static long text(String text) {
    int length = text.length();
    for (int i = 0; i < length; i++) {
      if (text.charAt(i) > 0xFF) {
        return STRING + bytes(2 * length);
      }
    }
    return STRING + bytes(length);
  }
}
