package dev.heddle.replication;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A replica for tests: the lines that it was given, in order. Durable as often as told. */
final class Sums implements Replica {
  private final Path file;
  private final Function<String, Sums> others;
  final List<String> lines = new CopyOnWriteArrayList<>();
  final AtomicBoolean failing = new AtomicBoolean();

  /** Called whenever someone asks what is durable. */
  volatile Runnable asked = () -> {};

  volatile LogPosition applied = LogPosition.NONE;
  volatile LogPosition durable = LogPosition.NONE;
  volatile boolean closed;
  final AtomicInteger fetches = new AtomicInteger();

  /**
   * @param others replicas of other nodes, to fetch their state
   */
  Sums(Path file, Function<String, Sums> others) {
    this.file = file;
    this.others = others;
  }

  @Override
  public LogPosition open() throws IOException {
    closed = false;
    lines.clear();
    if (Files.exists(file)) {
      List<String> stored = Files.readAllLines(file);
      String[] at = stored.getFirst().split(" ", -1);
      durable = new LogPosition(Long.parseLong(at[0]), Long.parseLong(at[1]));
      lines.addAll(stored.subList(1, stored.size()));
    }
    applied = durable;
    return durable;
  }

  @Override
  public @Nullable Object apply(LogPosition at, byte[] data, @Nullable Object context) {
    if (failing.get()) {
      throw new IllegalStateException("told to fail");
    }
    lines.add(new String(data, StandardCharsets.UTF_8));
    applied = at;
    return context;
  }

  @Override
  public void advanced(LogPosition at) {
    applied = at;
  }

  /** Makes what is applied durable. */
  void store() throws IOException {
    LogPosition at = applied;
    Files.writeString(file, at.term() + " " + at.index() + "\n" + String.join("\n", lines));
    durable = at;
  }

  @Override
  public LogPosition durable() {
    asked.run();
    return durable;
  }

  @Override
  public CompletableFuture<LogPosition> fetch(String leader, LogPosition first) {
    fetches.incrementAndGet();
    Sums other = others.apply(leader);
    try {
      Files.copy(other.file, file.resolveSibling(file.getFileName() + ".new"));
    } catch (IOException e) {
      return CompletableFuture.failedFuture(e);
    }
    return CompletableFuture.completedFuture(other.durable);
  }

  @Override
  public LogPosition installed() throws IOException {
    Files.move(
        file.resolveSibling(file.getFileName() + ".new"),
        file,
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    return open();
  }

  @Override
  public void close() {
    closed = true;
  }
}
