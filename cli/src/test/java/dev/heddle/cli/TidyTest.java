package dev.heddle.cli;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.be;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The rules of the house that a machine can check; CONTRIBUTING.md says why they are there. */
class TidyTest {

  private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

  private static final int MAX_LINES = 600;

  private static final List<String> SAMPLES = List.of("sample-search", "sample-chat");

  /** What a module's packages are, and which modules it may name in its POM. */
  private record Room(List<String> packages, Set<String> arrows) {
    Room(String root, String... arrows) {
      this(List.of(root + ".."), Set.of(arrows));
    }
  }

  private static final List<String> GENERATED =
      List.of("dev.heddle.v1..", "dev.heddle.internal.v1..");

  private static final Map<String, Room> ROOMS =
      Map.ofEntries(
          Map.entry("proto", new Room(GENERATED, Set.of())),
          Map.entry("function-api", new Room("dev.heddle.function")),
          Map.entry("aggregations", new Room("dev.heddle.aggregations", "function-api")),
          Map.entry("process", new Room("dev.heddle.process")),
          Map.entry("json", new Room("dev.heddle.json", "proto", "process")),
          Map.entry("replication", new Room("dev.heddle.replication", "process")),
          Map.entry("catalog", new Room("dev.heddle.catalog", "proto", "process", "replication")),
          Map.entry("engine", new Room("dev.heddle.engine", "catalog", "function-api")),
          // Its shards implement the Shard of function-api.
          Map.entry(
              "shard-store",
              new Room("dev.heddle.shard", "catalog", "function-api", "replication")),
          Map.entry(
              "leaf-worker",
              new Room(
                  "dev.heddle.leaf",
                  "engine",
                  "shard-store",
                  "aggregations",
                  "replication",
                  "json")),
          Map.entry(
              "coordinator",
              new Room("dev.heddle.coordinator", "catalog", "engine", "aggregations")),
          Map.entry("session-gateway", new Room("dev.heddle.gateway", "catalog", "json")),
          Map.entry("sample-search", new Room("dev.heddle.sample.search", "function-api", "proto")),
          Map.entry("sample-chat", new Room("dev.heddle.sample.chat", "function-api")),
          Map.entry(
              "loadtest",
              new Room(
                  "dev.heddle.loadtest",
                  "coordinator",
                  "leaf-worker",
                  "session-gateway",
                  "sample-search")),
          Map.entry(
              "cli",
              new Room(
                  "dev.heddle.cli",
                  "leaf-worker",
                  "coordinator",
                  "session-gateway",
                  "sample-search",
                  "sample-chat",
                  "loadtest",
                  "replication")));

  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .importPackages("dev.heddle");

  @Test
  void modulesNameOnlyTheModulesThatTheyMayDependOn() throws IOException {
    Pattern arrow = Pattern.compile("<artifactId>heddle-([a-z-]+)</artifactId>");
    for (Map.Entry<String, Room> room : ROOMS.entrySet()) {
      String pom = Files.readString(CHECKOUT.resolve(room.getKey()).resolve("pom.xml"));
      Set<String> named = arrow.matcher(pom).results().map(hit -> hit.group(1)).collect(toSet());
      named.remove(room.getKey());
      named.removeAll(room.getValue().arrows());
      assertEquals(Set.of(), named, room.getKey() + "/pom.xml: arrows that the design lacks");
    }
  }

  @Test
  void classesUseOnlyWhatTheirModuleMayReach() {
    for (Map.Entry<String, Room> room : ROOMS.entrySet()) {
      Set<String> reachable = reachableFrom(room.getKey());
      List<String> others = new ArrayList<>();
      ROOMS.forEach((name, other) -> {
        if (!reachable.contains(name)) {
          others.addAll(other.packages());
        }
      });
      noClasses()
          .that(residesIn(room.getValue().packages()))
          .should()
          .dependOnClassesThat(residesIn(others))
          .because(room.getKey() + " may reach " + new TreeSet<>(reachable))
          .check(CLASSES);
    }
  }

  @Test
  void everyClassLivesInThePackageOfAModule() {
    List<String> all = ROOMS.values().stream().flatMap(room -> room.packages().stream()).toList();
    noClasses().should(be(DescribedPredicate.not(residesIn(all)))).check(CLASSES);
  }

  @Test
  void packagesFormNoCycles() {
    slices().matching("dev.heddle.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void classesAreNamedAfterTheirJob() {
    noClasses()
        .that(DescribedPredicate.not(residesIn(GENERATED)))
        .should()
        .haveNameMatching(".*(Util|Utils|Helper|Helpers|Manager|Impl)(\\$.*)?")
        .because("such a name does not say what the class is for")
        .check(CLASSES);
  }

  @Test
  void protobufStopsAtTheEdges() {
    Pattern edge = Pattern.compile(".*(GrpcService|GrpcClient|Wire)");
    DescribedPredicate<JavaClass> isNoEdge =
        describe(
            "are not a *GrpcService, *GrpcClient or *Wire",
            type -> !edge.matcher(outermost(type).getSimpleName()).matches());
    noClasses()
        .that(DescribedPredicate.not(residesIn(GENERATED)))
        .and(isNoEdge)
        .should()
        .dependOnClassesThat(residesIn(GENERATED).or(resideInAPackage("com.google.protobuf..")))
        .check(CLASSES);
  }

  @Test
  void ratisStaysInsideReplication() {
    noClasses()
        .that(DescribedPredicate.not(resideInAPackage("dev.heddle.replication..")))
        .should()
        .dependOnClassesThat(resideInAPackage("org.apache.ratis.."))
        .because("what replicates could be another library without anyone else noticing")
        .check(CLASSES);
  }

  @Test
  void nobodySleepsOrReadsTheWallClock() {
    Pattern forbidden =
        Pattern.compile(
            "\\bThread\\s*\\.\\s*sleep\\b|\\bTimeUnit\\.\\w+\\s*\\.\\s*sleep\\b"
                + "|\\bcurrentTimeMillis\\s*\\(");
    assertNone(
        "use the injected clock, and wait for conditions",
        javaFiles().flatMap(file -> linesWith(file, forbidden)));
  }

  @Test
  void filesFitInAHead() {
    assertNone(
        "more than " + MAX_LINES + " lines: split by job",
        javaFiles().filter(file -> lines(file).size() > MAX_LINES).map(TidyTest::shown));
  }

  @Test
  void everyPackageSaysWhatItIsForAndIsNullMarked() {
    Set<String> packages = new TreeSet<>();
    Set<String> explained = new HashSet<>();
    javaFiles()
        .forEach(file -> {
          String module = CHECKOUT.relativize(file).getName(0).toString();
          String name = module + ": " + packageOf(file);
          packages.add(name);
          String text = String.join("\n", lines(file));
          if (file.endsWith("package-info.java")
              && text.contains("/**")
              && text.contains("@NullMarked")) {
            explained.add(name);
          }
        });
    packages.removeAll(explained);
    assertEquals(Set.of(), packages, "packages without a @NullMarked package-info.java with text");
  }

  @Test
  void sampleFunctionsUseTheFunctionApiAlone() {
    Pattern foreign =
        Pattern.compile(
            "^import (?:static )?(?!java\\.|dev\\.heddle\\.function\\.|org\\.jspecify\\.)");
    assertNone(
        "a function compiles against function-api and nothing else",
        javaFiles()
            .filter(file ->
                SAMPLES.stream()
                    .anyMatch(sample -> file.startsWith(CHECKOUT.resolve(sample + "/functions"))))
            .flatMap(file -> linesWith(file, foreign)));
  }

  private static Set<String> reachableFrom(String module) {
    Room room = requireNonNull(ROOMS.get(module), module);
    Set<String> reachable = new HashSet<>(Set.of(module));
    for (String next : room.arrows()) {
      reachable.addAll(reachableFrom(next));
    }
    return reachable;
  }

  private static DescribedPredicate<JavaClass> residesIn(List<String> packages) {
    return resideInAnyPackage(packages.toArray(String[]::new));
  }

  private static JavaClass outermost(JavaClass type) {
    return type.getEnclosingClass().map(TidyTest::outermost).orElse(type);
  }

  /**
   * Every Java file that people wrote, tests and sample functions included; what others begin with
   * is theirs.
   */
  private static Stream<Path> javaFiles() {
    List<Path> files = new ArrayList<>();
    for (String module : ROOMS.keySet()) {
      for (String folder : List.of("src", "functions")) {
        Path root = CHECKOUT.resolve(module).resolve(folder);
        if (Files.isDirectory(root)) {
          try (Stream<Path> tree = Files.walk(root)) {
            tree.filter(file -> file.toString().endsWith(".java"))
                .filter(Files::isRegularFile)
                .filter(file -> !file.startsWith(root.resolve("main/resources")))
                .forEach(files::add);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        }
      }
    }
    assertTrue(files.size() > 2, () -> "found no sources below " + CHECKOUT);
    return files.stream().sorted();
  }

  private static String packageOf(Path file) {
    return lines(file).stream()
        .filter(line -> line.startsWith("package "))
        .findFirst()
        .orElse("(no package)");
  }

  private static Stream<String> linesWith(Path file, Pattern pattern) {
    List<String> lines = lines(file);
    List<String> hits = new ArrayList<>();
    for (int i = 0; i < lines.size(); i++) {
      if (pattern.matcher(lines.get(i)).find()) {
        hits.add(shown(file) + ":" + (i + 1) + ": " + lines.get(i).strip());
      }
    }
    return hits.stream();
  }

  private static List<String> lines(Path file) {
    try {
      return Files.readAllLines(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String shown(Path file) {
    return CHECKOUT.relativize(file).toString();
  }

  private static void assertNone(String why, Stream<String> offenders) {
    List<String> found = offenders.toList();
    assertTrue(found.isEmpty(), () -> why + ":\n" + String.join("\n", found));
  }
}
