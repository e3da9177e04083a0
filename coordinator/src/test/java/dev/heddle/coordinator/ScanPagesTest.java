package dev.heddle.coordinator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.ScanRequest;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class ScanPagesTest {
  @TempDir Path directory;

  private TestCoordinator cluster;

  @BeforeEach
  void start() {
    cluster = new TestCoordinator(directory, 1);
  }

  @AfterEach
  void close() {
    cluster.close();
  }

  @Test
  void aPageFitsAMessageThatAnyClientTakes() throws Exception {
    cluster.create("books", 2, 1);
    var text = ByteString.copyFromUtf8("x".repeat(3_800));
    for (int i = 0; i < 1_000; i++) {
      var id = "%04d-".formatted(i) + "é".repeat(250);
      cluster
          .datasets("")
          .putDocument(
              PutDocumentRequest.newBuilder().setDataset("books").setId(id).setJson(text).build());
    }
    var channel =
        Grpc.newChannelBuilder(cluster.address().toString(), InsecureChannelCredentials.create())
            .build();
    try {
      var datasets = DatasetsGrpc.newBlockingStub(channel);
      var scan = ScanRequest.newBuilder().setDataset("books").setLimit(1_000);
      int seen = 0;
      boolean more = true;
      while (more) {
        var page = datasets.scan(scan.build());
        assertTrue(page.getDocumentsCount() > 100);
        seen += page.getDocumentsCount();
        scan.setAfter(page.getDocuments(page.getDocumentsCount() - 1).getId());
        more = page.getMore();
      }
      assertEquals(1_000, seen);
    } finally {
      assertTrue(channel.shutdownNow().awaitTermination(60, TimeUnit.SECONDS));
    }
  }
}
