package dev.heddle.engine.wasm;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

final class StackReserveTest {
  private static final int SMALL = 4 << 20;
  private static final int LARGE = 12 << 20;
  private static final int TRIES = 100;

  /** Measured: what two stacks differ by, over the frames by which one reaches deeper. */
  @Test
  void aFrameOfTheProbeTakesWhatIsReckonedWithAtLeast() throws InterruptedException {
    for (int i = 0; i < 20_000; i++) {
      StackReserve.check(1 << 14);
    }
    double frame = frame();
    assertTrue(frame >= StackReserve.FRAME_BYTES, "bytes of a frame: " + frame);
  }

  /** In bytes, where the probe was compiled as well before as after. */
  private static double frame() throws InterruptedException {
    for (int i = 0; i < TRIES; i++) {
      int before = deepest(LARGE);
      int small = deepest(SMALL);
      int after = deepest(LARGE);
      if (Math.abs(before - after) <= after / 100) {
        return (double) (LARGE - SMALL) / (after - small);
      }
    }
    throw new AssertionError("the probe's frame is another one each time");
  }

  private static int deepest(int stack) throws InterruptedException {
    int fits = 0;
    int tooMany = stack / 16;
    while (tooMany - fits > 1) {
      int frames = (fits + tooMany) >>> 1;
      if (fits(stack, frames)) {
        fits = frames;
      } else {
        tooMany = frames;
      }
    }
    return fits;
  }

  private static boolean fits(int stack, int frames) throws InterruptedException {
    var fits = new AtomicBoolean();
    var thread =
        new Thread(
            null,
            () -> {
              try {
                var _ = StackReserve.reach(frames);
                fits.set(true);
              } catch (StackOverflowError e) {
                // Too many.
              }
            },
            "probe",
            stack);
    thread.start();
    thread.join();
    return fits.get();
  }

  @Test
  void refusesWhatAThreadsStackHasNot() {
    assertDoesNotThrow(() -> StackReserve.check(StackNeed.MAX_BYTES));
    assertThrows(GuestException.class, () -> StackReserve.check(1 << 30));
  }
}
