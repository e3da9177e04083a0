package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DbpediaCorpusTest {
  private static final Path CACHED =
      Path.of(
          System.getProperty("user.home"),
          ".m2/repository/org/apache/stanbol/org.apache.stanbol.data.sites.dbpedia/1.1.0",
          "org.apache.stanbol.data.sites.dbpedia-1.1.0.jar");

  @Test
  void refusesAnotherFileWithItsDigest(@TempDir Path folder) throws IOException {
    var file = Files.writeString(folder.resolve("corpus.jar"), "something else");
    var corpus = new DbpediaCorpus(file, "{}");
    var error = assertThrows(CorpusException.class, corpus::open);
    assertTrue(
        String.valueOf(error.getMessage()).contains("expected: sha256 " + DbpediaCorpus.SHA_256));
    assertTrue(Files.exists(file), "a user's own file stays");
  }

  @Test
  void readsEveryArticleOfTheIndex() throws IOException {
    assumeTrue(Files.exists(CACHED), "the corpus is not in the local Maven repository");
    int documents = 0;
    var einstein = "";
    try (var run = new DbpediaCorpus(CACHED, "{}").open()) {
      while (run.hasNext()) {
        var document = run.next();
        documents++;
        if (document.id().endsWith("/Albert_Einstein")) {
          einstein = new String(document.json(), StandardCharsets.UTF_8);
        }
      }
      assertEquals(new Corpus.Progress(33_929, 33_929, 33_929), run.progress());
      assertEquals(Rejections.NONE, run.rejections());
    }
    assertEquals(33_929, documents);
    assertTrue(einstein.contains("\"aliases\":[\"Einstein\"]"), einstein);
    assertTrue(einstein.contains("\"birthDate\":\"1879-03-14\""), einstein);
    assertTrue(einstein.contains("\"decade\":[\"1870s\"]"), einstein);
    assertTrue(einstein.contains("\"type\":[\"Person\"]"), einstein);
    assertTrue(einstein.contains("\"mentions\":[\"Nobel Prize in Physics\""), einstein);
  }
}
