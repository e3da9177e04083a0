package dev.heddle.engine;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The classes and resources of one version's jar. Once closed it defines no further classes. */
final class FunctionClassLoader extends ClassLoader implements AutoCloseable {
  static {
    registerAsParallelCapable();
  }

  private volatile @Nullable JarCode code;

  FunctionClassLoader(String name, JarCode code) {
    super(name, ApiClassLoader.INSTANCE);
    this.code = code;
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    var open = code;
    var bytes = open == null ? null : open.classFile(name);
    if (open == null || bytes == null) {
      throw new ClassNotFoundException(
          open == null ? name + " (the function's version was unloaded)" : name);
    }
    var guarded = ExitGuard.guard(bytes, open);
    return defineClass(name, guarded, 0, guarded.length);
  }

  @Override
  protected @Nullable URL findResource(String name) {
    var open = code;
    var bytes = open == null ? null : open.file(name);
    if (bytes == null) {
      return null;
    }
    try {
      var uri = new URI("heddle-function", "", "/" + name, null);
      return URL.of(uri, new InMemory(bytes));
    } catch (URISyntaxException | MalformedURLException e) {
      throw new IllegalArgumentException("resource: " + name, e);
    }
  }

  @Override
  protected Enumeration<URL> findResources(String name) {
    var url = findResource(name);
    return Collections.enumeration(url == null ? List.of() : List.of(url));
  }

  boolean closed() {
    return code == null;
  }

  @Override
  public void close() {
    code = null;
  }

  private static final class InMemory extends URLStreamHandler {
    private final byte[] bytes;

    InMemory(byte[] bytes) {
      this.bytes = bytes;
    }

    @Override
    protected URLConnection openConnection(URL url) {
      return new URLConnection(url) {
        @Override
        public void connect() {
          connected = true;
        }

        @Override
        public InputStream getInputStream() {
          return new ByteArrayInputStream(bytes);
        }

        @Override
        public long getContentLengthLong() {
          return bytes.length;
        }
      };
    }
  }
}
