package dev.heddle.engine.wasm;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import run.endive.runtime.Instance;

/**
 * Defines the classes of one compiled module. They see of everything else only what compiled code
 * refers to: the runtime's data structures and a handful of the JDK's, none of which can reach
 * beyond the instance.
 */
final class CompiledClassLoader extends ClassLoader {
  private static final Set<String> JDK =
      Set.of(
          "java.lang.Object",
          "java.lang.String",
          "java.lang.Class",
          "java.lang.CharSequence",
          "java.lang.Comparable",
          "java.lang.Number",
          "java.lang.Integer",
          "java.lang.Long",
          "java.lang.Float",
          "java.lang.Double",
          "java.lang.Byte",
          "java.lang.Short",
          "java.lang.Character",
          "java.lang.Boolean",
          "java.lang.Math",
          "java.lang.StrictMath",
          "java.lang.Thread",
          "java.lang.Throwable",
          "java.lang.Exception",
          "java.lang.Error",
          "java.lang.VirtualMachineError",
          "java.lang.StackOverflowError",
          "java.lang.AssertionError",
          "java.lang.RuntimeException",
          "java.lang.ArithmeticException",
          "java.lang.ClassCastException",
          "java.lang.IllegalArgumentException",
          "java.lang.IndexOutOfBoundsException",
          "java.lang.NullPointerException",
          "java.lang.NegativeArraySizeException",
          "java.lang.invoke.MethodHandles",
          "java.lang.invoke.MethodHandles$Lookup",
          "java.lang.invoke.StringConcatFactory",
          "java.lang.invoke.CallSite",
          "java.lang.invoke.MethodType",
          "java.util.Arrays",
          "java.util.List",
          "java.util.Objects");

  private final Map<String, byte[]> classes;

  static {
    registerAsParallelCapable();
  }

  CompiledClassLoader(Map<String, byte[]> classes) {
    super("wasm", Instance.class.getClassLoader());
    this.classes = new ConcurrentHashMap<>(classes);
  }

  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    if (!visible(name)) {
      return own(name);
    }
    return super.loadClass(name, resolve);
  }

  private static boolean visible(String name) {
    return JDK.contains(name)
        || (name.startsWith("run.endive.runtime.") && !name.contains("Interpreter"))
        || name.startsWith("run.endive.wasm.");
  }

  private Class<?> own(String name) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      var loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      var bytes = take(name);
      if (bytes == null) {
        throw new ClassNotFoundException(name + " (expected: a class of the compiled module)");
      }
      return defineClass(name, bytes, 0, bytes.length);
    }
  }

  /** A class is defined once: the JVM keeps what it needs of it. */
  private byte @Nullable [] take(String name) {
    return classes.remove(name);
  }
}
