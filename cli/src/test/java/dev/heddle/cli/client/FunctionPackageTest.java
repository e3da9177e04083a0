package dev.heddle.cli.client;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TimeZone;
import java.util.TreeMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

class FunctionPackageTest {
  private static final String YAML =
      "# what it does\nname: greeter\nruntime: java\nkind: handler\nentry: a.Greeter\n";
  private static final String SOURCE =
      """
      package a;
      import dev.heddle.function.*;
      public final class Greeter implements Handler {
        @Override public Object handle(Event event, Context context) {
          return "Hello " + event.object();
        }
      }
      """;

  @TempDir private Path folder;
  private final StringWriter messages = new StringWriter();

  private FunctionPackage read(Path path) {
    return FunctionPackage.read(path, new PrintWriter(messages));
  }

  private Path sources(String name, String source) throws IOException {
    Path root = folder.resolve(name);
    Files.createDirectories(root.resolve("src/main/java/a"));
    Files.createDirectories(root.resolve("src/main/resources/words"));
    Files.writeString(root.resolve("heddle.yaml"), YAML);
    Files.writeString(root.resolve("src/main/java/a/Greeter.java"), source);
    Files.writeString(root.resolve("src/main/resources/words/en.txt"), "hello\n");
    return root;
  }

  private static List<String> entries(byte[] jar) throws IOException {
    List<String> names = new ArrayList<>();
    try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(jar))) {
      for (ZipEntry e = zip.getNextEntry(); e != null; e = zip.getNextEntry()) {
        names.add(e.getName());
      }
    }
    return names;
  }

  @Test
  void compilesSourcesAndTakesResourcesAlong() throws IOException {
    FunctionPackage function = read(sources("greeter", SOURCE));
    assertEquals(List.of("a/Greeter.class", "words/en.txt"), entries(function.code()));
    assertEquals(YAML, function.manifestYaml());
    assertEquals(Optional.of("greeter"), function.name());
  }

  @Test
  void makesTheSameBytesOfTheSameInput() throws IOException {
    Path root = sources("greeter", SOURCE);
    byte[] first = read(root).code();
    TimeZone before = TimeZone.getDefault();
    try {
      TimeZone.setDefault(TimeZone.getTimeZone("Pacific/Chatham"));
      Files.setLastModifiedTime(
          root.resolve("src/main/resources/words/en.txt"),
          FileTime.from(Instant.parse("2001-02-03T04:05:06Z")));
      assertArrayEquals(first, read(root).code());
      assertArrayEquals(first, read(sources("elsewhere", SOURCE)).code());
    } finally {
      TimeZone.setDefault(before);
    }
  }

  @Test
  void sortsTheEntriesOfAJar() throws IOException {
    TreeMap<String, byte[]> content = new TreeMap<>();
    content.put("b", new byte[] {1});
    content.put("a/c", new byte[0]);
    assertEquals(List.of("a/c", "b"), entries(DeterministicJar.of(content)));
  }

  @Test
  void printsWhatTheCompilerSaysAndRefuses() throws IOException {
    Path root = sources("broken", SOURCE.replace("return", "retrun"));
    HeddleException failure = assertThrows(HeddleException.class, () -> read(root));
    assertEquals(ErrorCode.INVALID_FUNCTION, failure.code());
    assertTrue(messages.toString().contains("Greeter.java:5: error:"), messages.toString());
  }

  @Test
  void compilesAgainstTheFunctionApiAlone() throws IOException {
    Path root = sources("greedy", SOURCE.replace("package a;", "package a;\nimport io.grpc.*;"));
    assertThrows(HeddleException.class, () -> read(root));
    assertTrue(messages.toString().contains("package io.grpc does not exist"));
  }

  @Test
  void takesAFolderWithAJarAsItIs() throws IOException {
    Path root = Files.createDirectories(folder.resolve("packed"));
    Files.writeString(root.resolve("heddle.yaml"), YAML);
    byte[] jar = DeterministicJar.of(new TreeMap<>());
    Files.write(root.resolve("code.jar"), jar);
    assertArrayEquals(jar, read(root).code());
    Files.write(root.resolve("other.jar"), jar);
    assertThrows(HeddleException.class, () -> read(root));
  }

  @Test
  void takesAJarWithItsManifestInside() throws IOException {
    TreeMap<String, byte[]> content = new TreeMap<>();
    content.put("heddle.yaml", YAML.getBytes(StandardCharsets.UTF_8));
    Path jar = folder.resolve("f.jar");
    Files.write(jar, DeterministicJar.of(content));
    assertEquals(YAML, read(jar).manifestYaml());
    content.clear();
    Files.write(jar, DeterministicJar.of(content));
    assertThrows(HeddleException.class, () -> read(jar));
  }

  private Path module(String name, String yaml, String... files) throws IOException {
    Path root = Files.createDirectories(folder.resolve(name));
    Files.writeString(root.resolve("heddle.yaml"), yaml);
    for (String file : files) {
      Files.createDirectories(root.resolve(file).getParent());
      Files.write(root.resolve(file), new byte[] {0, 'a', 's', 'm'});
    }
    return root;
  }

  @Test
  void packsAModuleAndItsManifestAndNothingElse() throws IOException {
    String yaml = "name: small\nruntime: wasm\n";
    Path root =
        module("small", yaml, "build/small.wasm", "node_modules/x/other.wasm", ".git/a.wasm");
    Files.writeString(root.resolve("secret.txt"), "not for everyone");
    FunctionPackage function = read(root);
    assertEquals("", function.manifestYaml());
    assertEquals(Optional.of("small"), function.name());
    assertEquals(List.of("build/small.wasm", "heddle.yaml"), entries(function.code()));
    Files.copy(root.resolve("build/small.wasm"), root.resolve("second.wasm"));
    assertThrows(HeddleException.class, () -> read(root));
    Files.writeString(root.resolve("heddle.yaml"), yaml + "code: second.wasm\n");
    assertEquals(List.of("heddle.yaml", "second.wasm"), entries(read(root).code()));
    Files.writeString(root.resolve("heddle.yaml"), yaml + "code: ../small/../../outside.wasm\n");
    Files.write(folder.resolve("outside.wasm"), new byte[] {0});
    assertThrows(HeddleException.class, () -> read(root));
  }

  @Test
  void describesASingleFileByFlags() throws IOException {
    Path file = folder.resolve("greeter.wasm");
    Files.write(file, new byte[] {0, 'a', 's', 'm'});
    var flags =
        Map.<String, Object>of(
            "memory", "64MiB", "environment", Map.of("A", "b"), "concurrency", 3);
    FunctionPackage function = FunctionPackage.read(file, flags, new PrintWriter(messages));
    assertEquals(
        JsonMapper.shared()
            .readTree(
                "{\"name\":\"greeter\",\"runtime\":\"wasm\",\"memory\":\"64MiB\","
                    + "\"environment\":{\"A\":\"b\"},\"concurrency\":3}"),
        JsonMapper.shared().readTree(function.manifestYaml()));
    assertEquals(Optional.of("greeter"), function.name());
    assertEquals(4, function.code().length);
    assertThrows(HeddleException.class, () -> read(file));
  }

  @Test
  void flagsTakeThePlaceOfWhatTheManifestSays() throws IOException {
    Path root = sources("greeter", SOURCE);
    FunctionPackage function =
        FunctionPackage.read(root, Map.of("name", "other"), new PrintWriter(messages));
    assertEquals(Optional.of("other"), function.name());
    assertEquals(
        "a.Greeter",
        JsonMapper.shared().readTree(function.manifestYaml()).path("entry").asString());
  }

  @Test
  void saysWhatIsMissing() throws IOException {
    Path empty = Files.createDirectories(folder.resolve("empty"));
    HeddleException failure = assertThrows(HeddleException.class, () -> read(empty));
    assertTrue(String.valueOf(failure.getMessage()).contains("no heddle.yaml"));
    assertThrows(HeddleException.class, () -> read(folder.resolve("nowhere")));
    Path text = Files.writeString(folder.resolve("a.txt"), "no jar");
    assertFalse(
        String.valueOf(assertThrows(HeddleException.class, () -> read(text)).getMessage())
            .isEmpty());
  }
}
