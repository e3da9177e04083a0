package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonlCorpusTest {
  private static final JsonlCorpus.Limits SMALL = new JsonlCorpus.Limits(200, 100);

  @TempDir Path folder;

  @Test
  void readsPlainAndGzipAlike() throws IOException {
    var text = "\ufeff{\"id\":\"a\",\"title\":\"Größe\"}\n\n{\"title\":\"B\",\"id\":7}";
    var plain = Files.writeString(folder.resolve("plain"), text);
    var packed = folder.resolve("packed");
    try (var out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      out.write(text.getBytes(StandardCharsets.UTF_8));
    }
    var expected = List.of("a {\"title\":\"Größe\"}", "7 {\"title\":\"B\"}");
    assertEquals(expected, read(plain).documents());
    assertEquals(expected, read(packed).documents());
  }

  @Test
  void countsRejectedLinesWithTheFirstReasons() throws IOException {
    var lines = new ArrayList<String>();
    lines.add("{\"id\":\"good\"}");
    lines.add("not json");
    lines.add("[1]");
    lines.add("{\"title\":\"no id\"}");
    lines.add("{\"id\":true}");
    lines.add("{\"id\":\"long\",\"body\":\"" + "x".repeat(300) + "\"}");
    lines.add("{\"id\":\"twice\",\"a\":1,\"a\":2}");
    lines.add("{\"id\":\"last\"}");
    var read = read(Files.write(folder.resolve("mixed"), lines));
    assertEquals(List.of("good {}", "last {}"), read.documents());
    assertEquals(6, read.rejections().count());
    var first = read.rejections().first().stream().map(Object::toString).toList();
    assertEquals(Rejections.KEPT, first.size());
    assertTrue(first.get(0).startsWith("line 2: not JSON: "), first.get(0));
    assertEquals("line 3: [1] (expected: a JSON object)", first.get(1));
    assertEquals("line 4: id: missing (expected: a string that is not empty)", first.get(2));
    assertEquals("line 5: id: true (expected: a string that is not empty)", first.get(3));
    assertEquals("line 6: longer than 200 bytes", first.get(4));
  }

  @Test
  void progressReachesTheEndOfTheFile() throws IOException {
    var file = Files.writeString(folder.resolve("some"), "{\"id\":\"a\"}\n");
    try (var run = new JsonlCorpus(file, Optional.empty(), SMALL).open()) {
      assertEquals(0, run.progress().documents());
      run.next();
      assertEquals(new Corpus.Progress(1, 11, 11), run.progress());
      assertEquals(1.0, run.progress().ratio());
    }
  }

  @Test
  void infersASchemaFromTheFirstDocuments() throws IOException {
    var lines =
        IntStream.range(0, 30)
            .mapToObj(i ->
                """
                {"id":"%d","title":"Title %d","body":"Text %d","kind":"k%d","year":%d,\
                "price":%s,"day":"2024-01-%02d","at":{"lat":1,"lon":2},"tags":["x","y"],\
                "site":"https://example.org/%d","odd":%s,"gone":null}\
                """
                    .formatted(
                        i,
                        i,
                        i,
                        i % 3,
                        i,
                        i % 2 == 0 ? "1" : "1.5",
                        i % 28 + 1,
                        i,
                        i % 2 == 0 ? "true" : "1"))
            .toList();
    var file = Files.write(folder.resolve("typed"), lines);
    assertEquals(
        """
        {"fields":[{"name":"title","type":"text","analyzer":"english","weight":3.0},\
        {"name":"body","type":"text","analyzer":"english","weight":1.0},\
        {"name":"kind","type":"keyword"},{"name":"year","type":"long"},\
        {"name":"price","type":"double"},{"name":"day","type":"date"},\
        {"name":"at","type":"geoPoint"},{"name":"tags","type":"keyword","multi":true},\
        {"name":"site","type":"stored"},{"name":"odd","type":"stored"},\
        {"name":"gone","type":"stored"}]}\
        """,
        new JsonlCorpus(file, Optional.empty(), JsonlCorpus.Limits.DEFAULT).schemaJson());
  }

  @Test
  void aFileWithoutDocumentsHasNoSchema() throws IOException {
    var file = Files.writeString(folder.resolve("bad"), "oops\n");
    var corpus = new JsonlCorpus(file, Optional.empty(), SMALL);
    var error = assertThrows(CorpusException.class, corpus::schemaJson);
    assertTrue(
        String.valueOf(error.getMessage()).contains("line 1: not JSON"),
        String.valueOf(error.getMessage()));
  }

  @Test
  void aDamagedGzipFileIsAClearError() throws IOException {
    var file = Files.write(folder.resolve("cut.gz"), new byte[] {0x1f, (byte) 0x8b, 8});
    var corpus = new JsonlCorpus(file, Optional.empty(), SMALL);
    var error = assertThrows(CorpusException.class, corpus::open);
    assertTrue(
        String.valueOf(error.getMessage()).contains("cut.gz"), String.valueOf(error.getMessage()));
  }

  private static Read read(Path file) throws IOException {
    var documents = new ArrayList<String>();
    try (var run = new JsonlCorpus(file, Optional.empty(), SMALL).open()) {
      run.forEachRemaining(document ->
          documents.add(document.id() + " " + new String(document.json(), StandardCharsets.UTF_8)));
      return new Read(documents, run.rejections());
    }
  }

  private record Read(List<String> documents, Rejections rejections) {}
}
