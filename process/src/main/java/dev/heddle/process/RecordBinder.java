package dev.heddle.process;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * Turns a tree into records and notes every problem on the way. A value with a problem is null, and
 * so is whatever would hold it. One use, one thread.
 */
final class RecordBinder {
  private final List<String> problems;

  RecordBinder(List<String> problems) {
    this.problems = problems;
  }

  /**
   * @param path key of the record, empty for the whole
   * @param defaults null: every component must be named
   */
  @Nullable Object record(String path, JsonNode tree, Class<?> type, @Nullable Object defaults) {
    boolean absent = tree.isMissingNode() || tree.isNull();
    if (!absent && !tree.isObject()) {
      return problem(path.isEmpty() ? "(all)" : path, tree, "keys with values");
    }
    RecordComponent[] components = type.getRecordComponents();
    Set<String> keys = new HashSet<>();
    @Nullable Object[] values = new @Nullable Object[components.length];
    boolean complete = true;
    for (int i = 0; i < components.length; i++) {
      String key = kebab(components[i].getName());
      keys.add(key);
      Object standard = defaults == null ? null : valueOf(components[i], defaults);
      values[i] = component(path, key, absent ? null : tree.get(key), components[i], standard);
      complete &= values[i] != null;
    }
    if (!absent) {
      for (String name : tree.propertyNames()) {
        if (!keys.contains(name)) {
          problems.add(
              within(path, name)
                  + ": unknown key (expected: "
                  + String.join(", ", sorted(keys))
                  + ")");
          complete = false;
        }
      }
    }
    return complete ? construct(path, type, components, values) : null;
  }

  private @Nullable Object component(
      String path,
      String key,
      @Nullable JsonNode node,
      RecordComponent component,
      @Nullable Object standard) {
    String name = within(path, key);
    if (node != null && !node.isNull()) {
      return value(name, node, component.getGenericType(), standard);
    }
    if (standard != null) {
      return standard;
    }
    if (component.getType() == Optional.class) {
      return Optional.empty();
    }
    problems.add(name + ": missing (expected: " + expected(component.getType()) + ")");
    return null;
  }

  private @Nullable Object value(String name, JsonNode node, Type type, @Nullable Object standard) {
    if (type instanceof ParameterizedType generic) {
      return container(name, node, generic);
    }
    if (!(type instanceof Class<?> plain)) {
      throw new IllegalArgumentException(name + ": " + type + " (expected: a supported type)");
    }
    if (plain.isRecord() && plain != DataSize.class && plain != HostPort.class) {
      return record(name, node, plain, standard != null ? standard : defaultsOf(plain));
    }
    return scalar(name, node, plain);
  }

  private @Nullable Object container(String name, JsonNode node, ParameterizedType type) {
    Type[] arguments = type.getActualTypeArguments();
    if (type.getRawType() == Optional.class) {
      Object value = value(name, node, arguments[0], null);
      return value == null ? null : Optional.of(value);
    }
    if (type.getRawType() == List.class) {
      return list(name, node, arguments[0]);
    }
    if (type.getRawType() == Map.class && arguments[0] == String.class) {
      return map(name, node, arguments[1]);
    }
    throw new IllegalArgumentException(name + ": " + type + " (expected: a supported type)");
  }

  private @Nullable Object list(String name, JsonNode node, Type element) {
    if (!node.isArray()) {
      return problem(name, node, "a list");
    }
    List<Object> values = new ArrayList<>();
    for (int i = 0; i < node.size(); i++) {
      Object value = value(name + "[" + i + "]", node.get(i), element, null);
      if (value != null) {
        values.add(value);
      }
    }
    return values.size() == node.size() ? List.copyOf(values) : null;
  }

  private @Nullable Object map(String name, JsonNode node, Type element) {
    if (!node.isObject()) {
      return problem(name, node, "keys with values");
    }
    Map<String, Object> values = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> entry : node.properties()) {
      Object value = value(within(name, entry.getKey()), entry.getValue(), element, null);
      if (value != null) {
        values.put(entry.getKey(), value);
      }
    }
    return values.size() == node.size() ? Collections.unmodifiableMap(values) : null;
  }

  private @Nullable Object scalar(String name, JsonNode node, Class<?> type) {
    if (type == boolean.class) {
      return node.isBoolean() ? node.booleanValue() : problem(name, node, expected(type));
    }
    if (type == int.class) {
      return node.canConvertToInt() && node.isIntegralNumber()
          ? (Object) node.intValue()
          : problem(name, node, expected(type));
    }
    if (type == long.class) {
      return node.canConvertToLong() && node.isIntegralNumber()
          ? (Object) node.longValue()
          : problem(name, node, expected(type));
    }
    if (type == double.class) {
      return node.isNumber() && Double.isFinite(node.doubleValue())
          ? (Object) node.doubleValue()
          : problem(name, node, expected(type));
    }
    if (type == String.class && (node.isNumber() || node.isBoolean())) {
      // YAML reads an unquoted 7 as a number; where text is wanted, that is what was written.
      return node.asString();
    }
    if (!node.isString()) {
      return problem(name, node, expected(type));
    }
    return text(name, node, type);
  }

  private @Nullable Object text(String name, JsonNode node, Class<?> type) {
    String text = node.stringValue();
    try {
      if (type == String.class) {
        return text;
      } else if (type == Duration.class) {
        return DurationFormat.parse(text);
      } else if (type == DataSize.class) {
        return DataSize.parse(text);
      } else if (type == HostPort.class) {
        return HostPort.parse(text);
      } else if (type == Path.class) {
        return Path.of(text);
      }
    } catch (InvalidPathException e) {
      return problem(name, node, expected(type));
    } catch (IllegalArgumentException e) {
      return problem(name, node, expected(type));
    }
    if (type.isEnum()) {
      String wanted = text.replace('-', '_');
      for (Object constant : type.getEnumConstants()) {
        if (((Enum<?>) constant).name().equalsIgnoreCase(wanted)) {
          return constant;
        }
      }
      return problem(name, node, expected(type));
    }
    throw new IllegalArgumentException(name + ": " + type + " (expected: a supported type)");
  }

  private @Nullable Object construct(
      String path, Class<?> type, RecordComponent[] components, @Nullable Object[] values) {
    Class<?>[] types =
        Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new);
    try {
      Constructor<?> constructor = type.getDeclaredConstructor(types);
      constructor.setAccessible(true);
      return constructor.newInstance(values);
    } catch (InvocationTargetException e) {
      Throwable refusal = e.getCause();
      if (refusal instanceof IllegalArgumentException || refusal instanceof HeddleException) {
        String message = String.valueOf(refusal.getMessage());
        problems.add(path.isEmpty() ? message : path + "." + message);
        return null;
      }
      throw new IllegalStateException(type + " cannot be made", e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + " cannot be made", e);
    }
  }

  private static @Nullable Object valueOf(RecordComponent component, Object record) {
    try {
      Method accessor = component.getAccessor();
      accessor.setAccessible(true);
      return accessor.invoke(record);
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(component + " cannot be read", e);
    }
  }

  private static @Nullable Object defaultsOf(Class<?> type) {
    try {
      Method method = type.getDeclaredMethod("defaults");
      if (Modifier.isStatic(method.getModifiers()) && method.getReturnType() == type) {
        method.setAccessible(true);
        return method.invoke(null);
      }
      return null;
    } catch (NoSuchMethodException e) {
      return null;
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(type + ".defaults() failed", e);
    }
  }

  private @Nullable Object problem(String name, JsonNode node, String expected) {
    String value = node.isString() ? node.stringValue() : node.toString();
    String shown = value.length() <= 100 ? value : value.substring(0, 100) + "…";
    problems.add(name + ": " + shown + " (expected: " + expected + ")");
    return null;
  }

  private static String expected(Class<?> type) {
    if (type == int.class || type == long.class) {
      return "an integer";
    } else if (type == double.class) {
      return "a number";
    } else if (type == boolean.class) {
      return "true or false";
    } else if (type == Duration.class) {
      return "a time like 200ms";
    } else if (type == DataSize.class) {
      return "a size like 64MiB";
    } else if (type == HostPort.class) {
      return "host:port, like 127.0.0.1:8080";
    } else if (type == Path.class) {
      return "a path";
    } else if (type.isEnum()) {
      return Arrays.stream(type.getEnumConstants())
          .map(constant -> kebab(((Enum<?>) constant).name().toLowerCase(Locale.ROOT)))
          .reduce((a, b) -> a + ", " + b)
          .orElse("nothing");
    } else if (type == List.class) {
      return "a list";
    } else if (type == Map.class || type.isRecord()) {
      return "keys with values";
    }
    return "text";
  }

  private static String within(String path, String key) {
    return path.isEmpty() ? key : path + "." + key;
  }

  private static List<String> sorted(Set<String> keys) {
    return keys.stream().sorted().toList();
  }

  /** {@code maxInboundMessage} and {@code some_constant} as they stand in files. */
  static String kebab(String name) {
    StringBuilder kebab = new StringBuilder();
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (Character.isUpperCase(c)) {
        kebab.append('-').append(Character.toLowerCase(c));
      } else {
        kebab.append(c == '_' ? '-' : c);
      }
    }
    return kebab.toString();
  }
}
