package dev.heddle.sample.search;

import eu.maveniverse.maven.mima.context.Context;
import eu.maveniverse.maven.mima.context.ContextOverrides;
import eu.maveniverse.maven.mima.context.Runtimes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.resolution.ArtifactRequest;
import org.eclipse.aether.resolution.ArtifactResolutionException;
import org.eclipse.aether.transfer.AbstractTransferListener;
import org.eclipse.aether.transfer.TransferEvent;

/**
 * Where the default corpus comes from: an artifact of the Maven world, fetched as Maven itself
 * would, with the user's settings, mirrors and proxies, into the user's local repository, which is
 * the cache. A file that is not what it should be is removed and never used.
 */
public final class CorpusSource {
  /** What {@link DbpediaCorpus} reads. */
  public static final String COORDINATES =
      "org.apache.stanbol:org.apache.stanbol.data.sites.dbpedia:jar:1.1.0";

  private final ContextOverrides overrides;

  /** With the user's settings. */
  public CorpusSource() {
    this(ContextOverrides.create().withUserSettings(true).build());
  }

  /** With settings of one's own, such as another local repository. */
  public CorpusSource(ContextOverrides overrides) {
    this.overrides = overrides;
  }

  /**
   * The verified jar, from the cache if it is there. A damaged one in the cache is fetched once
   * more.
   *
   * @throws CorpusException if it cannot be fetched, or is not what it should be
   */
  public Path fetch(Listener listener) throws IOException {
    var jar = resolve(listener);
    try {
      DbpediaCorpus.verify(jar);
      return jar;
    } catch (CorpusException damaged) {
      Files.deleteIfExists(jar);
      listener.damaged(damaged.getMessage() + "; removed, fetching it again");
    }
    jar = resolve(listener);
    try {
      DbpediaCorpus.verify(jar);
      return jar;
    } catch (CorpusException damaged) {
      Files.deleteIfExists(jar);
      throw new CorpusException(damaged.getMessage() + "; fetched twice, removed", damaged);
    }
  }

  private Path resolve(Listener listener) {
    var fetching = overrides.toBuilder().transferListener(new Bytes(listener)).build();
    try (Context context = Runtimes.INSTANCE.getRuntime().create(fetching)) {
      var request =
          new ArtifactRequest(
              new DefaultArtifact(COORDINATES), context.remoteRepositories(), "corpus");
      var session = context.repositorySystemSession();
      var result = context.repositorySystem().resolveArtifact(session, request);
      return result.getArtifact().getFile().toPath();
    } catch (ArtifactResolutionException e) {
      throw new CorpusException(
          "corpus "
              + COORDINATES
              + ": cannot be fetched: "
              + e.getMessage()
              + " (expected: access to a Maven repository, or --corpus FILE)",
          e);
    }
  }

  /** Hears how a fetch goes, on the fetching threads. */
  public interface Listener {
    Listener NONE = new Listener() {};

    /**
     * More has arrived.
     *
     * @param total -1 where unknown
     */
    default void progress(long bytes, long total) {}

    /** The cached file was not what it should be. */
    default void damaged(String message) {}
  }

  /** Only the jar counts; its checksums are small. */
  private static final class Bytes extends AbstractTransferListener {
    private final Listener listener;

    Bytes(Listener listener) {
      this.listener = listener;
    }

    @Override
    public void transferProgressed(TransferEvent event) {
      if (event.getResource().getResourceName().endsWith(".jar")) {
        listener.progress(event.getTransferredBytes(), event.getResource().getContentLength());
      }
    }
  }
}
