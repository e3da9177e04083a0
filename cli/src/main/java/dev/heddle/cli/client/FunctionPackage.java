package dev.heddle.cli.client;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * A function as it is deployed.
 *
 * @param manifestYaml {@code heddle.yaml}; empty: the code is an archive that holds it
 * @param code a jar, a WebAssembly module, or the zip of the function's folder
 * @param name as the manifest says it; empty where it does not, which the cluster will object to
 */
public record FunctionPackage(String manifestYaml, byte[] code, Optional<String> name) {
  private static final String MANIFEST = "heddle.yaml";
  private static final String MODULE = ".wasm";
  private static final int DEEPEST = 6;

  /** Folders that hold what others made. */
  private static final Set<String> SKIPPED = Set.of("node_modules", "target");

  private static final YAMLMapper YAML = YAMLMapper.builder().build();

  /**
   * Packs what is at {@code path}: a folder with {@code heddle.yaml} and the function's code, a jar
   * with {@code heddle.yaml} at its root, or a jar or module that {@code flags} describe.
   *
   * @param flags keys of {@code heddle.yaml}, which take the place of those in the file
   * @param messages gets what the compiler has to say
   * @throws HeddleException if it is none of these, or does not compile
   */
  public static FunctionPackage read(Path path, Map<String, Object> flags, PrintWriter messages) {
    try {
      if (Files.isDirectory(path)) {
        return ofFolder(path, flags, messages);
      }
      if (Files.isRegularFile(path)) {
        return ofFile(path, flags);
      }
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.INVALID_FUNCTION, path + ": " + e.getMessage(), e);
    }
    throw invalid(path, "not there", "a folder, a jar or a module");
  }

  /** As {@link #read(Path, Map, PrintWriter)}, as the manifest says. */
  public static FunctionPackage read(Path path, PrintWriter messages) {
    return read(path, Map.of(), messages);
  }

  private static FunctionPackage of(String yaml, byte[] code) {
    return new FunctionPackage(yaml, code, text(manifest(yaml), "name"));
  }

  private static FunctionPackage ofFolder(
      Path folder, Map<String, Object> flags, PrintWriter messages) throws IOException {
    Path file = folder.resolve(MANIFEST);
    if (!Files.isRegularFile(file)) {
      throw invalid(folder, "no heddle.yaml", "the function's manifest");
    }
    String yaml = with(Files.readString(file), flags);
    JsonNode manifest = manifest(yaml);
    if (text(manifest, "runtime").orElse("java").equals("wasm")) {
      return ofModuleFolder(folder, yaml, text(manifest, "code"));
    }
    if (SourceCompiler.hasSources(folder)) {
      return of(yaml, DeterministicJar.of(SourceCompiler.compile(folder, messages)));
    }
    List<Path> jars;
    try (Stream<Path> files = Files.list(folder)) {
      jars = files.filter(one -> one.toString().endsWith(".jar")).sorted().toList();
    }
    if (jars.size() != 1) {
      throw invalid(folder, jars.size() + " jars", "one jar, or src/main/java");
    }
    return of(yaml, Files.readAllBytes(jars.getFirst()));
  }

  /** Manifest and module, and nothing of what they were built from. */
  private static FunctionPackage ofModuleFolder(Path folder, String yaml, Optional<String> code)
      throws IOException {
    List<Path> modules = code.isPresent() ? List.of(folder.resolve(code.get())) : modules(folder);
    if (modules.size() != 1 || !Files.isRegularFile(modules.getFirst())) {
      throw invalid(
          folder,
          modules.isEmpty() ? "no module" : "modules " + modules,
          "one .wasm file, built beforehand, or 'code:' with its path");
    }
    Path module = modules.getFirst().toRealPath();
    if (!module.startsWith(folder.toRealPath())) {
      throw invalid(folder, "module " + module, "a file within the folder");
    }
    TreeMap<String, byte[]> files = new TreeMap<>();
    files.put(MANIFEST, yaml.getBytes(StandardCharsets.UTF_8));
    String name = folder.toRealPath().relativize(module).toString().replace('\\', '/');
    files.put(name, Files.readAllBytes(module));
    return new FunctionPackage("", DeterministicJar.of(files), text(manifest(yaml), "name"));
  }

  private static List<Path> modules(Path folder) throws IOException {
    List<Path> modules = new ArrayList<>();
    Files.walkFileTree(
        folder,
        Set.of(),
        DEEPEST,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path below, BasicFileAttributes attributes) {
            String name = String.valueOf(below.getFileName());
            boolean skipped = SKIPPED.contains(name) || name.startsWith(".");
            return skipped && !below.equals(folder)
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            if (attributes.isRegularFile() && file.toString().endsWith(MODULE)) {
              modules.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    modules.sort(null);
    return modules;
  }

  private static FunctionPackage ofFile(Path file, Map<String, Object> flags) throws IOException {
    byte[] code = Files.readAllBytes(file);
    boolean module = file.toString().endsWith(MODULE);
    if (!module) {
      Optional<String> inside = inside(file);
      if (inside.isPresent()) {
        return of(with(inside.get(), flags), code);
      }
    }
    if (flags.isEmpty()) {
      throw invalid(
          file,
          "no heddle.yaml",
          "one at the jar's root, or flags such as --name and --entry that say what it would");
    }
    ObjectNode manifest = JsonMapper.shared().createObjectNode();
    manifest.put("name", base(file));
    manifest.put("runtime", module ? "wasm" : "java");
    return of(with(manifest.toString(), flags), code);
  }

  /** The file's name, without what follows the dot. */
  private static String base(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.lastIndexOf('.');
    return dot > 0 ? name.substring(0, dot) : name;
  }

  private static Optional<String> inside(Path jar) throws IOException {
    try (ZipFile zip = new ZipFile(jar.toFile())) {
      ZipEntry manifest = zip.getEntry(MANIFEST);
      return manifest == null
          ? Optional.empty()
          : Optional.of(
              new String(zip.getInputStream(manifest).readAllBytes(), StandardCharsets.UTF_8));
    }
  }

  /** The manifest with other values; as its author wrote it where there are none. */
  private static String with(String yaml, Map<String, Object> flags) {
    if (flags.isEmpty()) {
      return yaml;
    }
    if (!(manifest(yaml) instanceof ObjectNode tree)) {
      return yaml;
    }
    flags.forEach((key, value) -> tree.set(key, JsonMapper.shared().valueToTree(value)));
    // JSON is YAML, too.
    return tree.toString();
  }

  /** What the cluster will refuse in better words is no manifest here. */
  private static JsonNode manifest(String yaml) {
    try {
      return YAML.readTree(yaml);
    } catch (JacksonException e) {
      return YAML.createObjectNode().missingNode();
    }
  }

  private static Optional<String> text(JsonNode manifest, String key) {
    JsonNode value = manifest.get(key);
    return value == null || !value.isValueNode() || value.isNull()
        ? Optional.empty()
        : Optional.of(value.asString());
  }

  private static HeddleException invalid(Path path, String what, String expected) {
    return new HeddleException(
        ErrorCode.INVALID_FUNCTION, path + ": " + what + " (expected: " + expected + ")");
  }
}
