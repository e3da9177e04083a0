package dev.heddle.engine.wasm;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import run.endive.runtime.Instance;
import run.endive.runtime.Memory;
import run.endive.runtime.TrapException;
import run.endive.runtime.WasmInterruptedException;
import run.endive.wasm.types.DataSegment;
import run.endive.wasm.types.PassiveDataSegment;

/**
 * The linear memory of one instance: pages that it has not written are those of the module's image,
 * which all instances share, so that a fresh instance costs only what it touches. Addresses are
 * checked by the bounds of the arrays; what is outside ends in an IndexOutOfBoundsException, which
 * {@link Guest} calls a trap.
 *
 * <p>Used by one thread at a time, the instance's own.
 */
final class GuestMemory implements Memory {
  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle FLOATS =
      MethodHandles.byteArrayViewVarHandle(float[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle DOUBLES =
      MethodHandles.byteArrayViewVarHandle(double[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int SHIFT = 16;
  private static final int MASK = PAGE_SIZE - 1;

  private final int initialPages;
  private final int maxPages;
  private final MemoryBudget budget;

  /** The instance's host side, so that host functions find it without a lookup. */
  private final Guest guest;

  /** What is read: a page of the image, or the instance's own. */
  private byte[][] pages;

  /** The instance's own pages; null where nothing was written. */
  @SuppressWarnings("NullAway") // Arrays of what may be null are beyond it.
  private byte[][] owned;

  private int ownedPages;
  private boolean denied;
  private DataSegment[] segments = {};

  /**
   * @param image the pages at the start; never written
   * @param maxPages to which it may grow, 0..32767
   */
  GuestMemory(byte[][] image, int maxPages, MemoryBudget budget, Guest guest) {
    this.initialPages = image.length;
    this.maxPages = maxPages;
    this.budget = budget;
    this.guest = guest;
    this.pages = image.clone();
    this.owned = new byte[image.length][];
  }

  Guest guest() {
    return guest;
  }

  /** Bytes that this instance holds for itself. */
  long ownedBytes() {
    return (long) ownedPages << SHIFT;
  }

  /** Whether it once asked for more than it may have. */
  boolean denied() {
    return denied;
  }

  /** Gives back what the budget lent; the memory is not used after it. */
  void release() {
    budget.giveBack(ownedBytes());
    ownedPages = 0;
    pages = new byte[0][];
    owned = new byte[0][];
  }

  private byte[] own(int page) {
    var shared = pages[page];
    budget.take(PAGE_SIZE);
    ownedPages++;
    var copy = shared.clone();
    pages[page] = copy;
    owned[page] = copy;
    return copy;
  }

  private byte[] writable(int address) {
    int page = address >>> SHIFT;
    var own = owned[page];
    return own != null ? own : own(page);
  }

  @Override
  public int pages() {
    return pages.length;
  }

  @Override
  public int grow(int size) {
    int before = pages.length;
    if (size < 0 || size > maxPages - before) {
      denied = true;
      return -1;
    }
    if (size > 0) {
      pages = Arrays.copyOf(pages, before + size);
      Arrays.fill(pages, before, before + size, MemoryImage.ZERO_PAGE);
      owned = Arrays.copyOf(owned, before + size);
    }
    return before;
  }

  @Override
  public int initialPages() {
    return initialPages;
  }

  @Override
  public int maximumPages() {
    return maxPages;
  }

  @Override
  public boolean shared() {
    return false;
  }

  /** The image holds the active segments already; the passive ones are for memory.init. */
  @Override
  public void initialize(Instance instance, DataSegment[] dataSegments) {
    segments = dataSegments;
  }

  @Override
  public void initPassiveSegment(int segment, int address, int offset, int size) {
    write(address, segments[segment].data(), offset, size);
  }

  @Override
  public void drop(int segment) {
    segments[segment] = PassiveDataSegment.EMPTY;
  }

  /** Does nothing: a new memory is as its image says. */
  @Override
  public void zero() {}

  /**
   * Whether the range lies within the memory.
   *
   * @param address unsigned
   * @param size unsigned
   */
  boolean contains(int address, int size) {
    return Integer.toUnsignedLong(address) + Integer.toUnsignedLong(size)
        <= (long) pages.length << SHIFT;
  }

  private void check(int address, int size) {
    if (!contains(address, size)) {
      throw new IndexOutOfBoundsException(
          "memory: "
              + Integer.toUnsignedLong(size)
              + " bytes at "
              + Integer.toUnsignedLong(address)
              + " (expected: within "
              + ((long) pages.length << SHIFT)
              + ")");
    }
  }

  @Override
  public void write(int address, byte[] data, int offset, int size) {
    if (offset < 0 || size < 0 || offset > data.length - size) {
      throw new IndexOutOfBoundsException(
          "segment: " + size + " bytes at " + offset + " (expected: within " + data.length + ")");
    }
    check(address, size);
    int done = 0;
    while (done < size) {
      int at = address + done;
      int chunk = Math.min(size - done, PAGE_SIZE - (at & MASK));
      System.arraycopy(data, offset + done, writable(at), at & MASK, chunk);
      done += chunk;
    }
  }

  /** Copies out of the memory. */
  void read(int address, byte[] into, int offset, int size) {
    check(address, size);
    int done = 0;
    while (done < size) {
      int at = address + done;
      int chunk = Math.min(size - done, PAGE_SIZE - (at & MASK));
      System.arraycopy(pages[at >>> SHIFT], at & MASK, into, offset + done, chunk);
      done += chunk;
    }
  }

  @Override
  public byte[] readBytes(int address, int size) {
    check(address, size);
    var bytes = new byte[size];
    read(address, bytes, 0, size);
    return bytes;
  }

  @Override
  public void fill(byte value, int from, int to) {
    int size = to - from;
    check(from, size);
    int done = 0;
    while (Integer.compareUnsigned(done, size) < 0) {
      int at = from + done;
      int chunk = Math.min(size - done, PAGE_SIZE - (at & MASK));
      // Nothing to do where zeros are written over untouched zeros.
      if (value != 0 || !MemoryImage.untouched(pages[at >>> SHIFT])) {
        Arrays.fill(writable(at), at & MASK, (at & MASK) + chunk, value);
      }
      done += chunk;
      checkInterruption(done);
    }
  }

  @Override
  public void copy(int to, int from, int size) {
    check(to, size);
    check(from, size);
    if (Integer.compareUnsigned(to, from) <= 0) {
      copyForward(to, from, size);
    } else {
      copyBackward(to, from, size);
    }
  }

  private void copyForward(int to, int from, int size) {
    int done = 0;
    while (done < size) {
      int target = to + done;
      int source = from + done;
      int room = PAGE_SIZE - Math.max(target & MASK, source & MASK);
      int chunk = Math.min(size - done, room);
      var into = writable(target);
      System.arraycopy(pages[source >>> SHIFT], source & MASK, into, target & MASK, chunk);
      done += chunk;
      checkInterruption(done);
    }
  }

  private void copyBackward(int to, int from, int size) {
    int left = size;
    while (left > 0) {
      int target = to + left;
      int source = from + left;
      int room = Math.min(lastPart(target), lastPart(source));
      int chunk = Math.min(left, room);
      var into = writable(target - chunk);
      System.arraycopy(
          pages[(source - chunk) >>> SHIFT],
          (source - chunk) & MASK,
          into,
          (target - chunk) & MASK,
          chunk);
      left -= chunk;
      checkInterruption(left);
    }
  }

  /** Bytes of the page that ends at or holds the byte before the address. */
  private static int lastPart(int address) {
    int within = address & MASK;
    return within == 0 ? PAGE_SIZE : within;
  }

  /** One bulk instruction may move a gigabyte. */
  private static void checkInterruption(int bytes) {
    if ((bytes & 0xF_FFFF) < PAGE_SIZE && Thread.currentThread().isInterrupted()) {
      throw new WasmInterruptedException("interrupted");
    }
  }

  @Override
  public byte read(int address) {
    return pages[address >>> SHIFT][address & MASK];
  }

  @Override
  public void writeByte(int address, byte value) {
    int page = address >>> SHIFT;
    var own = owned[page];
    if (own == null) {
      own = own(page);
    }
    own[address & MASK] = value;
  }

  @Override
  public short readShort(int address) {
    int at = address & MASK;
    return at <= PAGE_SIZE - 2
        ? (short) SHORTS.get(pages[address >>> SHIFT], at)
        : (short) across(address, 2);
  }

  @Override
  public void writeShort(int address, short value) {
    int at = address & MASK;
    if (at <= PAGE_SIZE - 2) {
      int page = address >>> SHIFT;
      var own = owned[page];
      SHORTS.set(own != null ? own : own(page), at, value);
    } else {
      writeAcross(address, value, 2);
    }
  }

  @Override
  public long readU16(int address) {
    return readShort(address) & 0xFFFF;
  }

  @Override
  public int readInt(int address) {
    int at = address & MASK;
    return at <= PAGE_SIZE - 4
        ? (int) INTS.get(pages[address >>> SHIFT], at)
        : (int) across(address, 4);
  }

  @Override
  public void writeI32(int address, int value) {
    int at = address & MASK;
    if (at <= PAGE_SIZE - 4) {
      int page = address >>> SHIFT;
      var own = owned[page];
      INTS.set(own != null ? own : own(page), at, value);
    } else {
      writeAcross(address, value, 4);
    }
  }

  @Override
  public long readLong(int address) {
    int at = address & MASK;
    return at <= PAGE_SIZE - 8
        ? (long) LONGS.get(pages[address >>> SHIFT], at)
        : across(address, 8);
  }

  @Override
  public void writeLong(int address, long value) {
    int at = address & MASK;
    if (at <= PAGE_SIZE - 8) {
      int page = address >>> SHIFT;
      var own = owned[page];
      LONGS.set(own != null ? own : own(page), at, value);
    } else {
      writeAcross(address, value, 8);
    }
  }

  @Override
  public float readFloat(int address) {
    int at = address & MASK;
    return at <= PAGE_SIZE - 4
        ? (float) FLOATS.get(pages[address >>> SHIFT], at)
        : Float.intBitsToFloat((int) across(address, 4));
  }

  @Override
  public long readF32(int address) {
    return readInt(address);
  }

  @Override
  public void writeF32(int address, float value) {
    int at = address & MASK;
    if (at <= PAGE_SIZE - 4) {
      int page = address >>> SHIFT;
      var own = owned[page];
      FLOATS.set(own != null ? own : own(page), at, value);
    } else {
      writeAcross(address, Float.floatToRawIntBits(value), 4);
    }
  }

  @Override
  public double readDouble(int address) {
    int at = address & MASK;
    return at <= PAGE_SIZE - 8
        ? (double) DOUBLES.get(pages[address >>> SHIFT], at)
        : Double.longBitsToDouble(across(address, 8));
  }

  @Override
  public long readF64(int address) {
    return readLong(address);
  }

  @Override
  public void writeF64(int address, double value) {
    int at = address & MASK;
    if (at <= PAGE_SIZE - 8) {
      int page = address >>> SHIFT;
      var own = owned[page];
      DOUBLES.set(own != null ? own : own(page), at, value);
    } else {
      writeAcross(address, Double.doubleToRawLongBits(value), 8);
    }
  }

  private long across(int address, int bytes) {
    check(address, bytes);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = (value << 8) | (read(address + i) & 0xFF);
    }
    return value;
  }

  private void writeAcross(int address, long value, int bytes) {
    check(address, bytes);
    for (int i = 0; i < bytes; i++) {
      writeByte(address + i, (byte) (value >>> (8 * i)));
    }
  }

  private static TrapException unshared() {
    return new TrapException("memory is not shared");
  }

  @Override
  @SuppressWarnings("removal")
  public Object lock(int address) {
    throw unshared();
  }

  @Override
  @SuppressWarnings("removal")
  public int waitOn(int address, int expected, long timeout) {
    throw unshared();
  }

  @Override
  @SuppressWarnings("removal")
  public int waitOn(int address, long expected, long timeout) {
    throw unshared();
  }

  @Override
  @SuppressWarnings("removal")
  public int notify(int address, int maxThreads) {
    throw unshared();
  }
}
