package dev.heddle.engine;

import static dev.heddle.engine.Workshop.fails;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class DeployCheckTest {
  private static final String HANDLE =
      " public Object handle(Event event, Context context) { return null; } ";
  private static final Map<String, byte[]> CLASSES =
      Jars.compile(
          "public class Good implements Handler {" + HANDLE + "}",
          "public class Plain { }",
          "public abstract class Half implements Handler { }",
          "public class NeedsMore implements Handler { public NeedsMore(int n) {} " + HANDLE + "}",
          "public class BadStatic implements Handler { static int n = Integer.parseInt(\"x\"); "
              + HANDLE
              + "}",
          "public class BadNew implements Handler { public BadNew() { throw new"
              + " IllegalStateException(\"no luck\"); } "
              + HANDLE
              + "}",
          """
          public class Both implements Handler, ScatterFunction<String, String> {
            public Object handle(Event event, Context context) { return null; }
            public String prepare(ScatterRequest request) { return ""; }
            public String leaf(String query, Shard shard) { return ""; }
            public String merge(String a, String b) { return ""; }
            public Object finish(String query, String partial, Coverage coverage) { return null; }
            public Codec<String> codec() { return null; }
          }
          """);
  private static final byte[] JAR = Jars.zip(CLASSES);
  private static final String CANDIDATES =
      "user.BadNew, user.BadStatic, user.Both, user.Good, user.NeedsMore";

  private static FunctionKind check(byte[] jar, String entry) {
    return check(jar, entry, "", ArchiveLimits.DEFAULTS);
  }

  private static FunctionKind check(byte[] code, String entry, String more, ArchiveLimits limits) {
    var manifest = Manifest.parse("name: check\nentry: " + entry + "\n" + more);
    return new JavaRuntime(limits, true, List.of())
        .check(Archive.read(code, limits), manifest)
        .kind();
  }

  private static void refused(String message, byte[] jar, String entry) {
    fails(ErrorCode.INVALID_FUNCTION, message, () -> check(jar, entry));
  }

  @Test
  void findsOutTheKind() {
    assertEquals(FunctionKind.HANDLER, check(JAR, "user.Good"));
    var limits = ArchiveLimits.DEFAULTS;
    assertEquals(FunctionKind.SCATTER, check(JAR, "user.Both", "kind: scatter", limits));
    assertEquals(FunctionKind.HANDLER, check(JAR, "user.Both", "kind: handler", limits));
    refused(
        "entry: user.Both implements both Handler and ScatterFunction (expected: kind: handler or"
            + " kind: scatter in heddle.yaml)",
        JAR,
        "user.Both");
    fails(
        ErrorCode.INVALID_FUNCTION,
        "entry: user.Good implements Handler (expected: ScatterFunction, as kind says)",
        () -> check(JAR, "user.Good", "kind: scatter", limits));
  }

  @Test
  void saysWhatIsWrongWithTheEntry() {
    refused(
        "entry: no such class user.God (expected: a class of the jar: " + CANDIDATES + ")",
        JAR,
        "user.God");
    refused(
        "entry: java.lang.String is not of the jar (expected: a class of the jar: "
            + CANDIDATES
            + ")",
        JAR,
        "java.lang.String");
    refused(
        "entry: user.Plain implements neither (expected: Handler or ScatterFunction: "
            + CANDIDATES
            + ")",
        JAR,
        "user.Plain");
    refused(
        "entry: user.Half is abstract (expected: a public class that is not abstract)",
        JAR,
        "user.Half");
    refused(
        "entry: user.NeedsMore has no public constructor without parameters (expected: one to be"
            + " there)",
        JAR,
        "user.NeedsMore");
    refused(
        "entry: static initializer of user.BadStatic threw java.lang.NumberFormatException: For"
            + " input string: \"x\" (expected: a class that initializes)",
        JAR,
        "user.BadStatic");
    refused(
        "entry: constructor of user.BadNew threw java.lang.IllegalStateException: no luck"
            + " (expected: an instance)",
        JAR,
        "user.BadNew");
  }

  @Test
  void saysThatTheClassIsTooNew() {
    var classes = new TreeMap<>(CLASSES);
    var newer = Objects.requireNonNull(CLASSES.get("user/Good.class")).clone();
    newer[7] = 99;
    classes.put("user/Good.class", newer);
    refused(
        "entry: user.Good was compiled for Java 55 (expected: at most Java "
            + Runtime.version().feature()
            + ": use --release)",
        Jars.zip(classes),
        "user.Good");
  }

  @Test
  void refusesBrokenClassFiles() {
    var classes = new HashMap<>(CLASSES);
    classes.put("user/Good.class", Arrays.copyOf(CLASSES.get("user/Good.class"), 60));
    var failure = fails(ErrorCode.INVALID_FUNCTION, () -> check(Jars.zip(classes), "user.Good"));
    assertTrue(
        String.valueOf(failure.getMessage()).startsWith("entry: user.Good does not load: "),
        failure.toString());
  }

  @Test
  void refusesWhatIsNoJar() {
    refused(
        "code: not a zip archive (expected: a zip archive or jar)",
        "PK, but no more".getBytes(StandardCharsets.UTF_8),
        "user.Good");
    refused("code: not a zip archive (expected: a zip archive or jar)", new byte[0], "user.Good");
    refused(
        "code: not a zip archive (expected: a zip archive or jar)",
        Arrays.copyOf(JAR, JAR.length / 2),
        "user.Good");
    refused(
        "entry: no such class user.Good (expected: a class of the jar; the jar has no function)",
        Jars.zip(Map.of()),
        "user.Good");
    // A directory at the end, and nothing that it lists.
    var hollow = JAR.clone();
    Arrays.fill(hollow, 0, 200, (byte) 0);
    fails(ErrorCode.INVALID_FUNCTION, () -> check(hollow, "user.Good"));
  }

  @Test
  void refusesJarsThatUnpackBeyondTheLimits() {
    var limits =
        new ArchiveLimits(DataSize.ofMiB(1), 20, DataSize.ofMiB(2), DataSize.ofMiB(3), 10_000, 100);
    var bomb = new HashMap<>(CLASSES);
    bomb.put("zeros", new byte[(2 << 20) + 1]);
    limited("code: unpacks beyond 2MiB at zeros (expected: at most 2MiB)", bomb, limits);

    var two = new TreeMap<>(CLASSES);
    two.put("zeros1", new byte[2 << 20]);
    two.put("zeros2", new byte[2 << 20]);
    limited("code: unpacks beyond 3MiB at zeros2 (expected: at most 3MiB)", two, limits);

    var many = new HashMap<>(CLASSES);
    for (int i = 0; i < 20; i++) {
      many.put("file" + i, new byte[0]);
    }
    limited("code: 27 entries (expected: at most 20)", many, limits);
    fails(
        ErrorCode.INVALID_FUNCTION,
        "code: " + JAR.length + " bytes (expected: at most 1KiB)",
        () ->
            check(
                JAR,
                "user.Good",
                "",
                new ArchiveLimits(
                    DataSize.ofKiB(1), 20, DataSize.ofMiB(2), DataSize.ofMiB(3), 200, 100)));
  }

  private static void limited(String message, Map<String, byte[]> files, ArchiveLimits limits) {
    var jar = Jars.zip(files);
    fails(ErrorCode.INVALID_FUNCTION, message, () -> check(jar, "user.Good", "", limits));
  }

  @Test
  void refusesEntriesThatNoBuildToolWrites() {
    for (var name : new String[] {"/etc/passwd", "a/../../b", "a\\b", "a\0b"}) {
      var files = new HashMap<>(CLASSES);
      files.put(name, new byte[0]);
      refused(
          "code: entry '" + name + "' (expected: a relative path without ..)",
          Jars.zip(files),
          "user.Good");
    }
  }

  @Test
  void refusesLinks() {
    var files = new TreeMap<>(CLASSES);
    files.put("a-link", "/etc/passwd".getBytes(StandardCharsets.UTF_8));
    var jar = Jars.zip(files);
    // The first header of the directory: its external attributes hold the mode in their upper half.
    int header = new String(jar, StandardCharsets.ISO_8859_1).indexOf("PK\1\2");
    jar[header + 40] = 0;
    jar[header + 41] = (byte) 0xA0;
    refused("code: link a-link (expected: files only)", jar, "user.Good");
  }

  @Test
  void takesTheNewestClassOfAJarForSeveralVersions() {
    var files = new HashMap<>(CLASSES);
    files.put(
        "META-INF/MANIFEST.MF", "Multi-Release: true\r\n\r\n".getBytes(StandardCharsets.UTF_8));
    files.put("META-INF/versions/21/user/Good.class", CLASSES.get("user/BadNew.class"));
    var failure = fails(ErrorCode.INVALID_FUNCTION, () -> check(Jars.zip(files), "user.Good"));
    assertTrue(failure.toString().contains("wrong name: user/BadNew"), failure.toString());
    files.put("META-INF/versions/22/user/Good.class", CLASSES.get("user/Good.class"));
    files.put("META-INF/versions/99/user/Good.class", CLASSES.get("user/BadNew.class"));
    assertEquals(FunctionKind.HANDLER, check(Jars.zip(files), "user.Good"));
  }
}
