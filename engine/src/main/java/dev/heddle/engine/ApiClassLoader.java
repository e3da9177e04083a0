package dev.heddle.engine;

import dev.heddle.function.Handler;

/** What a function's code sees besides its own jar: the JDK, and the package that it implements. */
final class ApiClassLoader extends ClassLoader {
  private static final ClassLoader API = Handler.class.getClassLoader();
  private static final String API_PACKAGE = Handler.class.getPackageName();

  static {
    registerAsParallelCapable();
  }

  static final ApiClassLoader INSTANCE = new ApiClassLoader();

  private ApiClassLoader() {
    super("heddle-function-api", ClassLoader.getPlatformClassLoader());
  }

  @Override
  protected Class<?> findClass(String name) throws ClassNotFoundException {
    int dot = name.lastIndexOf('.');
    if (dot == API_PACKAGE.length() && name.startsWith(API_PACKAGE)) {
      return Class.forName(name, false, API);
    }
    throw new ClassNotFoundException(name);
  }
}
