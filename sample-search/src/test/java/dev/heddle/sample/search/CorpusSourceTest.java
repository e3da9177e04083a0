package dev.heddle.sample.search;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.maveniverse.maven.mima.context.ContextOverrides;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.eclipse.aether.repository.RemoteRepository;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against a repository of files, so that nothing leaves this machine. */
class CorpusSourceTest {
  private static final String PATH =
      "org/apache/stanbol/org.apache.stanbol.data.sites.dbpedia/1.1.0/"
          + "org.apache.stanbol.data.sites.dbpedia-1.1.0.jar";

  @TempDir Path folder;
  private final List<String> damaged = new ArrayList<>();
  private long fetched;

  @BeforeEach
  void serveNothing() throws IOException {
    Files.createDirectories(remote().getParent());
  }

  @Test
  void aDamagedDownloadIsAClearErrorAndRemoved() throws IOException {
    Files.writeString(remote(), "cut short");
    var error = assertThrows(CorpusException.class, () -> source().fetch(listener()));
    assertTrue(
        String.valueOf(error.getMessage()).contains("sha256"), String.valueOf(error.getMessage()));
    assertTrue(
        String.valueOf(error.getMessage()).contains("expected: sha256 " + DbpediaCorpus.SHA_256));
    assertFalse(Files.exists(local()), "the damaged file is gone");
    assertEquals(1, damaged.size());
    assertTrue(fetched > 0, "progress was told");
  }

  @Test
  void anUnreachableCorpusSaysWhatToDo() {
    var error = assertThrows(CorpusException.class, () -> source().fetch(listener()));
    assertTrue(
        String.valueOf(error.getMessage()).contains("cannot be fetched"),
        String.valueOf(error.getMessage()));
    assertTrue(
        String.valueOf(error.getMessage()).contains("--corpus FILE"),
        String.valueOf(error.getMessage()));
  }

  private Path remote() {
    return folder.resolve("remote").resolve(PATH);
  }

  private Path local() {
    return folder.resolve("local").resolve(PATH);
  }

  private CorpusSource source() {
    var repository =
        new RemoteRepository.Builder(
                "files", "default", folder.resolve("remote").toUri().toString())
            .build();
    return new CorpusSource(
        ContextOverrides.create()
            .withUserSettings(false)
            .withLocalRepositoryOverride(folder.resolve("local"))
            .repositories(List.of(repository))
            .addRepositoriesOp(ContextOverrides.AddRepositoriesOp.REPLACE)
            .build());
  }

  private CorpusSource.Listener listener() {
    return new CorpusSource.Listener() {
      @Override
      public void progress(long bytes, long total) {
        fetched = bytes;
      }

      @Override
      public void damaged(String message) {
        damaged.add(message);
      }
    };
  }
}
