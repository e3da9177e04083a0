package dev.heddle.loadtest.function;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Packs classes of this package as a function of the java runtime. */
public final class FunctionArchive {
  private FunctionArchive() {}

  /**
   * An archive to deploy.
   *
   * @param manifest lines of heddle.yaml besides name, runtime and entry
   * @param entry the handler
   * @param more classes that it needs
   */
  public static byte[] of(String name, String manifest, Class<?> entry, Class<?>... more) {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      var yaml =
          "name: %s\nruntime: java\nentry: %s\n%s".formatted(name, entry.getName(), manifest);
      put(zip, "heddle.yaml", yaml.getBytes(StandardCharsets.UTF_8));
      put(zip, entry);
      for (var type : more) {
        put(zip, type);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * An archive with a handler in WebAssembly.
   *
   * @param manifest lines of heddle.yaml besides name, runtime and kind
   */
  public static byte[] ofModule(String name, String manifest, byte[] module) {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      var yaml = "name: %s\nruntime: wasm\nkind: handler\n%s".formatted(name, manifest);
      put(zip, "heddle.yaml", yaml.getBytes(StandardCharsets.UTF_8));
      put(zip, "handler.wasm", module);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void put(ZipOutputStream zip, Class<?> type) throws IOException {
    var path = type.getName().replace('.', '/') + ".class";
    try (var in = type.getResourceAsStream("/" + path)) {
      if (in == null) {
        throw new IllegalStateException("class file: " + path + " (expected: to be there)");
      }
      put(zip, path, in.readAllBytes());
    }
  }

  private static void put(ZipOutputStream zip, String path, byte[] content) throws IOException {
    zip.putNextEntry(new ZipEntry(path));
    zip.write(content);
    zip.closeEntry();
  }
}
