package dev.heddle.loadtest.search;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.loadtest.peer.ServerProcess;
import dev.heddle.process.Closer;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The documents in plain Lucene: in one index, and in one for each shard. Owned by one thread; the
 * indexes may be searched by any.
 */
final class SearchFloors implements AutoCloseable {
  private final List<Path> folders = new ArrayList<>();
  private final List<LuceneIndex> shards = new ArrayList<>();
  private final LuceneIndex single;
  private final Path directory;
  private final Closer closer = new Closer();

  /**
   * Builds the indexes.
   *
   * @param directory takes them; is made
   */
  SearchFloors(Path directory, SearchDocuments documents, int shards) {
    this.directory = directory;
    try {
      Files.createDirectories(directory);
      this.single = built(directory.resolve("single"), documents.all());
      for (int shard = 0; shard < shards; shard++) {
        var own = new ArrayList<SearchDocuments.One>();
        for (int i = shard; i < documents.all().size(); i += shards) {
          own.add(documents.all().get(i));
        }
        var folder = directory.resolve("shard-" + shard);
        folders.add(folder);
        this.shards.add(built(folder, own));
      }
    } catch (IOException | RuntimeException e) {
      closer.closeAfter(e);
      throw new HeddleException(ErrorCode.STORAGE_FAILED, "bare Lucene: " + e, e);
    }
  }

  private LuceneIndex built(Path folder, List<SearchDocuments.One> documents) throws IOException {
    LuceneIndex.build(folder, documents);
    return closer.register(folder.toString(), LuceneIndex.open(folder));
  }

  LuceneIndex single() {
    return single;
  }

  FanOut fanOut() {
    return new FanOut(shards);
  }

  /** Starts processes that share the shards among them, behind plain gRPC. */
  FloorGrpcClient overGrpc(
      int leaves, DataSize heap, FreePorts ports, List<SearchQuery> queries, Ticker ticker) {
    var started = new ArrayList<ServerProcess>();
    for (int leaf = 0; leaf < leaves; leaf++) {
      var at = ports.next("127.0.0.1");
      var command = new ArrayList<String>();
      command.add("-Xmx" + (heap.bytes() >> 20) + "m");
      command.add("--enable-native-access=ALL-UNNAMED");
      command.add("--sun-misc-unsafe-memory-access=allow");
      command.add(FloorLeaf.class.getName());
      command.add(Integer.toString(at.port()));
      for (int shard = leaf; shard < folders.size(); shard += leaves) {
        command.add(folders.get(shard).toString());
      }
      started.add(
          closer.register(
              "floor leaf",
              ServerProcess.start(
                  ServerProcess.Plan.java(
                      "floor leaf",
                      command,
                      System.getProperty("java.class.path"),
                      directory.resolve("floor-" + leaf + ".log"),
                      at),
                  ticker)));
    }
    return closer.register("floor channels", new FloorGrpcClient(started, queries));
  }

  @Override
  public void close() {
    closer.close();
  }
}
