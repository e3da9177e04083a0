package dev.heddle.cli.client;

import dev.heddle.function.Handler;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * Compiles a function's {@code src/main/java} against the function API alone, as it will run, and
 * takes {@code src/main/resources} along.
 */
final class SourceCompiler {
  private static final String SOURCES = "src/main/java";
  private static final String RESOURCES = "src/main/resources";

  private SourceCompiler() {}

  static boolean hasSources(Path folder) {
    return Files.isDirectory(folder.resolve(SOURCES));
  }

  /**
   * The entries of the function's jar.
   *
   * @param messages gets what the compiler has to say, as javac prints it
   * @throws HeddleException with {@link ErrorCode#INVALID_FUNCTION} if it does not compile
   */
  static SortedMap<String, byte[]> compile(Path folder, PrintWriter messages) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "java: " + System.getProperty("java.home") + " has no compiler (expected: a JDK)");
    }
    Path sources = folder.resolve(SOURCES);
    List<Path> files = files(sources, ".java");
    if (files.isEmpty()) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION, sources + ": no .java file (expected: the function's code)");
    }
    Path classes = Files.createTempDirectory("heddle-deploy");
    try (StandardJavaFileManager manager =
        compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
      List<String> options =
          List.of(
              "--release",
              "25",
              "-proc:none",
              "-parameters",
              "-g",
              "-Xlint:deprecation,unchecked",
              "-classpath",
              classPath(),
              "-d",
              classes.toString());
      boolean compiled =
          compiler
              .getTask(
                  messages, manager, null, options, null, manager.getJavaFileObjects(paths(files)))
              .call();
      messages.flush();
      if (!compiled) {
        throw new HeddleException(
            ErrorCode.INVALID_FUNCTION, sources + " does not compile; see above");
      }
      SortedMap<String, byte[]> entries = new TreeMap<>();
      addAll(entries, classes);
      addAll(entries, folder.resolve(RESOURCES));
      return entries;
    } finally {
      delete(classes);
    }
  }

  private static Path[] paths(List<Path> files) {
    return files.toArray(Path[]::new);
  }

  /**
   * The function API that this very process has, and the annotations that it marks nulls with,
   * which leave no trace at run time. Nothing else: what compiles here runs there.
   */
  private static String classPath() {
    StringJoiner path = new StringJoiner(File.pathSeparator);
    path.add(place(Handler.class).toString());
    try {
      Class<?> nullMarked = Class.forName("org.jspecify.annotations.NullMarked");
      path.add(place(nullMarked).toString());
    } catch (ClassNotFoundException e) {
      // Functions without such annotations compile all the same.
    }
    return path.toString();
  }

  /** The jar or class folder of a class. */
  private static Path place(Class<?> type) {
    try {
      return Path.of(type.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(type + " has no place on disk", e);
    }
  }

  private static void addAll(SortedMap<String, byte[]> entries, Path root) throws IOException {
    if (!Files.isDirectory(root)) {
      return;
    }
    for (Path file : files(root, "")) {
      String name = root.relativize(file).toString().replace('\\', '/');
      entries.put(name, Files.readAllBytes(file));
    }
  }

  /** Sorted, since the order of sources may show in what the compiler makes. */
  private static List<Path> files(Path root, String ending) throws IOException {
    try (Stream<Path> walk = Files.walk(root)) {
      return walk.filter(Files::isRegularFile)
          .filter(file -> file.toString().endsWith(ending))
          .sorted(Comparator.comparing(Path::toString))
          .toList();
    }
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> walk = Files.walk(folder)) {
      for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    }
  }
}
