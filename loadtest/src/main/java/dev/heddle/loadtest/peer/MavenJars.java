package dev.heddle.loadtest.peer;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import eu.maveniverse.maven.mima.context.Context;
import eu.maveniverse.maven.mima.context.ContextOverrides;
import eu.maveniverse.maven.mima.context.Runtimes;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.aether.artifact.DefaultArtifact;
import org.eclipse.aether.collection.CollectRequest;
import org.eclipse.aether.graph.Dependency;
import org.eclipse.aether.resolution.DependencyRequest;
import org.eclipse.aether.resolution.DependencyResolutionException;

/**
 * An artifact of the Maven world with all that it needs to run, fetched as Maven itself would, with
 * the user's settings, into the user's local repository, which is the cache.
 */
public final class MavenJars {
  private MavenJars() {}

  /**
   * The jars, the artifact's own first.
   *
   * @param coordinates {@code group:artifact:version}
   * @throws HeddleException UNAVAILABLE if they cannot be had
   */
  public static List<Path> of(String coordinates) {
    var overrides = ContextOverrides.create().withUserSettings(true).build();
    try (Context context = Runtimes.INSTANCE.getRuntime().create(overrides)) {
      var collect =
          new CollectRequest(
              new Dependency(new DefaultArtifact(coordinates), "runtime"),
              context.remoteRepositories());
      return context
          .repositorySystem()
          .resolveDependencies(
              context.repositorySystemSession(), new DependencyRequest(collect, null))
          .getArtifactResults()
          .stream()
          .map(result -> result.getArtifact().getFile().toPath())
          .toList();
    } catch (DependencyResolutionException e) {
      throw new HeddleException(
          ErrorCode.UNAVAILABLE, coordinates + ": cannot be fetched: " + e.getMessage(), e);
    }
  }
}
