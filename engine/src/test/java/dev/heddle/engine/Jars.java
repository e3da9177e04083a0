package dev.heddle.engine;

import dev.heddle.function.Handler;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.tools.FileObject;
import javax.tools.ForwardingJavaFileManager;
import javax.tools.JavaFileManager;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;

/** Makes jars of functions from Java sources. */
final class Jars {
  private static final Pattern NAME = Pattern.compile("public (?:abstract )?class (\\w+)");

  private Jars() {}

  /** A jar with these classes, all of package {@code user}, against function-api alone. */
  static byte[] of(String... sources) {
    return zip(compile(sources));
  }

  /** Class files by their names in a jar. */
  static Map<String, byte[]> compile(String... sources) {
    var compiler = ToolProvider.getSystemJavaCompiler();
    var units = new ArrayList<JavaFileObject>();
    for (var source : sources) {
      var name = NAME.matcher(source);
      if (!name.find()) {
        throw new IllegalArgumentException("no public class in " + source);
      }
      units.add(new Source(name.group(1), "package user; import dev.heddle.function.*; " + source));
    }
    var messages = new StringWriter();
    try (var files = new InMemory(compiler.getStandardFileManager(null, null, null))) {
      var options = List.of("-proc:none", "-nowarn", "-Xlint:none", "-cp", api());
      if (!compiler.getTask(messages, files, null, options, null, units).call()) {
        throw new IllegalArgumentException(messages.toString());
      }
      var classes = new TreeMap<String, byte[]>();
      files.classes.forEach(
          (name, bytes) -> classes.put(name.replace('.', '/') + ".class", bytes.toByteArray()));
      return classes;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String api() {
    var location = Handler.class.getProtectionDomain().getCodeSource().getLocation();
    return Path.of(URI.create(location.toString())).toString();
  }

  static byte[] zip(Map<String, byte[]> files) {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      for (var file : files.entrySet()) {
        zip.putNextEntry(new ZipEntry(file.getKey()));
        zip.write(file.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static final class Source extends SimpleJavaFileObject {
    private final String text;

    Source(String name, String text) {
      super(URI.create("string:///user/" + name + ".java"), Kind.SOURCE);
      this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
      return text;
    }
  }

  private static final class InMemory extends ForwardingJavaFileManager<JavaFileManager> {
    private final Map<String, ByteArrayOutputStream> classes = new TreeMap<>();

    InMemory(JavaFileManager files) {
      super(files);
    }

    @Override
    public JavaFileObject getJavaFileForOutput(
        Location location, String className, JavaFileObject.Kind kind, FileObject sibling) {
      return new SimpleJavaFileObject(URI.create("memory:///" + className), kind) {
        @Override
        public ByteArrayOutputStream openOutputStream() {
          var bytes = new ByteArrayOutputStream();
          classes.put(className, bytes);
          return bytes;
        }
      };
    }
  }
}
