package dev.heddle.shard;

import com.google.protobuf.ByteString;
import dev.heddle.internal.v1.FetchSnapshotRequest;
import dev.heddle.internal.v1.SnapshotChunk;
import dev.heddle.internal.v1.SnapshotFile;
import dev.heddle.internal.v1.SnapshotHeader;
import dev.heddle.internal.v1.SnapshotsGrpc;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.CRC32C;

/** A node that sends what a test tells it to. */
final class ScriptedSnapshots extends SnapshotsGrpc.SnapshotsImplBase {
  private final List<SnapshotChunk> script;
  private final AtomicReference<String> end;
  private final boolean completes;

  /**
   * @param end becomes {@code sent}, then perhaps {@code cancelled}
   * @param completes whether the stream ends after the script, or stays open
   */
  ScriptedSnapshots(List<SnapshotChunk> script, AtomicReference<String> end, boolean completes) {
    this.script = script;
    this.end = end;
    this.completes = completes;
  }

  @Override
  public void fetch(FetchSnapshotRequest request, StreamObserver<SnapshotChunk> observer) {
    var stream = (ServerCallStreamObserver<SnapshotChunk>) observer;
    stream.setOnCancelHandler(() -> end.set("cancelled"));
    script.forEach(observer::onNext);
    end.set(stream.isCancelled() ? "cancelled" : "sent");
    if (completes) {
      observer.onCompleted();
    }
  }

  static SnapshotChunk header(int files, long bytes) {
    return header(3, 17, files, bytes);
  }

  static SnapshotChunk header(long term, long index, int files, long bytes) {
    return SnapshotChunk.newBuilder()
        .setHeader(
            SnapshotHeader.newBuilder()
                .setTerm(term)
                .setIndex(index)
                .setFiles(files)
                .setBytes(bytes))
        .build();
  }

  static SnapshotChunk file(String name, long bytes) {
    return SnapshotChunk.newBuilder()
        .setFile(SnapshotFile.newBuilder().setName(name).setBytes(bytes))
        .build();
  }

  static SnapshotChunk data(String text) {
    return SnapshotChunk.newBuilder().setData(ByteString.copyFromUtf8(text)).build();
  }

  /** The checksum of a text. */
  static SnapshotChunk checksum(String text) {
    CRC32C checksum = new CRC32C();
    checksum.update(ByteString.copyFromUtf8(text).asReadOnlyByteBuffer());
    return SnapshotChunk.newBuilder().setChecksum((int) checksum.getValue()).build();
  }
}
