package dev.heddle.engine.wasm;

import static dev.heddle.engine.wasm.PagesOnWrite.MASK;
import static dev.heddle.engine.wasm.PagesOnWrite.SHIFT;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import run.endive.runtime.Instance;
import run.endive.runtime.WasmInterruptedException;
import run.endive.wasm.types.DataSegment;
import run.endive.wasm.types.PassiveDataSegment;

/**
 * The linear memory of one instance, in two parts: from address 0 on an array of its own, and
 * behind it pages that it shares with other instances until it writes them.
 *
 * <p>It begins with hardly any array, so that a fresh instance costs only what it touches. Accesses
 * to pages are slower, though. Once there were as many as one array costs, all pages up to a limit
 * are laid out in one: whatever the module does, it takes at most about twice as long as with the
 * better of the two from the start (the rent-or-buy strategy). {@link LayoutHabit} spares the next
 * instances the detour.
 *
 * <p>Addresses are checked by the bounds of the arrays; what is outside ends in an
 * IndexOutOfBoundsException, which {@link Guest} calls a trap. Used by one thread at a time, the
 * instance's own.
 */
final class GuestMemory implements UnsharedMemory {
  private static final VarHandle SHORTS =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** What it begins with in the array: then address 0 is in it from the start. */
  private static final int HEAD = 8;

  /** An access to a page costs as much more as it costs to lay out so many bytes. */
  private static final int BYTES_PER_ACCESS = 32;

  private static final int NEVER = Integer.MAX_VALUE;

  private final int initialPages;
  private final int maxPages;
  private final int flatPages;
  private final MemoryBudget budget;
  private final LayoutHabit habit;
  private final boolean beganFlat;

  /** The instance's host side, so that host functions find it without a lookup. */
  private final Guest guest;

  /** Memory from address 0 on; all but the first bytes of it lent by the budget. */
  private byte[] flat;

  /** Bytes that the budget lent for it. */
  private long flatLent;

  private final PagesOnWrite pages;

  /** Accesses to pages until they are laid out. */
  private int patience;

  private boolean laidOut;
  private boolean denied;
  private DataSegment[] segments = {};

  /**
   * @param image the pages at the start; never written
   * @param maxPages to which it may grow, 0..32767
   * @param flatPages how many may be laid out in one array
   * @param habit of the module's instances: how this one begins, and what the next ones learn of it
   */
  GuestMemory(
      byte[][] image,
      int maxPages,
      int flatPages,
      LayoutHabit habit,
      MemoryBudget budget,
      Guest guest) {
    this.initialPages = image.length;
    this.maxPages = maxPages;
    this.flatPages = flatPages;
    this.habit = habit;
    this.budget = budget;
    this.guest = guest;
    this.pages = new PagesOnWrite(image, budget);
    this.flat = image.length == 0 ? PagesOnWrite.NONE : Arrays.copyOf(image[0], HEAD);
    this.patience = patience();
    this.beganFlat = habit.flat();
    if (beganFlat) {
      layOut();
    }
  }

  Guest guest() {
    return guest;
  }

  /** Bytes that this instance holds for itself. */
  long ownedBytes() {
    return flatLent + pages.copiedBytes();
  }

  /** Whether it once asked for more than it may have. */
  boolean denied() {
    return denied;
  }

  /** Gives back what the budget lent; the memory is not used after it. */
  void release() {
    if (!beganFlat) {
      habit.learn(laidOut);
    }
    budget.giveBack(flatLent);
    flatLent = 0;
    flat = PagesOnWrite.NONE;
    pages.close();
    patience = NEVER;
  }

  private int flatEnd() {
    return Math.min(pages.count(), flatPages) << SHIFT;
  }

  private int patience() {
    int end = flatEnd();
    return end <= flat.length ? NEVER : end / BYTES_PER_ACCESS;
  }

  /** Counts an access to a page. */
  private void tire() {
    if (--patience < 0) {
      StackReserve.check();
      layOut();
    }
  }

  /** Lays all pages, up to the limit, out in one array, if the node has the memory for it. */
  private void layOut() {
    int end = flatEnd();
    long lent = end > flat.length ? budget.takeArray(end) : 0;
    if (lent > 0) {
      byte[] whole;
      try {
        whole = copy(end);
      } catch (RuntimeException | Error e) {
        budget.giveBack(lent);
        throw e;
      }
      long before = flatLent;
      flat = whole;
      flatLent = lent;
      laidOut = true;
      pages.release(end >> SHIFT);
      budget.giveBack(before);
    }
    patience = patience();
  }

  /** All that is there up to an address. */
  private byte[] copy(int end) {
    var whole = new byte[end];
    System.arraycopy(flat, 0, whole, 0, flat.length);
    int at = flat.length;
    while (at < end) {
      int within = at & MASK;
      var page = pages.readable(at);
      if (!MemoryImage.untouched(page)) {
        System.arraycopy(page, within, whole, at, PAGE_SIZE - within);
      }
      at += PAGE_SIZE - within;
    }
    return whole;
  }

  @Override
  public int pages() {
    return pages.count();
  }

  @Override
  public int grow(int size) {
    int before = pages.count();
    if (size < 0 || size > maxPages - before) {
      denied = true;
      return -1;
    }
    if (size > 0) {
      pages.grow(size);
      if (before == 0) {
        flat = new byte[HEAD];
      }
      patience = Math.min(patience, patience());
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

  private long bytes() {
    return (long) pages.count() << SHIFT;
  }

  /**
   * Whether the range lies within the memory.
   *
   * @param address unsigned
   * @param size unsigned
   */
  boolean contains(int address, int size) {
    return Integer.toUnsignedLong(address) + Integer.toUnsignedLong(size) <= bytes();
  }

  private void check(int address, int size) {
    if (!contains(address, size)) {
      throw new IndexOutOfBoundsException(
          "memory: "
              + Integer.toUnsignedLong(size)
              + " bytes at "
              + Integer.toUnsignedLong(address)
              + " (expected: within "
              + bytes()
              + ")");
    }
  }

  /** Whether the address is in the array, not in a page. */
  private boolean inFlat(int address) {
    return address >= 0 && address < flat.length;
  }

  /** What holds an address within the memory, to be read {@link #place there}. */
  private byte[] readable(int address) {
    return inFlat(address) ? flat : pages.readable(address);
  }

  /** The same, to be written. */
  private byte[] writable(int address) {
    return inFlat(address) ? flat : pages.writable(address);
  }

  private int place(int address) {
    return inFlat(address) ? address : address & MASK;
  }

  /** Bytes from an address on that are held by what holds it. */
  private int room(int address) {
    return inFlat(address) ? flat.length - address : PAGE_SIZE - (address & MASK);
  }

  /** Bytes before an address that are held by what holds the last one of them. */
  private int roomBefore(int address) {
    int last = address - 1;
    if (inFlat(last)) {
      return address;
    }
    int within = (last & MASK) + 1;
    return inFlat(address - within) ? address - flat.length : within;
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
      int chunk = Math.min(size - done, room(at));
      System.arraycopy(data, offset + done, writable(at), place(at), chunk);
      done += chunk;
    }
  }

  /** Copies out of the memory. */
  void read(int address, byte[] into, int offset, int size) {
    check(address, size);
    int done = 0;
    while (done < size) {
      int at = address + done;
      int chunk = Math.min(size - done, room(at));
      System.arraycopy(readable(at), place(at), into, offset + done, chunk);
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

  /** Bytes as UTF-8; malformed ones become U+FFFD. */
  String text(int address, int size) {
    check(address, size);
    if (size > 0 && size <= room(address)) {
      return new String(readable(address), place(address), size, StandardCharsets.UTF_8);
    }
    return new String(readBytes(address, size), StandardCharsets.UTF_8);
  }

  @Override
  public void fill(byte value, int from, int to) {
    int size = to - from;
    check(from, size);
    int done = 0;
    while (Integer.compareUnsigned(done, size) < 0) {
      int at = from + done;
      int chunk = Math.min(Math.min(size - done, room(at)), PAGE_SIZE);
      // Nothing to do where zeros are written over untouched zeros.
      if (value != 0 || !MemoryImage.untouched(readable(at))) {
        int start = place(at);
        Arrays.fill(writable(at), start, start + chunk, value);
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
      int room = Math.min(Math.min(room(target), room(source)), PAGE_SIZE);
      int chunk = Math.min(size - done, room);
      var into = writable(target);
      System.arraycopy(readable(source), place(source), into, place(target), chunk);
      done += chunk;
      checkInterruption(done);
    }
  }

  private void copyBackward(int to, int from, int size) {
    int left = size;
    while (left > 0) {
      int room = Math.min(Math.min(roomBefore(to + left), roomBefore(from + left)), PAGE_SIZE);
      int chunk = Math.min(left, room);
      left -= chunk;
      int target = to + left;
      int source = from + left;
      var into = writable(target);
      System.arraycopy(readable(source), place(source), into, place(target), chunk);
      checkInterruption(left);
    }
  }

  /** One bulk instruction may move a gigabyte. */
  private static void checkInterruption(int bytes) {
    if ((bytes & 0xF_FFFF) < PAGE_SIZE && Thread.currentThread().isInterrupted()) {
      throw new WasmInterruptedException("interrupted");
    }
  }

  // Two signed comparisons: of all forms, the one that costs least beside the view's own check.

  @Override
  public byte read(int address) {
    var flat = this.flat;
    return address >= 0 && address < flat.length ? flat[address] : pageByte(address);
  }

  private byte pageByte(int address) {
    tire();
    return readable(address)[place(address)];
  }

  @Override
  public void writeByte(int address, byte value) {
    var flat = this.flat;
    if (address >= 0 && address < flat.length) {
      flat[address] = value;
    } else {
      writePageByte(address, value);
    }
  }

  private void writePageByte(int address, byte value) {
    tire();
    writable(address)[place(address)] = value;
  }

  @Override
  public short readShort(int address) {
    var flat = this.flat;
    return address >= 0 && address < flat.length - 1
        ? (short) SHORTS.get(flat, address)
        : pageShort(address);
  }

  private short pageShort(int address) {
    tire();
    int at = address & MASK;
    return !inFlat(address) && at <= PAGE_SIZE - 2
        ? (short) SHORTS.get(pages.readable(address), at)
        : (short) across(address, 2);
  }

  @Override
  public void writeShort(int address, short value) {
    var flat = this.flat;
    if (address >= 0 && address < flat.length - 1) {
      SHORTS.set(flat, address, value);
    } else {
      writePageShort(address, value);
    }
  }

  private void writePageShort(int address, short value) {
    tire();
    int at = address & MASK;
    if (!inFlat(address) && at <= PAGE_SIZE - 2) {
      SHORTS.set(pages.writable(address), at, value);
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
    var flat = this.flat;
    return address >= 0 && address < flat.length - 3
        ? (int) INTS.get(flat, address)
        : pageInt(address);
  }

  private int pageInt(int address) {
    tire();
    int at = address & MASK;
    return !inFlat(address) && at <= PAGE_SIZE - 4
        ? (int) INTS.get(pages.readable(address), at)
        : (int) across(address, 4);
  }

  @Override
  public void writeI32(int address, int value) {
    var flat = this.flat;
    if (address >= 0 && address < flat.length - 3) {
      INTS.set(flat, address, value);
    } else {
      writePageInt(address, value);
    }
  }

  private void writePageInt(int address, int value) {
    tire();
    int at = address & MASK;
    if (!inFlat(address) && at <= PAGE_SIZE - 4) {
      INTS.set(pages.writable(address), at, value);
    } else {
      writeAcross(address, value, 4);
    }
  }

  @Override
  public long readLong(int address) {
    var flat = this.flat;
    return address >= 0 && address < flat.length - 7
        ? (long) LONGS.get(flat, address)
        : pageLong(address);
  }

  private long pageLong(int address) {
    tire();
    int at = address & MASK;
    return !inFlat(address) && at <= PAGE_SIZE - 8
        ? (long) LONGS.get(pages.readable(address), at)
        : across(address, 8);
  }

  @Override
  public void writeLong(int address, long value) {
    var flat = this.flat;
    if (address >= 0 && address < flat.length - 7) {
      LONGS.set(flat, address, value);
    } else {
      writePageLong(address, value);
    }
  }

  private void writePageLong(int address, long value) {
    tire();
    int at = address & MASK;
    if (!inFlat(address) && at <= PAGE_SIZE - 8) {
      LONGS.set(pages.writable(address), at, value);
    } else {
      writeAcross(address, value, 8);
    }
  }

  @Override
  public float readFloat(int address) {
    return Float.intBitsToFloat(readInt(address));
  }

  @Override
  public long readF32(int address) {
    return readInt(address);
  }

  @Override
  public void writeF32(int address, float value) {
    writeI32(address, Float.floatToRawIntBits(value));
  }

  @Override
  public double readDouble(int address) {
    return Double.longBitsToDouble(readLong(address));
  }

  @Override
  public long readF64(int address) {
    return readLong(address);
  }

  @Override
  public void writeF64(int address, double value) {
    writeLong(address, Double.doubleToRawLongBits(value));
  }

  /** Reads what does not lie within one part, or not within the memory. */
  private long across(int address, int bytes) {
    check(address, bytes);
    long value = 0;
    for (int i = bytes - 1; i >= 0; i--) {
      value = (value << 8) | (readable(address + i)[place(address + i)] & 0xFF);
    }
    return value;
  }

  private void writeAcross(int address, long value, int bytes) {
    check(address, bytes);
    for (int i = 0; i < bytes; i++) {
      writable(address + i)[place(address + i)] = (byte) (value >>> (8 * i));
    }
  }
}
