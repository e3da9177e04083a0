package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * A function as it is deployed.
 *
 * @param manifestYaml {@code heddle.yaml}, as its author wrote it
 * @param code a jar
 */
public record FunctionPackage(String manifestYaml, byte[] code) {
  private static final String MANIFEST = "heddle.yaml";
  private static final Pattern NAME =
      Pattern.compile("^name:\\s*[\"']?([A-Za-z0-9_.-]+)", Pattern.MULTILINE);

  /**
   * Packs what is at {@code path}: a jar with {@code heddle.yaml} at its root, or a folder with
   * {@code heddle.yaml} and either one jar or {@code src/main/java}.
   *
   * @param messages gets what the compiler has to say
   * @throws HeddleException if it is none of these, or does not compile
   */
  public static FunctionPackage read(Path path, PrintWriter messages) {
    try {
      if (Files.isDirectory(path)) {
        return ofFolder(path, messages);
      }
      if (Files.isRegularFile(path)) {
        return ofJar(path);
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.INVALID_FUNCTION, path + ": " + e.getMessage(), e);
    }
    throw new HeddleException(
        ErrorCode.INVALID_FUNCTION, path + ": not there (expected: a folder or a jar)");
  }

  /** As the manifest says it; empty where it does not, which the cluster will object to. */
  public Optional<String> name() {
    return NAME.matcher(manifestYaml).results().map(match -> match.group(1)).findFirst();
  }

  private static FunctionPackage ofFolder(Path folder, PrintWriter messages) throws IOException {
    Path manifest = folder.resolve(MANIFEST);
    if (!Files.isRegularFile(manifest)) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          folder + ": no heddle.yaml (expected: the function's manifest)");
    }
    String yaml = Files.readString(manifest);
    if (SourceCompiler.hasSources(folder)) {
      return new FunctionPackage(
          yaml, DeterministicJar.of(SourceCompiler.compile(folder, messages)));
    }
    List<Path> jars;
    try (Stream<Path> files = Files.list(folder)) {
      jars = files.filter(file -> file.toString().endsWith(".jar")).sorted().toList();
    }
    if (jars.size() != 1) {
      throw new HeddleException(
          ErrorCode.INVALID_FUNCTION,
          folder + ": " + jars.size() + " jars (expected: one jar, or src/main/java)");
    }
    return new FunctionPackage(yaml, Files.readAllBytes(jars.getFirst()));
  }

  private static FunctionPackage ofJar(Path jar) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      ZipEntry manifest = zip.getEntry(MANIFEST);
      if (manifest == null) {
        throw new HeddleException(
            ErrorCode.INVALID_FUNCTION, jar + ": no heddle.yaml (expected: one at the jar's root)");
      }
      String yaml = new String(zip.getInputStream(manifest).readAllBytes(), StandardCharsets.UTF_8);
      return new FunctionPackage(yaml, Files.readAllBytes(jar));
    }
  }
}
