package dev.heddle.loadtest.measure;

import java.io.File;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Which versions of what matters most were measured, by the names of their jars. */
final class Versions {
  private static final Pattern JAR = Pattern.compile("(.+?)-(\\d[\\w.+-]*)\\.jar");
  private static final Set<String> NAMED =
      Set.of(
          "heddle-loadtest",
          "grpc-netty",
          "hazelcast",
          "HdrHistogram",
          "jetty-server",
          "lucene-core",
          "netty-transport",
          "protobuf-java",
          "ratis-server");

  private Versions() {}

  /** Of the class path and the Java machine of this process. */
  static Map<String, String> current() {
    var versions = ofClassPath(System.getProperty("java.class.path"));
    versions.put("java", System.getProperty("java.version"));
    return versions;
  }

  static Map<String, String> ofClassPath(String classPath) {
    var versions = new TreeMap<String, String>();
    Arrays.stream(classPath.split(File.pathSeparator))
        .map(entry -> JAR.matcher(String.valueOf(Path.of(entry).getFileName())))
        .filter(jar -> jar.matches() && NAMED.contains(jar.group(1)))
        .forEach(jar -> versions.put(jar.group(1), jar.group(2)));
    return versions;
  }
}
