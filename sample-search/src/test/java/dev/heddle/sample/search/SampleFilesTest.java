package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
  void thePageLoadsNothingFromElsewhereAndHasNoInlineCode() throws IOException {
    var html = Files.readString(PAGES.resolve("index.html"));
    assertFalse(Pattern.compile("<script(?![^>]*\\ssrc=)").matcher(html).find(), "inline script");
    assertFalse(
        Pattern.compile("<style|\\sstyle=|\\son\\w+=").matcher(html).find(), "inline style");
    var loads = Pattern.compile("<(?:script|link|img|iframe)[^>]*(?:src|href)=\"(?:https?:)?//");
    assertFalse(loads.matcher(html).find(), "something from another host");
    var foreign = Pattern.compile("import [^;]*\"https?:|url\\(|@import|innerHTML|fetch\\(");
    for (var file : files()) {
      if (!file.toString().endsWith(".html")) {
        assertFalse(foreign.matcher(Files.readString(file)).find(), file.toString());
      }
    }
  }

  @Test
  void everyImportLeadsToAFile() throws IOException {
    var imports = Pattern.compile("from \"(\\./[^\"]+)\"");
    for (var file : files()) {
      var path = file.toAbsolutePath();
      imports
          .matcher(Files.readString(file))
          .results()
          .map(found -> path.resolveSibling(found.group(1)))
          .forEach(target -> assertTrue(Files.exists(target), target.toString()));
    }
  }

  @Test
  void thePageNamesTheRangesOfTheApp() throws IOException {
    var inApp = keys("key: ([\\w-]+)", APP.resolve("app.yaml"));
    var inPage = keys("\"?([\\w-]+)\"?: \\{ label:", PAGES.resolve("modules/question.js"));
    assertEquals(inApp, inPage);
    assertEquals(5, inApp.size());
  }

  @Test
  void theSchemaHasTheFieldsThatTheAppAsksFor() throws IOException {
    var schema = JsonMapper.shared().readTree(Files.readString(APP.resolve("schema.json")));
    var names = new TreeSet<String>();
    schema.get("fields").forEach(field -> assertTrue(names.add(field.get("name").stringValue())));
    var asked = keys("field: (\\w+)", APP.resolve("app.yaml"));
    assertTrue(names.containsAll(asked), asked + " of " + names);
    assertTrue(names.contains(schema.get("rank").get("field").stringValue()));
  }

  private static Set<String> keys(String pattern, Path file) throws IOException {
    var keys = new TreeSet<String>();
    Pattern.compile(pattern)
        .matcher(Files.readString(file))
        .results()
        .forEach(found -> keys.add(found.group(1)));
    return keys;
  }

  private static List<Path> files() throws IOException {
    try (var files = Files.walk(PAGES)) {
      return files.filter(Files::isRegularFile).toList();
    }
  }
}
