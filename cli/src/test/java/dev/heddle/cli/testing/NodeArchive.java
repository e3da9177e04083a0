package dev.heddle.cli.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.heddle.process.DurableFiles;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What nodes of tests start from: the class path under test as jars, and what the JVM wrote down of
 * a training run with these, from which a node starts in half the time. Made once a build, by the
 * test process that comes first; the other one waits for it. Where no training run succeeds, nodes
 * start without, which the log says.
 */
public final class NodeArchive {
  private static final Logger LOG = LoggerFactory.getLogger(NodeArchive.class);
  private static final Path BASE = Path.of("target/node-archive").toAbsolutePath();
  private static final String ROUNDS = "30";
  private static final long MOST_MINUTES = 4;
  private static final int KEPT = 2;

  private final Path folder;
  private final List<String> jvmFlags;
  private final List<String> entries =
      List.of(System.getProperty("java.class.path").split(File.pathSeparator));

  private NodeArchive(List<String> jvmFlags) throws IOException {
    this.jvmFlags = jvmFlags;
    this.folder = BASE.resolve(key());
  }

  /**
   * Finds it, or makes it.
   *
   * @param jvmFlags with which nodes are started
   */
  public static NodeArchive of(List<String> jvmFlags) {
    try {
      var archive = new NodeArchive(jvmFlags);
      Files.createDirectories(BASE);
      try (var lock =
              FileChannel.open(
                  BASE.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          var _ = lock.lock()) {
        if (!Files.exists(archive.done())) {
          archive.make();
        }
      }
      return archive;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public String classPath() {
    List<String> jars = new ArrayList<>(entries.size());
    for (int i = 0; i < entries.size(); i++) {
      jars.add(Files.isDirectory(Path.of(entries.get(i))) ? jar(i).toString() : entries.get(i));
    }
    return String.join(File.pathSeparator, jars);
  }

  /** For a command that starts nodes: that they have it; empty: there is none. */
  public List<String> parentFlags() {
    return Files.exists(cache()) ? List.of("-Dheddle.aot=" + cache()) : List.of();
  }

  /** That a node has it; empty: there is none. */
  public List<String> flags() {
    return Files.exists(cache()) ? List.of("-XX:AOTCache=" + cache(), "-Xlog:aot=off") : List.of();
  }

  private Path jar(int entry) {
    return folder.resolve(entry + ".jar");
  }

  private Path cache() {
    return folder.resolve("nodes.aot");
  }

  private Path done() {
    return folder.resolve("done");
  }

  /** Changes with whatever is on the class path. */
  private String key() throws IOException {
    var sum = new CRC32();
    for (var entry : entries) {
      for (var file : files(Path.of(entry))) {
        var line = "%s %d %s".formatted(file, Files.size(file), Files.getLastModifiedTime(file));
        sum.update(line.getBytes(UTF_8));
      }
    }
    return HexFormat.of().toHexDigits(sum.getValue());
  }

  private static List<Path> files(Path entry) throws IOException {
    if (!Files.exists(entry)) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(entry)) {
      return all.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private void make() throws IOException {
    try (Stream<Path> all = Files.list(BASE)) {
      // Of class paths that were under test before; unit and integration tests have one each.
      var others =
          all.filter(Files::isDirectory).sorted(Comparator.comparingLong(NodeArchive::age));
      for (var old : others.skip(KEPT - 1).toList()) {
        DurableFiles.deleteAll(old);
      }
    }
    Files.createDirectories(folder);
    for (int i = 0; i < entries.size(); i++) {
      if (Files.isDirectory(Path.of(entries.get(i)))) {
        pack(Path.of(entries.get(i)), jar(i));
      }
    }
    try {
      train();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while a node was trained", e);
    }
    Files.createFile(done());
  }

  /** The youngest first. */
  private static long age(Path folder) {
    return -folder.toFile().lastModified();
  }

  private static void pack(Path classes, Path jar) throws IOException {
    try (OutputStream out = Files.newOutputStream(jar);
        JarOutputStream packed = new JarOutputStream(out)) {
      for (var file : files(classes)) {
        packed.putNextEntry(new JarEntry(classes.relativize(file).toString()));
        Files.copy(file, packed);
        packed.closeEntry();
      }
    }
  }

  private void train() throws IOException, InterruptedException {
    Path log = folder.resolve("training.log");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(jvmFlags);
    command.add("-XX:AOTCacheOutput=" + cache());
    command.addAll(List.of("dev.heddle.cli.Main", "train", "--rounds", ROUNDS));
    var builder =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
    builder.environment().put("CLASSPATH", classPath());
    var training = builder.start();
    boolean ended = training.waitFor(MOST_MINUTES, TimeUnit.MINUTES);
    if (!ended) {
      training.destroyForcibly();
    }
    if (!ended || training.exitValue() != 0) {
      Files.deleteIfExists(cache());
      LOG.warn("no training run: nodes of tests start slowly log={}", log);
    }
  }
}
