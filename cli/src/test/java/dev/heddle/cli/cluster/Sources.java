package dev.heddle.cli.cluster;

import com.google.protobuf.ByteString;
import dev.heddle.cli.client.FunctionPackage;
import dev.heddle.v1.DeployRequest;
import dev.heddle.v1.Function;
import dev.heddle.v1.FunctionsGrpc;
import io.grpc.Channel;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Functions from source text, compiled and deployed as {@code heddle deploy} does it. */
final class Sources {
  private Sources() {}

  static FunctionPackage compile(Path folder, String manifest, String className, String source) {
    try {
      var file = folder.resolve("src/main/java").resolve(className.replace('.', '/') + ".java");
      Files.createDirectories(file.getParent());
      Files.writeString(folder.resolve("heddle.yaml"), manifest);
      Files.writeString(file, source);
      return FunctionPackage.read(
          folder, new PrintWriter(System.err, true, StandardCharsets.UTF_8));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  static Function deploy(Channel channel, FunctionPackage function) {
    return FunctionsGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, TimeUnit.SECONDS)
        .deploy(
            DeployRequest.newBuilder()
                .setManifestYaml(function.manifestYaml())
                .setCode(ByteString.copyFrom(function.code()))
                .build());
  }

  /** A handler that answers every event with its version. */
  static FunctionPackage greeter(Path folder, String version) {
    return compile(
        folder,
        "name: greeter\nruntime: java\nentry: sample.Greeter\n",
        "sample.Greeter",
        """
        package sample;
        import dev.heddle.function.*;
        import java.util.Map;
        public final class Greeter implements Handler {
          public Object handle(Event event, Context context) {
            return Map.of("statusCode", 200, "body", "%s");
          }
        }
        """
            .formatted(version));
  }

  /** A handler that counts its calls in the session. */
  static FunctionPackage counter(Path folder) {
    return compile(
        folder,
        "name: counter\nruntime: java\nentry: sample.Counter\n",
        "sample.Counter",
        """
        package sample;
        import dev.heddle.function.*;
        import java.util.Map;
        public final class Counter implements Handler {
          public Object handle(Event event, Context context) {
            Session session = context.session();
            while (true) {
              Object before = session.get("count");
              long next = before == null ? 1 : (Long) before + 1;
              if (session.replace("count", before, next)) {
                return Map.of("count", next);
              }
            }
          }
        }
        """);
  }
}
