package dev.heddle.shard;

import static dev.heddle.process.testing.Eventually.eventually;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.internal.v1.FetchSnapshotRequest;
import dev.heddle.internal.v1.SnapshotChunk;
import dev.heddle.internal.v1.SnapshotsGrpc;
import dev.heddle.process.Channels;
import dev.heddle.process.Closer;
import dev.heddle.process.Credentials;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.GrpcServer;
import dev.heddle.process.HostPort;
import dev.heddle.process.ServerOptions;
import dev.heddle.process.Threads;
import dev.heddle.replication.LogPosition;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.IndexCommit;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.KeepOnlyLastCommitDeletionPolicy;
import org.apache.lucene.index.NoMergePolicy;
import org.apache.lucene.index.SnapshotDeletionPolicy;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.FilterDirectory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class SnapshotTransferTest {
  private static final UUID GROUP = new UUID(1, 2);
  private static final LogPosition AT = new LogPosition(3, 17);
  private static final Duration LONG = Duration.ofSeconds(60);

  private final Closer closer = new Closer();
  private final Channels channels = closer.register("channels", new Channels(Credentials.none()));
  private final AtomicInteger held = new AtomicInteger();
  private final AtomicInteger opened = new AtomicInteger();
  private final List<Double> progress = new ArrayList<>();
  private LogPosition at = AT;
  private List<String> names = List.of();
  @TempDir Path folder;
  private Path from = Path.of("");
  private Path into = Path.of("");

  @BeforeEach
  void folders() throws IOException {
    from = Files.createDirectory(folder.resolve("from"));
    into = folder.resolve("shard/incoming");
  }

  @AfterEach
  void close() {
    closer.close();
  }

  @Test
  void everyByteOfACommitArrivesOverTcpAndInProcess() throws Exception {
    files(0, 1, 1000, SnapshotsGrpcService.CHUNK, SnapshotsGrpcService.CHUNK + 1, 3_000_001);
    for (boolean local : new boolean[] {false, true}) {
      GrpcServer server = serve(1, LONG);
      if (local) {
        channels.local(server);
      }
      Files.createDirectories(into.resolve("left/over"));
      Files.writeString(into.resolve("complete"), "an old one");
      progress.clear();
      assertEquals(AT, fetch(server, LONG));
      for (String name : names) {
        assertArrayEquals(
            Files.readAllBytes(from.resolve(name)), Files.readAllBytes(into.resolve(name)));
      }
      assertEquals("term=3 index=17\n", Files.readString(into.resolve("complete")));
      assertEquals(names.size() + 1, count(into));
      assertEquals(1.0, progress.getLast());
      assertEquals(progress.stream().sorted().toList(), progress);
      eventually("given back", () -> held.get() == 0);
    }
  }

  @Test
  void aFetchedIndexIsReadAsItWas() throws Exception {
    SnapshotDeletionPolicy commits =
        new SnapshotDeletionPolicy(new KeepOnlyLastCommitDeletionPolicy());
    try (Directory directory = FSDirectory.open(from);
        IndexWriter writer =
            new IndexWriter(
                directory,
                new IndexWriterConfig()
                    .setIndexDeletionPolicy(commits)
                    .setMergePolicy(NoMergePolicy.INSTANCE))) {
      for (int i = 0; i < 300; i++) {
        Document document = new Document();
        document.add(new StringField("id", "id" + i, Field.Store.YES));
        document.add(new NumericDocValuesField("n", i));
        writer.addDocument(document);
        if (i % 100 == 99) {
          writer.commit();
        }
      }
      writer.deleteDocuments(new Term("id", "id7"));
      writer.updateNumericDocValue(new Term("id", "id8"), "n", 1_000);
      writer.commit();
      IndexCommit commit = commits.snapshot();
      names = List.copyOf(commit.getFileNames());
      assertTrue(names.stream().anyMatch(name -> name.endsWith(".liv")), names.toString());
      // The commit is held: what comes later does not touch it.
      writer.deleteAll();
      writer.commit();
      GrpcServer server = serve(1, LONG);
      assertEquals(AT, fetch(server, LONG));
      commits.release(commit);
    }
    IncomingSnapshot.finish(folder.resolve("shard"));
    try (Directory directory = FSDirectory.open(folder.resolve("shard/index"));
        DirectoryReader reader = DirectoryReader.open(directory)) {
      assertEquals(299, reader.numDocs());
      assertEquals(3, reader.leaves().size());
    }
  }

  @Test
  void noMoreThanAllowedAreSentAtOnce() throws Exception {
    files(5_000_000);
    GrpcServer server = serve(1, LONG);
    channels.local(server);
    Taker taker = new Taker(1);
    taker.call(server, GROUP.toString());
    eventually("one is sent", () -> held.get() == 1);
    assertFails(server, LONG, "snapshots: 1 being sent (expected: fewer than 1)");
    assertEquals(1, held.get());
    taker.more(1_000);
    eventually("ended", () -> taker.ended);
    eventually("given back", () -> held.get() == 0);
    assertEquals(AT, fetch(server, LONG));
  }

  @Test
  void nothingIsReadBeforeTheReceiverTakesIt() throws Exception {
    files(1_000_000, 1_000_000, 1_000_000);
    GrpcServer server = serve(1, LONG);
    channels.local(server);
    Taker taker = new Taker(1);
    taker.call(server, GROUP.toString());
    eventually("header", () -> taker.chunks.get() == 1);
    assertTrue(opened.get() <= 1, () -> opened + " files read for a header");
    taker.more(5);
    eventually("first file", () -> taker.chunks.get() == 6);
    assertTrue(opened.get() <= 2, () -> opened + " files read");
    taker.more(1_000);
    eventually("ended", () -> taker.ended);
    assertEquals(1 + 3 * (1 + 4 + 1), taker.chunks.get());
  }

  @Test
  void aCancelledOneIsGivenBack() throws Exception {
    files(5_000_000);
    GrpcServer server = serve(1, LONG);
    for (boolean local : new boolean[] {false, true}) {
      if (local) {
        channels.local(server);
      }
      Taker taker = new Taker(1);
      taker.call(server, GROUP.toString());
      eventually("header", () -> taker.chunks.get() == 1);
      assertEquals(1, held.get());
      taker.cancel();
      eventually("given back", () -> held.get() == 0);
      // A little later than that.
      eventually("place is free", () -> fetched(server));
    }
  }

  @Test
  void aReceiverThatTakesNothingIsGivenUp() throws Exception {
    files(5_000_000);
    GrpcServer server = serve(1, Duration.ofMillis(100));
    channels.local(server);
    Taker taker = new Taker(1);
    taker.call(server, GROUP.toString());
    eventually("given up", () -> held.get() == 0 && taker.ended);
    assertEquals(ErrorCode.DEADLINE_EXCEEDED, taker.failure());
  }

  @Test
  void aServerThatClosesEndsWhatItSends() throws Exception {
    files(5_000_000);
    GrpcServer server = serve(1, LONG);
    channels.local(server);
    Taker taker = new Taker(1);
    taker.call(server, GROUP.toString());
    eventually("header", () -> taker.chunks.get() == 1);
    server.close();
    eventually("ended", () -> taker.ended && held.get() == 0);
    assertEquals(ErrorCode.UNAVAILABLE, taker.failure());
  }

  @Test
  void whatIsNotThereOrNotReadableIsToldWithItsCode() throws Exception {
    files(10, 20);
    GrpcServer server = serve(2, LONG);
    assertEquals(ErrorCode.NOT_OWNER, code(server, new UUID(9, 9).toString()));
    assertEquals(ErrorCode.INVALID_REQUEST, code(server, "no uuid"));
    Files.delete(from.resolve(names.getLast()));
    assertEquals(ErrorCode.STORAGE_FAILED, code(server, GROUP.toString()));
    eventually("given back", () -> held.get() == 0);
    assertFails(server, LONG, "expected: readable files");
    assertEquals(0, count(into));
  }

  @Test
  void whereNothingIsDurableYetThereIsNothingToFetch() throws Exception {
    files(10);
    at = LogPosition.NONE;
    GrpcServer server = serve(1, LONG);
    assertEquals(LogPosition.NONE, fetch(server, LONG));
    assertEquals(0, count(into));
    assertEquals(List.of(), progress);
    eventually("given back", () -> held.get() == 0);
  }

  @Test
  void whatIsGivenBackBadlyHasArrivedAllTheSame() throws Exception {
    files(10);
    GrpcServer server =
        start(
            new SnapshotsGrpcService(
                group ->
                    Optional.of(
                        new HeldCommit(
                            AT,
                            directory(),
                            names,
                            () -> {
                              throw new IllegalStateException("index closed");
                            })),
                1));
    assertEquals(AT, fetch(server, LONG));
    eventually("place is free", () -> fetched(server));
  }

  @Test
  void aServerThatFallsSilentIsGivenUp() throws Exception {
    AtomicReference<String> end = new AtomicReference<>("");
    GrpcServer server =
        start(new ScriptedSnapshots(List.of(ScriptedSnapshots.header(1, 10)), end, false));
    // Long enough for the header to come before that.
    assertFails(server, Duration.ofSeconds(2), "nothing came for 2s");
    eventually("cancelled", () -> end.get().equals("cancelled"));
    assertEquals(0, count(into));
  }

  @Test
  void anInterruptedFetchCancelsItsCall() throws Exception {
    AtomicReference<String> end = new AtomicReference<>("");
    GrpcServer server =
        start(new ScriptedSnapshots(List.of(ScriptedSnapshots.header(1, 10)), end, false));
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    Thread thread =
        Threads.virtual("fetch")
            .newThread(() -> {
              try {
                fetch(server, LONG);
                failure.complete(new AssertionError("fetched"));
              } catch (IOException | InterruptedException e) {
                failure.complete(e);
              }
            });
    thread.start();
    eventually("waits", () -> end.get().equals("sent"));
    thread.interrupt();
    assertEquals(InterruptedException.class, failure.get().getClass());
    eventually("cancelled", () -> end.get().equals("cancelled"));
  }

  @Test
  void aNodeThatIsNotThereIsAnError() throws Exception {
    SnapshotsGrpcClient client = new SnapshotsGrpcClient(node -> Optional.empty(), channels, LONG);
    IOException unknown =
        assertThrows(IOException.class, () -> client.fetch("gone", GROUP, into, part -> {}));
    assertEquals("node: gone (expected: one that lives)", unknown.getMessage());
    GrpcServer server = serve(1, LONG);
    server.close();
    assertFails(server, LONG, "snapshot of group " + GROUP);
  }

  private GrpcServer serve(int most, Duration patience) {
    return start(
        new SnapshotsGrpcService(
            group -> group.equals(GROUP) ? Optional.of(hold()) : Optional.empty(), most, patience));
  }

  private HeldCommit hold() {
    held.incrementAndGet();
    return new HeldCommit(at, directory(), names, held::decrementAndGet);
  }

  private Directory directory() {
    try {
      return new FilterDirectory(FSDirectory.open(from)) {
        @Override
        public IndexInput openInput(String name, IOContext context) throws IOException {
          opened.incrementAndGet();
          return super.openInput(name, context);
        }
      };
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private GrpcServer start(io.grpc.BindableService service) {
    GrpcServer server =
        new GrpcServer(
            "snapshots",
            new HostPort("127.0.0.1", 0),
            List.of(service),
            ServerOptions.internal(Credentials.none()),
            false);
    closer.register("server", server);
    server.start();
    return server;
  }

  private void files(int... sizes) throws IOException {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < sizes.length; i++) {
      byte[] content = new byte[sizes[i]];
      new Random(i).nextBytes(content);
      all.add("_" + i + ".cfs");
      Files.write(from.resolve(all.getLast()), content);
    }
    names = all;
  }

  private LogPosition fetch(GrpcServer server, Duration stall)
      throws IOException, InterruptedException {
    return new SnapshotsGrpcClient(
            node -> Optional.of(server.address().toString()), channels, stall)
        .fetch("leader", GROUP, into, progress::add);
  }

  private boolean fetched(GrpcServer server) throws InterruptedException {
    try {
      return fetch(server, LONG).equals(AT);
    } catch (IOException e) {
      return false;
    }
  }

  private void assertFails(GrpcServer server, Duration stall, String message) throws IOException {
    IOException failure = assertThrows(IOException.class, () -> fetch(server, stall));
    assertTrue(String.valueOf(failure.getMessage()).contains(message), failure.getMessage());
    assertFalse(Files.exists(into.resolve("complete")));
  }

  private ErrorCode code(GrpcServer server, String group) {
    Taker taker = new Taker(10);
    taker.call(server, group);
    eventually("ended", () -> taker.ended);
    return taker.failure();
  }

  private static long count(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.count();
    }
  }

  /** A receiver that takes as many messages as it is told to. */
  private final class Taker implements ClientResponseObserver<FetchSnapshotRequest, SnapshotChunk> {
    final AtomicInteger chunks = new AtomicInteger();
    volatile boolean ended;
    private final int first;
    private volatile @Nullable Throwable failure;
    private volatile @Nullable ClientCallStreamObserver<FetchSnapshotRequest> call;

    Taker(int first) {
      this.first = first;
    }

    void call(GrpcServer server, String group) {
      SnapshotsGrpc.newStub(channels.to(server.address().toString()))
          .fetch(FetchSnapshotRequest.newBuilder().setGroup(group).build(), this);
    }

    void more(int messages) {
      Objects.requireNonNull(call).request(messages);
    }

    void cancel() {
      Objects.requireNonNull(call).cancel("enough", null);
    }

    ErrorCode failure() {
      return GrpcErrors.fromStatus(Objects.requireNonNull(failure, "a failure")).code();
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<FetchSnapshotRequest> stream) {
      call = stream;
      stream.disableAutoRequestWithInitial(first);
    }

    @Override
    public void onNext(SnapshotChunk chunk) {
      chunks.incrementAndGet();
    }

    @Override
    public void onError(Throwable cause) {
      failure = cause;
      ended = true;
    }

    @Override
    public void onCompleted() {
      ended = true;
    }
  }
}
