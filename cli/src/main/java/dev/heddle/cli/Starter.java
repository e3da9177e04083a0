package dev.heddle.cli;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** What a new function begins with, by runtime: files among this program's resources. */
enum Starter {
  JAVA,
  WASM;

  /** Names of the starter's files, one a line; {@code #} begins a comment. */
  private static final String INDEX = "files.txt";

  /** Stands for the function's name, in names and contents of files. */
  private static final String NAME = "__NAME__";

  /** Not text: copied as they are. */
  private static final Set<String> BINARY = Set.of(".wasm", ".jar", ".png");

  private static final Pattern FUNCTION = Pattern.compile("[a-z][a-z0-9-]{0,62}");

  /** Whether a function can have this name. */
  static boolean fits(String name) {
    return FUNCTION.matcher(name).matches();
  }

  /**
   * Writes the files.
   *
   * @return where they are now
   */
  List<Path> write(Path folder, String name) throws IOException {
    List<Path> written = new ArrayList<>();
    String index = new String(resource(INDEX), StandardCharsets.UTF_8);
    for (String line : index.lines().map(String::strip).toList()) {
      if (!line.isEmpty() && !line.startsWith("#")) {
        Path file = folder.resolve(line.replace(NAME, name));
        byte[] content = resource(line);
        if (BINARY.stream().noneMatch(line::endsWith)) {
          String text = new String(content, StandardCharsets.UTF_8).replace(NAME, name);
          content = text.getBytes(StandardCharsets.UTF_8);
        }
        Files.createDirectories(file.toAbsolutePath().getParent());
        written.add(Files.write(file, content));
      }
    }
    return written;
  }

  private byte[] resource(String file) throws IOException {
    String path = "/dev/heddle/cli/init/" + name().toLowerCase(Locale.ROOT) + "/" + file;
    try (InputStream in = Starter.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new FileNotFoundException(path);
      }
      return in.readAllBytes();
    }
  }
}
