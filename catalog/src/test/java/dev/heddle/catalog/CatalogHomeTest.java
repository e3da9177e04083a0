package dev.heddle.catalog;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.catalog.CatalogHome.Note;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CatalogHomeTest {
  @TempDir Path directory;

  @Test
  void theNoteStays() {
    UUID cluster = UUID.randomUUID();
    try (CatalogHome home = CatalogHome.open(directory)) {
      assertEquals(Optional.empty(), home.note());
      home.note(new Note(cluster, true));
      assertEquals(Optional.of(new Note(cluster, true)), home.note());
      home.note(new Note(cluster, false));
    }
    try (CatalogHome home = CatalogHome.open(directory)) {
      assertEquals(Optional.of(new Note(cluster, false)), home.note());
    }
  }

  @Test
  void aNoteThatCannotBeReadIsRefused() throws Exception {
    try (CatalogHome home = CatalogHome.open(directory)) {
      for (String text : List.of("", "founding", "x member", UUID.randomUUID() + " guest")) {
        Files.writeString(directory.resolve("cluster"), text);
        HeddleException refused = assertThrows(HeddleException.class, home::note, text);
        assertSame(ErrorCode.STORAGE_FAILED, refused.code());
        assertTrue(refused.getMessage().contains("expected: the cluster's id"), text);
      }
    }
  }

  @Test
  void aDirectoryOfTheSingleFileFormIsRefusedAndLeftAsItIs() throws Exception {
    Files.writeString(directory.resolve("format"), "catalog 1\n");
    Files.writeString(directory.resolve("catalog.json"), "{}");
    refusesSingleFile("format catalog 1");
    assertEquals("{}", Files.readString(directory.resolve("catalog.json")));
    assertEquals("catalog 1\n", Files.readString(directory.resolve("format")));
    try (Stream<Path> files = Files.list(directory)) {
      assertEquals(2, files.count());
    }
    Files.delete(directory.resolve("catalog.json"));
    refusesSingleFile("format catalog 1");
    Files.delete(directory.resolve("format"));
    Files.writeString(directory.resolve("catalog.json"), "{}");
    refusesSingleFile("format none");
  }

  private void refusesSingleFile(String found) {
    HeddleException refused =
        assertThrows(HeddleException.class, () -> CatalogHome.open(directory));
    assertSame(ErrorCode.STORAGE_FAILED, refused.code());
    for (String part :
        List.of(
            directory.toString(),
            "single-file form",
            found,
            "expected: an empty directory or a replicated catalog, format catalog 2")) {
      assertTrue(refused.getMessage().contains(part), refused.getMessage());
    }
  }

  @Test
  void logAndStateArePutAsideNotDeleted() throws Exception {
    UUID cluster = UUID.randomUUID();
    try (CatalogHome home = CatalogHome.open(directory)) {
      home.note(new Note(cluster, false));
      for (String content : List.of("first", "second")) {
        Files.createDirectories(home.log().resolve(cluster.toString()));
        Files.writeString(home.log().resolve(cluster.toString()).resolve("entries"), content);
        Files.writeString(home.state(), content);
        assertTrue(home.hasLog(cluster));
        home.putAside();
        assertFalse(home.hasLog(cluster));
        assertFalse(Files.exists(home.state()));
        Path former = directory.resolve("former");
        assertEquals(content, Files.readString(former.resolve("state.json")));
        assertEquals(
            content,
            Files.readString(former.resolve("log").resolve(cluster.toString()).resolve("entries")));
      }
      home.putAside();
      assertEquals(Optional.of(new Note(cluster, false)), home.note());
    }
  }
}
