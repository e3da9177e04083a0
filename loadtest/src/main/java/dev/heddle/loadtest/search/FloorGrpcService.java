package dev.heddle.loadtest.search;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.Marshaller;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A method that takes a query's line and gives bytes: gRPC and nothing else. */
final class FloorGrpcService {
  private static final String SERVICE = "heddle.floor.Shards";

  static final MethodDescriptor<byte[], byte[]> SEARCH =
      MethodDescriptor.<byte[], byte[]>newBuilder()
          .setType(MethodType.UNARY)
          .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, "Search"))
          .setRequestMarshaller(new Bytes())
          .setResponseMarshaller(new Bytes())
          .build();

  private FloorGrpcService() {}

  static ServerServiceDefinition over(FanOut shards) {
    return ServerServiceDefinition.builder(SERVICE)
        .addMethod(
            SEARCH,
            ServerCalls.asyncUnaryCall((line, answer) -> {
              try {
                var query = SearchQuery.parse(new String(line, StandardCharsets.UTF_8));
                answer.onNext(FoundBytes.write(shards.inSequence(query)));
                answer.onCompleted();
              } catch (IOException | RuntimeException e) {
                answer.onError(
                    Status.INTERNAL.withDescription(e.toString()).withCause(e).asException());
              }
            }))
        .build();
  }

  private static final class Bytes implements Marshaller<byte[]> {
    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return stream.readAllBytes();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
