package dev.heddle.cli.demo;

import dev.heddle.cli.node.AotCache;
import dev.heddle.cli.node.NodeCommand;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Starts nodes as Java processes with the Java, the flags and the class path of this one. Each
 * hangs on a pipe from here: when this process is gone, however it went, the pipe ends and so do
 * they.
 */
final class JavaLauncher implements Launcher {
  private static final int LAST_LINES = 15;

  private final Path java;
  private final List<String> flags;

  /**
   * @param flags for every node
   */
  JavaLauncher(Path java, List<String> flags) {
    this.java = java;
    this.flags = List.copyOf(flags);
  }

  @Override
  public Child launch(NodeSpec spec) throws IOException {
    NodeLog.rotate(spec.log());
    ProcessBuilder builder =
        new ProcessBuilder(command(spec))
            .redirectInput(Redirect.PIPE)
            .redirectOutput(Redirect.PIPE)
            .redirectError(Redirect.to(spec.log().toFile()));
    // In the environment: a hundred jars on each command line would hide the roles.
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return new JavaChild(spec.node(), builder.start());
  }

  List<String> command(NodeSpec spec) {
    List<String> command = new ArrayList<>();
    command.add(java.toString());
    command.addAll(flags);
    command.add("-Xmx" + spec.heap());
    // A node that is out of memory is in no state to go on; others take over.
    command.add("-XX:+ExitOnOutOfMemoryError");
    // Small heaps, and several processes to a machine: the least work counts, not the pause.
    command.add("-XX:+UseSerialGC");
    command.addAll(AotCache.flags());
    command.add("dev.heddle.cli.Main");
    command.add("node");
    command.add("--roles");
    command.add(String.join(",", spec.roles()));
    command.add("--config");
    command.add(spec.config().toString());
    command.add("--exit-with-parent");
    return command;
  }

  @Override
  public boolean locked(NodeSpec spec) {
    Path lock = spec.directory().resolve("lock");
    if (!Files.exists(lock)) {
      return false;
    }
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
        FileLock held = channel.tryLock()) {
      return held == null;
    } catch (IOException e) {
      // The node itself will say what is wrong with its directory.
      return false;
    }
  }

  @Override
  public List<String> lastLines(NodeSpec spec) {
    return NodeLog.tail(spec.log(), LAST_LINES);
  }

  /** A node's process. A thread of its own reads what it says on standard output. */
  private static final class JavaChild implements Child {
    private final Process process;
    private final CompletableFuture<Void> ready = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();

    JavaChild(String node, Process process) {
      this.process = process;
      // Not a virtual one: while it waits for a pipe, it holds the thread that carries it.
      Thread.ofPlatform().daemon().name("stdout-of-" + node).start(this::read);
    }

    private void read() {
      try (BufferedReader lines = process.inputReader(StandardCharsets.UTF_8)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          if (line.startsWith(NodeCommand.READY)) {
            ready.complete(null);
          } else if (line.equals(NodeCommand.CLOSED)) {
            closed.complete(null);
          }
        }
      } catch (IOException e) {
        // The pipe broke: its exit tells the rest.
      }
    }

    @Override
    public long pid() {
      return process.pid();
    }

    @Override
    public CompletableFuture<Void> ready() {
      return ready;
    }

    @Override
    public CompletableFuture<Void> closed() {
      return closed;
    }

    @Override
    public CompletableFuture<Integer> exited() {
      return process.onExit().thenApply(Process::exitValue);
    }

    @Override
    public void terminate() {
      // By its handle, which leaves the pipes alone: their end means that we are gone.
      process.toHandle().destroy();
    }

    @Override
    public void kill() {
      process.destroyForcibly();
    }
  }
}
