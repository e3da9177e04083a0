package dev.heddle.shard;

import java.io.IOException;
import java.util.Collection;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexOutput;

/** A disk that takes nothing while it is told to fail; what it has can be read. */
final class FailingDirectory extends FilterDirectory {
  private final AtomicBoolean failing;

  FailingDirectory(Directory in, AtomicBoolean failing) {
    super(in);
    this.failing = failing;
  }

  @Override
  public IndexOutput createOutput(String name, IOContext context) throws IOException {
    check();
    return super.createOutput(name, context);
  }

  @Override
  public void sync(Collection<String> names) throws IOException {
    check();
    super.sync(names);
  }

  private void check() throws IOException {
    if (failing.get()) {
      throw new IOException("No space left on device");
    }
  }
}
