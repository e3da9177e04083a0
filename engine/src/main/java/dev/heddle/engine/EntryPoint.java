package dev.heddle.engine;

import dev.heddle.function.Handler;
import dev.heddle.function.ScatterFunction;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Modifier;
import java.util.ArrayList;

/**
 * The class of a jar that implements the function, found but not yet initialized: none of its code
 * has run.
 */
record EntryPoint(FunctionClassLoader loader, Constructor<?> constructor) {
  private static final int MAX_CANDIDATES = 10;
  private static final int CLASS_HEADER = 8;
  private static final int JAVA_1_CLASS_VERSION = 44;

  /** Throws INVALID_FUNCTION with what is wrong with the jar or the class. */
  static EntryPoint find(JarCode code, String entry, String label) {
    checkVersion(code, entry);
    var loader = new FunctionClassLoader("heddle-function-" + label, code);
    Class<?> type;
    try {
      type = Class.forName(entry, false, loader);
    } catch (ClassNotFoundException e) {
      throw refuse("no such class " + entry, "a class of the jar" + candidates(code, loader));
    } catch (LinkageError e) {
      throw refuse(entry + " does not load: " + Failures.describe(e), "a class that loads");
    }
    if (type.getClassLoader() != loader) {
      throw refuse(entry + " is not of the jar", "a class of the jar" + candidates(code, loader));
    }
    if (!implementsFunction(type)) {
      throw refuse(
          entry + " implements neither", "Handler or ScatterFunction" + candidates(code, loader));
    }
    return new EntryPoint(loader, constructor(type));
  }

  private static Constructor<?> constructor(Class<?> type) {
    int modifiers = type.getModifiers();
    if (!Modifier.isPublic(modifiers) || Modifier.isAbstract(modifiers)) {
      throw refuse(
          type.getName() + " is " + (Modifier.isAbstract(modifiers) ? "abstract" : "not public"),
          "a public class that is not abstract");
    }
    try {
      return type.getConstructor();
    } catch (NoSuchMethodException e) {
      throw refuse(
          type.getName() + " has no public constructor without parameters", "one to be there");
    } catch (LinkageError e) {
      throw refuse(
          type.getName() + " does not link: " + Failures.describe(e), "all its classes in the jar");
    }
  }

  private static void checkVersion(JarCode code, String entry) {
    var bytes = code.classFile(entry);
    if (bytes == null || bytes.length < CLASS_HEADER) {
      return;
    }
    int java = ((bytes[6] & 0xFF) << 8 | (bytes[7] & 0xFF)) - JAVA_1_CLASS_VERSION;
    int newest = Runtime.version().feature();
    if (java > newest) {
      throw refuse(
          entry + " was compiled for Java " + java, "at most Java " + newest + ": use --release");
    }
  }

  boolean handler() {
    return Handler.class.isAssignableFrom(constructor.getDeclaringClass());
  }

  boolean scatter() {
    return ScatterFunction.class.isAssignableFrom(constructor.getDeclaringClass());
  }

  private static boolean implementsFunction(Class<?> type) {
    return Handler.class.isAssignableFrom(type) || ScatterFunction.class.isAssignableFrom(type);
  }

  /** Classes of the jar that could have been meant. */
  private static String candidates(JarCode code, ClassLoader loader) {
    var found = new ArrayList<String>();
    for (var name : code.classNames()) {
      try {
        var type = Class.forName(name, false, loader);
        if (loader.equals(type.getClassLoader())
            && implementsFunction(type)
            && !Modifier.isAbstract(type.getModifiers())) {
          found.add(name);
        }
      } catch (ClassNotFoundException | LinkageError e) {
        // Not one that could run.
        continue;
      }
      if (found.size() == MAX_CANDIDATES) {
        break;
      }
    }
    return found.isEmpty() ? "; the jar has no function" : ": " + String.join(", ", found);
  }

  static HeddleException refuse(String value, String expected) {
    return Refusals.refuse(ErrorCode.INVALID_FUNCTION, "entry", value, expected);
  }
}
