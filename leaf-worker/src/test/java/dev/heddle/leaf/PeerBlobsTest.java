package dev.heddle.leaf;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.heddle.catalog.NodeRecord;
import dev.heddle.engine.BlobStore;
import dev.heddle.engine.PeerBlobsGrpcClient;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.DataSize;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
final class PeerBlobsTest {
  @TempDir private Path directory;

  @Test
  void aFullStoreIsNoReasonToHaveNoCode() throws Exception {
    byte[] code = "code".getBytes(StandardCharsets.UTF_8);
    String digest = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(code));
    try (var closer = new Closer()) {
      var leaf = closer.register("leaf", new LocalLeaf(directory));
      var there = new BlobStore(directory.resolve("there"));
      there.put(digest, code);
      var server =
          closer.register(
              "server",
              new GrpcServer(
                  "blobs",
                  new HostPort("127.0.0.1", 0),
                  List.of(new BlobsGrpcService(there)),
                  ServerOptions.internal(Credentials.none()),
                  false));
      server.start();
      leaf.client()
          .register(
              new NodeRecord(
                  "peer", "run-1", Set.of("leaf"), server.address().toString(), "", "", ""),
              Duration.ofMinutes(5));
      eventually("the peer is known", () -> leaf.client().view().node("peer").isPresent());
      var here = new BlobStore(directory.resolve("here"), DataSize.ofBytes(1));
      var source =
          new PeerBlobsGrpcClient(
              "here", here, leaf.client(), leaf.channels(), Duration.ofSeconds(60));
      assertArrayEquals(code, source.fetch(digest));
      assertEquals(List.of(), here.digests());
    }
  }
}
