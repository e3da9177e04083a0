package dev.heddle.process;

import io.grpc.BindableService;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CopyOnWriteArrayList;

/** A service of plain strings: one method that answers, one that streams until drained. */
final class TextService implements BindableService, DrainableService {
  interface Answer {
    void to(String request, StreamObserver<String> observer) throws Exception;
  }

  static final MethodDescriptor<String, String> UNARY =
      method(MethodDescriptor.MethodType.UNARY, "Answer");
  static final MethodDescriptor<String, String> STREAM =
      method(MethodDescriptor.MethodType.SERVER_STREAMING, "Stream");

  final CopyOnWriteArrayList<StreamObserver<String>> streams = new CopyOnWriteArrayList<>();
  private final Answer answer;

  TextService(Answer answer) {
    this.answer = answer;
  }

  /** Answers with tenant, trace id and the request. */
  static TextService echo() {
    return new TextService((request, observer) ->
        GrpcCalls.unary(
            observer,
            () -> {
              RequestContext context = RequestContext.current();
              return context.tenant() + " " + context.trace().traceId() + " " + request;
            }));
  }

  @Override
  public ServerServiceDefinition bindService() {
    return ServerServiceDefinition.builder("test.Text")
        .addMethod(UNARY, ServerCalls.asyncUnaryCall(this::answer))
        .addMethod(
            STREAM,
            ServerCalls.asyncServerStreamingCall((request, observer) -> {
              observer.onNext(request);
              streams.add(observer);
            }))
        .build();
  }

  @Override
  public void drain() {
    streams.forEach(StreamObserver::onCompleted);
  }

  private void answer(String request, StreamObserver<String> observer) {
    try {
      answer.to(request, observer);
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private static MethodDescriptor<String, String> method(
      MethodDescriptor.MethodType type, String name) {
    return MethodDescriptor.<String, String>newBuilder(new Text(), new Text())
        .setType(type)
        .setFullMethodName("test.Text/" + name)
        .build();
  }

  private static final class Text implements MethodDescriptor.Marshaller<String> {
    @Override
    public InputStream stream(String value) {
      return new ByteArrayInputStream(value.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public String parse(InputStream stream) {
      try {
        return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
