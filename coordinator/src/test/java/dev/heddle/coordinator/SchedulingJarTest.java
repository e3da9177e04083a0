package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.Change;
import dev.heddle.catalog.testing.LocalCatalog;
import dev.heddle.v1.InvokeRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real coordinator that schedules as a policy from a jar says. */
@Timeout(300)
class SchedulingJarTest {
  @TempDir Path directory;

  private CoordinatorConfig config(String scheduling) throws IOException {
    var jars = Files.createDirectories(directory.resolve("jars"));
    var config = TestCoordinator.CONFIG;
    return TestCoordinator.with(
        config,
        config.bulkIdle(),
        config.queries(),
        config.admission(),
        scheduling,
        PoliciesTest.config("c3", "none", Optional.of(PoliciesTest.jar(jars))));
  }

  @Test
  void thePolicyOfAJarChoosesTheLeaf() throws Exception {
    try (var coordinator = new TestCoordinator(directory, 3, config("last"))) {
      var function = HandlerRecords.handler("echo", HandlerRecords.version(1, 1, 0));
      LocalCatalog.write(coordinator.catalog, List.of(Change.put(function)));
      String last = coordinator.catalog.view().nodesWith("leaf").getLast().node();
      for (int i = 0; i < 10; i++) {
        var response =
            coordinator
                .invocations()
                .invoke(
                    InvokeRequest.newBuilder()
                        .setFunction("echo")
                        .setEventJson(ByteString.copyFromUtf8("7"))
                        .build());
        assertEquals(last, response.getNode());
        assertTrue(response.getPlacement().startsWith("last "), response::getPlacement);
      }
    }
  }

  @Test
  void aPolicyThatNobodyOffersEndsTheStart() throws IOException {
    var wrong = config("frist");
    var failure =
        assertThrows(
            IllegalArgumentException.class, () -> new TestCoordinator(directory, 0, wrong));
    assertTrue(String.valueOf(failure.getMessage()).startsWith("scheduling: frist"));
  }
}
