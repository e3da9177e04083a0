package dev.heddle.sample.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** What the files beside the code promise each other. */
class SampleFilesTest {
  private static final Path PAGES = Path.of("pages");
  private static final Path APP = Path.of("app");

  @Test
  void thePageLoadsNothingFromElsewhereAndTakesNothingForHtml() throws IOException {
    var html = Files.readString(PAGES.resolve("index.html"));
    assertFalse(Pattern.compile("<script(?![^>]*\\ssrc=)").matcher(html).find(), "inline script");
    assertFalse(
        Pattern.compile("<style|\\sstyle=|\\son\\w+=").matcher(html).find(), "inline style");
    var foreign = Pattern.compile("https?:|url\\(|@import|innerHTML|outerHTML|insertAdjacentHTML");
    for (var file : files()) {
      if (!file.toString().endsWith(".svg")) {
        assertFalse(foreign.matcher(Files.readString(file)).find(), file.toString());
      }
    }
  }

  @Test
  void everyImportLeadsToAFileOrTheGatewaysClient() throws IOException {
    var imports = new TreeSet<String>();
    for (var file : files()) {
      imports.addAll(found("from \"([^\"]+)\"", file));
    }
    assertTrue(imports.remove("/heddle.js"), imports::toString);
    assertFalse(imports.isEmpty());
    for (var name : imports) {
      assertTrue(Files.exists(PAGES.resolve(name)), name);
    }
  }

  @Test
  void everyElementThatTheScriptsNameIsThere() throws IOException {
    var ids = found("\\sid=\"([\\w-]+)\"", PAGES.resolve("index.html"));
    var named = found("\\$\\(\"([\\w-]+)\"\\)", PAGES.resolve("app.js"));
    assertTrue(ids.containsAll(named), named + " of " + ids);
  }

  @Test
  void theAppNamesFunctionsAndFieldsThatThereAre() throws IOException {
    var yaml = APP.resolve("app.yaml");
    for (var function : found("function: ([\\w-]+)", yaml)) {
      assertTrue(Files.exists(Path.of("functions", function, "heddle.yaml")), function);
    }
    var schema = JsonMapper.shared().readTree(Files.readString(APP.resolve("schema.json")));
    var fields = new TreeSet<String>();
    schema.get("fields").forEach(field -> assertTrue(fields.add(field.get("name").stringValue())));
    var asked = found("fields: \\[(.*)]", yaml).iterator().next();
    assertEquals(fields, new TreeSet<>(List.of(asked.split(", "))));
  }

  /** A body of JSON travels as a string in JSON, so a quote is four characters there. */
  @Test
  void theLongestHistoryIsLessThanWhatWaitsForAClient() throws IOException {
    int hits = Integer.parseInt(found("\\bk: (\\d+)", APP.resolve("app.yaml")).iterator().next());
    assertEquals(
        Set.of("" + hits), found("NEWEST = (\\d+)", PAGES.resolve("app.js")), "of the page");
    for (var character : List.of("\"", "機", "\n")) {
      var fields =
          Map.of(
              "room", "r".repeat(32),
              "from", "機".repeat(24),
              "kind", "question",
              "text", character.repeat(500),
              "at", Long.MAX_VALUE);
      var hit =
          Map.of("id", "i".repeat(48), "version", Long.MAX_VALUE, "score", 0.1, "fields", fields);
      var json = JsonMapper.shared();
      var frame = json.writeValueAsString(json.writeValueAsString(Collections.nCopies(hits, hit)));
      int bytes = frame.getBytes(StandardCharsets.UTF_8).length;
      assertTrue(bytes < 63 * 1024, () -> bytes + " bytes of " + character);
    }
  }

  @Test
  void theReadmeNamesFilesThatThereAre() throws IOException {
    for (var link : found("\\]\\(([^)#:]+)[^)]*\\)", Path.of("README.md"))) {
      assertTrue(Files.exists(Path.of(link)), link);
    }
  }

  private static Set<String> found(String pattern, Path file) throws IOException {
    var found = new TreeSet<String>();
    Pattern.compile(pattern)
        .matcher(Files.readString(file))
        .results()
        .forEach(each -> found.add(each.group(1)));
    return found;
  }

  private static List<Path> files() throws IOException {
    try (var files = Files.walk(PAGES)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }
}
