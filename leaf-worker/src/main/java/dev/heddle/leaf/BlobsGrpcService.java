package dev.heddle.leaf;

import dev.heddle.engine.BlobStore;
import dev.heddle.internal.v1.BlobsGrpc;
import dev.heddle.internal.v1.GetBlobRequest;
import dev.heddle.internal.v1.GetBlobResponse;
import dev.heddle.internal.v1.PutBlobRequest;
import dev.heddle.internal.v1.PutBlobResponse;
import dev.heddle.process.GrpcCalls;
import io.grpc.stub.StreamObserver;

/** Code by digest, kept on this leaf for itself and its peers. */
final class BlobsGrpcService extends BlobsGrpc.BlobsImplBase {
  private final BlobStore blobs;

  BlobsGrpcService(BlobStore blobs) {
    this.blobs = blobs;
  }

  @Override
  public void put(PutBlobRequest request, StreamObserver<PutBlobResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          blobs.put(request.getDigest(), request.getContent().toByteArray());
          return PutBlobResponse.getDefaultInstance();
        });
  }

  @Override
  public void get(GetBlobRequest request, StreamObserver<GetBlobResponse> observer) {
    GrpcCalls.unary(
        observer,
        () -> {
          var response = GetBlobResponse.newBuilder();
          blobs.get(request.getDigest()).map(LeafWire::bytes).ifPresent(response::setContent);
          return response.build();
        });
  }
}
