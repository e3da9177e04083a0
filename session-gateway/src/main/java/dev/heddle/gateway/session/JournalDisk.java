package dev.heddle.gateway.session;

import dev.heddle.process.DurableFiles;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;

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

  /** Gives a file the name of another one. */
  void replace(Path from, Path to) throws IOException;

  /** Returns once the names in a directory are on disk. */
  void syncNames(Path directory) throws IOException;

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
        var writes = new RandomAccessFile(file.toFile(), "rw");
        try {
          return new OpenFile(writes, new RandomAccessFile(file.toFile(), "r"));
        } catch (IOException e) {
          writes.close();
          throw e;
        }
      }

      @Override
      public void replace(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      }

      @Override
      public void syncNames(Path directory) throws IOException {
        DurableFiles.forceDirectory(directory);
      }
    };
  }

  /**
   * Not a channel: an interrupt of the thread that writes would close it. Who reads has its own
   * place in the file, so that a disk that is slow to give does not keep others from writing.
   */
  final class OpenFile implements Open {
    private final RandomAccessFile writes;
    private final RandomAccessFile reads;

    private OpenFile(RandomAccessFile writes, RandomAccessFile reads) {
      this.writes = writes;
      this.reads = reads;
    }

    @Override
    public long length() throws IOException {
      synchronized (writes) {
        return writes.length();
      }
    }

    @Override
    public int read(long at, byte[] into, int length) throws IOException {
      synchronized (reads) {
        reads.seek(at);
        int read = 0;
        while (read < length) {
          int more = reads.read(into, read, length - read);
          if (more < 0) {
            break;
          }
          read += more;
        }
        return read;
      }
    }

    @Override
    public void write(long at, byte[] bytes) throws IOException {
      synchronized (writes) {
        writes.seek(at);
        writes.write(bytes);
      }
    }

    @Override
    public void truncate(long length) throws IOException {
      synchronized (writes) {
        writes.setLength(length);
      }
    }

    @Override
    public void sync() throws IOException {
      // Others may write meanwhile.
      writes.getFD().sync();
    }

    @Override
    public void close() throws IOException {
      try (reads) {
        writes.close();
      }
    }
  }
}
