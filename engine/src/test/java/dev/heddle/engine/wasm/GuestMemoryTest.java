package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.HeddleException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Memory as pages, as an array, and while it becomes one. */
final class GuestMemoryTest {
  private static final int PAGE = 1 << 16;
  private static final int[] WIDTHS = {1, 2, 4, 8};

  private final LayoutHabit habit = new LayoutHabit();
  private final MemoryBudget budget = new MemoryBudget(64L << 20);
  private Guest guest;

  @BeforeEach
  void makeAGuest() {
    var loaded = new WasmWorkshop().load(ModuleBuilder.echo());
    guest = new Guest(loaded, WasmWorkshop.SMALL.memory(), null, line -> {});
  }

  @AfterEach
  void nothingIsLent() {
    guest.close();
    assertEquals(0, budget.taken());
  }

  private GuestMemory memory(byte[][] image, int maxPages, int flatPages) {
    return new GuestMemory(image, maxPages, flatPages, habit, budget, guest);
  }

  /** Pages of which every third is of zeros, the others of random bytes. */
  private static byte[][] image(int pages, Random random) {
    var image = new byte[pages][];
    for (int i = 0; i < pages; i++) {
      image[i] = i % 3 == 1 ? MemoryImage.ZERO_PAGE : new byte[PAGE];
      if (i % 3 != 1) {
        random.nextBytes(image[i]);
      }
    }
    return image;
  }

  private static byte[] whole(byte[][] image, int maxPages) {
    var bytes = new byte[maxPages * PAGE];
    for (int i = 0; i < image.length; i++) {
      System.arraycopy(image[i], 0, bytes, i * PAGE, PAGE);
    }
    return bytes;
  }

  private static byte[][] copy(byte[][] image) {
    return Arrays.stream(image).map(byte[]::clone).toArray(byte[][]::new);
  }

  /** Works until all of it that may be is one array. */
  private static void tire(GuestMemory memory) {
    for (int i = 0; i < memory.pages() * PAGE; i++) {
      var _ = memory.read(PAGE / 2);
    }
  }

  /** From the end of the stack upwards, until it works. */
  @Test
  void whoseStackEndsWhileItWorksKeepsNothing() throws Exception {
    var deep =
        new Thread(
            null,
            () -> {
              assertTrue(workAt(0));
              int depth = depth(0);
              int worked = 0;
              while (worked < 200 && depth > 0) {
                worked += workAt(depth--) ? 1 : 0;
              }
              assertEquals(200, worked);
            },
            "deep",
            512 << 10);
    var failed = new AtomicReference<Throwable>();
    deep.setUncaughtExceptionHandler((thread, failure) -> failed.set(failure));
    deep.start();
    deep.join();
    assertNull(failed.get());
  }

  /** Whether the stack sufficed. */
  private boolean workAt(int depth) {
    boolean worked = false;
    var memory = memory(image(5, new Random(depth)), 5, 4);
    try {
      recurse(
          depth,
          () -> {
            memory.write(PAGE, new byte[] {1}, 0, 1);
            memory.write(4 * PAGE, new byte[] {1}, 0, 1);
            tire(memory);
          });
      worked = true;
    } catch (StackOverflowError | GuestException e) {
      // As meant, at some depths.
    }
    memory.release();
    assertEquals(0, budget.taken(), () -> "at depth " + depth);
    return worked;
  }

  private static int depth(int now) {
    try {
      return now == Integer.MAX_VALUE ? now : depth(now + 1);
    } catch (StackOverflowError e) {
      return now;
    }
  }

  private static void recurse(int left, Runnable work) {
    if (left <= 0) {
      work.run();
    } else {
      recurse(left - 1, work);
    }
  }

  @Test
  void itIsWhatAnArrayOfBytesIsWhateverItsLayout() {
    long seed = System.nanoTime();
    for (int flatPages : new int[] {0, 1, 3, 100}) {
      var random = new Random(seed);
      var image = image(5, random);
      var before = copy(image);
      var model = new Model(whole(image, 9), 5);
      var memory = memory(image, 9, flatPages);
      for (int i = 0; i < 60_000; i++) {
        model.step(memory, random, "seed " + seed + ", flat " + flatPages + ", step " + i);
      }
      assertArrayEquals(
          Arrays.copyOf(model.array, memory.pages() * PAGE),
          memory.readBytes(0, memory.pages() * PAGE),
          "seed " + seed);
      for (int i = 0; i < image.length; i++) {
        assertArrayEquals(before[i], image[i], "the image is nobody's to write, seed " + seed);
      }
      memory.release();
      assertEquals(0, budget.taken());
    }
    assertArrayEquals(new byte[PAGE], MemoryImage.ZERO_PAGE);
  }

  /** What memory should be: one array, and how much of it there is. */
  private static final class Model {
    private final byte[] array;
    private final ByteBuffer bytes;
    private int pages;

    Model(byte[] array, int pages) {
      this.array = array;
      this.bytes = ByteBuffer.wrap(array).order(ByteOrder.LITTLE_ENDIAN);
      this.pages = pages;
    }

    /** Anywhere, rather often where one part ends and another begins, sometimes outside. */
    private int address(Random random) {
      int page = random.nextInt(pages + 1);
      return switch (random.nextInt(8)) {
        case 0, 1 -> page * PAGE - 9 + random.nextInt(18);
        case 2 -> random.nextInt(16);
        case 3 -> random.nextInt(100) == 0 ? random.nextInt() : page * PAGE - 1;
        default -> random.nextInt(pages * PAGE);
      };
    }

    private boolean holds(int address, int size) {
      return Integer.toUnsignedLong(address) + size <= (long) pages * PAGE;
    }

    void step(GuestMemory memory, Random random, String where) {
      int kind = random.nextInt(200);
      int address = address(random);
      if (kind == 0 && random.nextInt(40) == 0) {
        int more = random.nextInt(3);
        boolean room = pages + more <= memory.maximumPages();
        assertEquals(room ? pages : -1, memory.grow(more), where);
        pages += room ? more : 0;
      } else if (kind < 4) {
        bulk(memory, random, address, where);
      } else if (kind < 100) {
        read(memory, WIDTHS[random.nextInt(4)], address, where);
      } else {
        write(memory, WIDTHS[random.nextInt(4)], address, random.nextLong(), where);
      }
    }

    private void bulk(GuestMemory memory, Random random, int to, String where) {
      int from = address(random);
      int size = random.nextInt(random.nextBoolean() ? 64 : 2 * PAGE);
      byte value = (byte) random.nextInt(2);
      switch (random.nextInt(4)) {
        case 0 -> {
          if (trapped(holds(to, size), () -> memory.fill(value, to, to + size), where)) {
            return;
          }
          Arrays.fill(array, to, to + size, value);
        }
        case 1 -> {
          boolean inside = holds(to, size) && holds(from, size);
          if (trapped(inside, () -> memory.copy(to, from, size), where)) {
            return;
          }
          System.arraycopy(array, from, array, to, size);
        }
        case 2 -> {
          var data = new byte[size];
          random.nextBytes(data);
          if (trapped(holds(to, size), () -> memory.write(to, data, 0, size), where)) {
            return;
          }
          bytes.put(to, data);
        }
        default -> {
          var read = new byte[size];
          if (trapped(holds(from, size), () -> memory.read(from, read, 0, size), where)) {
            return;
          }
          assertArrayEquals(Arrays.copyOfRange(array, from, from + size), read, where);
        }
      }
    }

    private static boolean trapped(boolean inside, Runnable access, String where) {
      if (inside) {
        access.run();
        return false;
      }
      assertThrows(IndexOutOfBoundsException.class, access::run, where);
      return true;
    }

    private void read(GuestMemory memory, int width, int address, String where) {
      var found = new long[1];
      Runnable access =
          () ->
              found[0] =
                  switch (width) {
                    case 1 -> memory.read(address);
                    case 2 -> memory.readShort(address);
                    case 4 -> memory.readInt(address);
                    default -> memory.readLong(address);
                  };
      if (trapped(holds(address, width), access, where)) {
        return;
      }
      long expected =
          switch (width) {
            case 1 -> bytes.get(address);
            case 2 -> bytes.getShort(address);
            case 4 -> bytes.getInt(address);
            default -> bytes.getLong(address);
          };
      assertEquals(expected, found[0], where);
    }

    private void write(GuestMemory memory, int width, int address, long value, String where) {
      Runnable access =
          () -> {
            switch (width) {
              case 1 -> memory.writeByte(address, (byte) value);
              case 2 -> memory.writeShort(address, (short) value);
              case 4 -> memory.writeI32(address, (int) value);
              default -> memory.writeLong(address, value);
            }
          };
      if (trapped(holds(address, width), access, where)) {
        return;
      }
      switch (width) {
        case 1 -> bytes.put(address, (byte) value);
        case 2 -> bytes.putShort(address, (short) value);
        case 4 -> bytes.putInt(address, (int) value);
        default -> bytes.putLong(address, value);
      }
    }
  }

  @Test
  void itTakesOnlyWhatItWritesUntilItWorksALot() {
    var memory = memory(image(4, new Random(1)), 8, 3);
    assertEquals(0, memory.ownedBytes());
    memory.writeI32(3 * PAGE, 1);
    memory.writeI32(PAGE, 2);
    assertEquals(2 * PAGE, memory.ownedBytes());
    tire(memory);
    // Three pages are one array, the fourth is a page as before.
    assertEquals(4 * PAGE, memory.ownedBytes());
    assertEquals(4 * PAGE, budget.taken());
    assertEquals(1, memory.readInt(3 * PAGE));
    assertEquals(2, memory.readInt(PAGE));
    memory.release();
    assertEquals(0, budget.taken());
  }

  @Test
  void whatIsReleasedHoldsNothingAndTakesNothing() {
    var memory = memory(image(2, new Random(1)), 8, 8);
    tire(memory);
    memory.release();
    assertThrows(IndexOutOfBoundsException.class, () -> memory.readInt(0));
    assertThrows(IndexOutOfBoundsException.class, () -> memory.writeLong(PAGE, 1));
    assertThrows(IndexOutOfBoundsException.class, () -> memory.writeByte(0, (byte) 1));
    assertEquals(0, budget.taken());
  }

  @Test
  void withoutMemoryForAnArrayItGoesOnWithPages() {
    budget.take(budget.limit() - 3 * PAGE);
    var memory = memory(image(4, new Random(1)), 8, 8);
    tire(memory);
    assertEquals(0, memory.ownedBytes());
    memory.writeI32(8, 1);
    memory.writeI32(PAGE, 1);
    memory.writeI32(2 * PAGE, 1);
    assertThrows(HeddleException.class, () -> memory.writeI32(3 * PAGE, 1));
    memory.release();
    budget.giveBack(budget.limit() - 3 * PAGE);
  }

  @Test
  void arraysLeaveTheLastQuarterToThoseThatNeedAPage() {
    long others = budget.limit() * 3 / 4 - 3 * PAGE;
    budget.take(others);
    var memory = memory(image(4, new Random(1)), 8, 8);
    tire(memory);
    assertEquals(0, memory.ownedBytes());
    for (int page = 0; page < 4; page++) {
      memory.writeI32(page * PAGE + 8, 1);
    }
    assertEquals(4 * PAGE, memory.ownedBytes());
    memory.release();
    budget.giveBack(others);
  }

  /** As G1 gives it: an array of 16 pages and its header take two regions of a mebibyte. */
  @Test
  void anArrayIsChargedWithTheRegionsThatItTakes() {
    var regions = new MemoryBudget(64L << 20, new HeapRegions(1 << 20));
    var memory = new GuestMemory(image(16, new Random(1)), 32, 32, habit, regions, guest);
    memory.writeI32(15 * PAGE, 1);
    assertEquals(PAGE, regions.taken());
    tire(memory);
    assertEquals(2 << 20, regions.taken());
    assertEquals(2 << 20, memory.ownedBytes());
    assertEquals(1, memory.readInt(15 * PAGE));
    assertEquals(16, memory.grow(15));
    for (int i = 0; i < 31 * PAGE; i++) {
      var _ = memory.read(30 * PAGE);
    }
    // 31 pages: as much, as the header still fits into the second region.
    assertEquals(2 << 20, regions.taken());
    assertEquals(31, memory.grow(1));
    for (int i = 0; i < 32 * PAGE; i++) {
      var _ = memory.read(31 * PAGE);
    }
    assertEquals(3 << 20, regions.taken());
    memory.release();
    assertEquals(0, regions.taken());
  }

  @Test
  void smallArraysTakeNoWholeRegions() {
    var regions = new HeapRegions(1 << 20);
    assertEquals((1 << 19) - 17, regions.taken((1 << 19) - 17));
    assertEquals(1 << 20, regions.taken((1 << 19) - 16));
    assertEquals(1 << 20, regions.taken((1 << 20) - 16));
    assertEquals(2 << 20, regions.taken((1 << 20) - 15));
    assertEquals(1 << 30, new HeapRegions(0).taken(1 << 30));
    long here = HeapRegions.ofThisProcess().bytes();
    assertEquals(here & -here, here);
  }

  @Test
  void anArrayGrowsWithTheMemoryOnceTheNewPagesAreWorkedOn() {
    var memory = memory(image(1, new Random(1)), 8, 8);
    tire(memory);
    memory.writeI32(100, 7);
    assertEquals(1, memory.grow(2));
    assertEquals(PAGE, memory.ownedBytes());
    for (int i = 0; i < PAGE; i++) {
      memory.writeI32(PAGE + 4 * (i & 1_023), i);
    }
    assertEquals(3 * PAGE, memory.ownedBytes());
    assertEquals(7, memory.readInt(100));
    assertEquals(PAGE - 1, memory.readInt(PAGE + 4 * 1_023));
    memory.release();
  }

  @Test
  void instancesBeginAsTheLastOnesEnded() {
    var image = image(2, new Random(1));
    var busy = memory(image, 2, 2);
    tire(busy);
    busy.release();
    int arrays = 0;
    for (int i = 0; i < 64; i++) {
      var memory = memory(image, 2, 2);
      arrays += memory.ownedBytes() > 0 ? 1 : 0;
      tire(memory);
      memory.release();
    }
    // One of sixteen tries whether pages would do.
    assertTrue(arrays > 32, "arrays: " + arrays);
    for (int i = 0; i < 1_000; i++) {
      memory(image, 2, 2).release();
    }
    boolean anyFlat = false;
    for (int i = 0; i < 64; i++) {
      var memory = memory(image, 2, 2);
      anyFlat |= memory.ownedBytes() > 0;
      memory.release();
    }
    assertFalse(anyFlat, "an array for instances that do not work");
  }

  @Test
  void aMemoryWithoutPagesTrapsUntilItGrows() {
    var memory = memory(new byte[0][], 2, 2);
    for (int width : new int[] {1, 2, 4, 8}) {
      assertThrows(
          IndexOutOfBoundsException.class,
          () -> {
            switch (width) {
              case 1 -> memory.writeByte(0, (byte) 1);
              case 2 -> memory.writeShort(0, (short) 1);
              case 4 -> memory.writeI32(0, 1);
              default -> memory.writeLong(0, 1);
            }
          });
    }
    assertEquals(0, memory.grow(1));
    memory.writeLong(4, -1);
    assertEquals(-1, memory.readLong(4));
    assertEquals(0, memory.readInt(12));
    memory.release();
  }
}
