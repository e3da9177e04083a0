package dev.heddle.gateway.session;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/** Files of a disk that is full after some bytes. */
final class FailingDisk implements JournalDisk {
  private final JournalDisk real = JournalDisk.real();
  private final AtomicLong left = new AtomicLong(Long.MAX_VALUE);
  private static final Hook NONE = () -> {};
  private final AtomicReference<Hook> beforeReads = new AtomicReference<>(NONE);
  private final AtomicReference<Hook> beforeSync = new AtomicReference<>(NONE);
  private final AtomicReference<Hook> beforeReplace = new AtomicReference<>(NONE);
  private final AtomicReference<Hook> beforeNames = new AtomicReference<>(NONE);

  /** What happens. */
  @FunctionalInterface
  interface Hook {
    void run() throws IOException;
  }

  void failAfter(long bytes) {
    left.set(bytes);
  }

  /** Before the next sync, or one that comes after some. */
  void beforeSync(int others, Hook once) {
    beforeSync.set(others == 0 ? once : () -> beforeSync(others - 1, once));
  }

  /** Before each read from now on. */
  void beforeReads(Hook each) {
    beforeReads.set(each);
  }

  void beforeReplace(Hook once) {
    beforeReplace.set(once);
  }

  void beforeNames(Hook once) {
    beforeNames.set(once);
  }

  @Override
  public Open open(Path file) throws IOException {
    Open open = real.open(file);
    return new Open() {
      @Override
      public long length() throws IOException {
        return open.length();
      }

      @Override
      public int read(long at, byte[] into, int length) throws IOException {
        beforeReads.get().run();
        return open.read(at, into, length);
      }

      @Override
      public void write(long at, byte[] bytes) throws IOException {
        if (bytes.length > left.get()) {
          open.write(at, Arrays.copyOf(bytes, (int) left.get()));
          left.set(0);
          throw new IOException("the disk is full");
        }
        var _ = left.updateAndGet(most -> most == Long.MAX_VALUE ? most : most - bytes.length);
        open.write(at, bytes);
      }

      @Override
      public void truncate(long length) throws IOException {
        open.truncate(length);
      }

      @Override
      public void sync() throws IOException {
        beforeSync.getAndSet(NONE).run();
        open.sync();
      }

      @Override
      public void close() throws IOException {
        open.close();
      }
    };
  }

  @Override
  public void replace(Path from, Path to) throws IOException {
    beforeReplace.getAndSet(NONE).run();
    real.replace(from, to);
  }

  @Override
  public void syncNames(Path at) throws IOException {
    beforeNames.getAndSet(NONE).run();
    real.syncNames(at);
  }
}
