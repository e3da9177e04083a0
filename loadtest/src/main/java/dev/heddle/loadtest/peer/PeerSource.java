package dev.heddle.loadtest.peer;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import javax.tools.ToolProvider;

/**
 * A class that runs in a peer, compiled against the peer's own jars, which this build knows nothing
 * of.
 *
 * @param name of the class, which is in no package
 * @param text its source
 */
public record PeerSource(String name, String text) {
  /**
   * Compiles it into the folder, which is made.
   *
   * @param jars that it needs
   * @throws HeddleException UNAVAILABLE if there is no compiler, or it does not compile
   */
  public Path compile(List<Path> jars, Path folder) {
    var compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, name + ": this Java has no compiler (expected: a JDK)");
    }
    var said = new StringWriter();
    try (var files = compiler.getStandardFileManager(null, Locale.ROOT, StandardCharsets.UTF_8)) {
      Files.createDirectories(folder);
      var source = Files.writeString(folder.resolve(name + ".java"), text);
      var options =
          List.of("-proc:none", "-nowarn", "-cp", classPath(jars), "-d", folder.toString());
      var units = files.getJavaFileObjects(source);
      if (!compiler.getTask(said, files, null, options, null, units).call()) {
        throw new HeddleException(ErrorCode.UNAVAILABLE, name + ": does not compile: " + said);
      }
      return folder;
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, name + ": " + e, e);
    }
  }

  /** As {@code -cp} takes it. */
  public static String classPath(List<Path> parts) {
    return parts.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator));
  }
}
