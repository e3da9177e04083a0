package dev.heddle.gateway.session;

import dev.heddle.process.DurableFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Objects;

/** Where journals lie: the file system, or what a test makes of it. */
interface JournalDisk {
  /** An open file. One writer; may be read at the same time. */
  interface Open extends AutoCloseable {
    long length() throws IOException;

    /** Reads up to {@code length} bytes; fewer at the end only. */
    int read(long at, byte[] into, int length) throws IOException;

    void write(long at, byte[] bytes) throws IOException;

    void truncate(long length) throws IOException;

    /** Returns once all that was written is on disk. */
    void sync() throws IOException;

    @Override
    void close() throws IOException;
  }

  /** Opens, and makes where missing, a file that only its owner may read. */
  Open open(Path file) throws IOException;

  /** Gives a file the name of another one; on disk when it returns. */
  void replace(Path from, Path to) throws IOException;

  /** The file system. */
  static JournalDisk real() {
    return new JournalDisk() {
      @Override
      public Open open(Path file) throws IOException {
        var ownerOnly = PosixFilePermissions.fromString("rw-------");
        if (!Files.exists(file)) {
          Files.createFile(file, PosixFilePermissions.asFileAttribute(ownerOnly));
        }
        Files.setPosixFilePermissions(file, ownerOnly);
        return new OpenFile(new RandomAccessFile(file.toFile(), "rw"));
      }

      @Override
      public void replace(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        DurableFiles.forceDirectory(Objects.requireNonNull(to.toAbsolutePath().getParent()));
      }
    };
  }

  /** Not a channel: an interrupt of the thread that writes would close it. */
  final class OpenFile implements Open {
    private final RandomAccessFile file;

    private OpenFile(RandomAccessFile file) {
      this.file = file;
    }

    @Override
    public synchronized long length() throws IOException {
      return file.length();
    }

    @Override
    public synchronized int read(long at, byte[] into, int length) throws IOException {
      file.seek(at);
      int read = 0;
      while (read < length) {
        int more = file.read(into, read, length - read);
        if (more < 0) {
          break;
        }
        read += more;
      }
      return read;
    }

    @Override
    public synchronized void write(long at, byte[] bytes) throws IOException {
      file.seek(at);
      file.write(bytes);
    }

    @Override
    public synchronized void truncate(long length) throws IOException {
      file.setLength(length);
    }

    @Override
    public void sync() throws IOException {
      // Others may write meanwhile.
      file.getFD().sync();
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
