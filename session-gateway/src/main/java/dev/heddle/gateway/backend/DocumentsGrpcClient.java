package dev.heddle.gateway.backend;

import com.google.protobuf.ByteString;
import dev.heddle.catalog.Coordinators;
import dev.heddle.json.Json;
import dev.heddle.json.QueryJsonWire;
import dev.heddle.json.RawJsonWire;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DeleteDocumentRequest;
import dev.heddle.v1.Document;
import dev.heddle.v1.GetDocumentRequest;
import dev.heddle.v1.PatchDocumentRequest;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.ReadLevel;
import dev.heddle.v1.ScanRequest;
import dev.heddle.v1.ScanResponse;
import dev.heddle.v1.WriteResponse;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/** Single documents, and pages of them: JSON in, JSON out. Blocking; thread-safe. */
public final class DocumentsGrpcClient {
  private final Coordinators coordinators;
  private final Deadlines deadlines;

  public DocumentsGrpcClient(Coordinators coordinators, Deadlines deadlines) {
    this.coordinators = coordinators;
    this.deadlines = deadlines;
  }

  /**
   * Which document.
   *
   * @param dataset the dataset's name
   */
  public record DocumentKey(String dataset, String id) {}

  /**
   * A document, or what became of one.
   *
   * @param version the document's version; 0: there is none any more
   */
  public record Versioned(byte[] json, long version) {}

  /**
   * Writes a whole document: {@code {"id","version","position","positionToken"}}.
   *
   * @param ifVersion only if the document has this version; 0: only if there is none
   */
  public Versioned put(BackendCall call, DocumentKey key, byte[] document, OptionalLong ifVersion) {
    checkObject(key, document);
    var request =
        PutDocumentRequest.newBuilder()
            .setDataset(key.dataset())
            .setId(key.id())
            .setJson(ByteString.copyFrom(document));
    ifVersion.ifPresent(request::setIfVersion);
    return call.run(false, () -> written(call, key, stub().putDocument(request.build())));
  }

  /** Changes members of a document as RFC 7396 says; answers as {@link #put}. */
  public Versioned patch(BackendCall call, DocumentKey key, byte[] patch, OptionalLong ifVersion) {
    checkObject(key, patch);
    var request =
        PatchDocumentRequest.newBuilder()
            .setDataset(key.dataset())
            .setId(key.id())
            .setPatchJson(ByteString.copyFrom(patch));
    ifVersion.ifPresent(request::setIfVersion);
    return call.run(false, () -> written(call, key, stub().patchDocument(request.build())));
  }

  private static void checkObject(DocumentKey key, byte[] json) {
    if (!Json.parse(json).isObject()) {
      throw new HeddleException(
          ErrorCode.INVALID_DOCUMENT,
          "document " + key.id() + ": not an object (expected: a JSON object)");
    }
  }

  /**
   * Deletes a document; answers as {@link #put}, and with {@code "found"}: whether it was there.
   */
  public Versioned delete(BackendCall call, DocumentKey key, OptionalLong ifVersion) {
    var request = DeleteDocumentRequest.newBuilder().setDataset(key.dataset()).setId(key.id());
    ifVersion.ifPresent(request::setIfVersion);
    return call.run(
        false,
        () -> {
          WriteResponse response = stub().deleteDocument(request.build());
          call.seen(response.getPositionToken());
          byte[] json =
              written(
                  key,
                  response,
                  fields -> fields.writeBooleanProperty("found", response.getFound()));
          return new Versioned(json, 0);
        });
  }

  private static Versioned written(BackendCall call, DocumentKey key, WriteResponse response) {
    call.seen(response.getPositionToken());
    long version = response.getVersion();
    byte[] json = written(key, response, fields -> fields.writeNumberProperty("version", version));
    return new Versioned(json, version);
  }

  private static byte[] written(
      DocumentKey key, WriteResponse response, Consumer<JsonGenerator> outcome) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty("id", key.id());
      outcome.accept(json);
      json.writeObjectPropertyStart("position");
      json.writeNumberProperty("shard", response.getPosition().getShard());
      json.writeStringProperty("incarnation", response.getPosition().getIncarnation());
      json.writeNumberProperty("index", response.getPosition().getIndex());
      json.writeEndObject();
      token(json, response.getPositionToken());
      json.writeEndObject();
    });
  }

  /**
   * The document: {@code {"id","version","fields","stalenessMicros"}}, its fields as in hits.
   *
   * @param read any, session or linearizable; absent: linearizable
   */
  public Versioned get(BackendCall call, DocumentKey key, Optional<String> read) {
    ReadLevel level = level(read);
    var request =
        GetDocumentRequest.newBuilder()
            .setDataset(key.dataset())
            .setId(key.id())
            .setRead(level)
            .build();
    return call.run(
        session(level),
        () -> {
          Document document = stub().getDocument(request);
          call.seen(document.getPositionToken());
          int size = 256 + document.getJson().size();
          byte[] json = RawJsonWire.write(size, raw -> document(raw, document));
          return new Versioned(json, document.getVersion());
        });
  }

  private static void document(RawJsonWire raw, Document document) {
    JsonGenerator json = raw.json();
    json.writeStartObject();
    json.writeStringProperty("id", document.getId());
    json.writeNumberProperty("version", document.getVersion());
    json.writeName("fields");
    raw.splice(document.getJson());
    json.writeNumberProperty("stalenessMicros", document.getStalenessMicros());
    json.writeEndObject();
  }

  /**
   * A page of documents in the order of their ids: {@code {"documents":[{"id","version",
   * "fields"}],"next","stalenessMicros","positionToken"}}, their fields as in hits.
   *
   * @param after documents behind this id; empty: from the first
   * @param limit absent: the coordinator's default
   * @param read as for {@link #get}
   */
  public byte[] scan(
      BackendCall call, String dataset, String after, OptionalLong limit, Optional<String> read) {
    ReadLevel level = level(read);
    var request =
        ScanRequest.newBuilder()
            .setDataset(dataset)
            .setAfter(after)
            .setLimit((int) limit.orElse(0))
            .setRead(level)
            .build();
    return call.run(
        session(level),
        () -> {
          ScanResponse page = stub().scan(request);
          call.seen(page.getPositionToken());
          return RawJsonWire.write(1_024 + page.getSerializedSize(), raw -> page(raw, page));
        });
  }

  private static void page(RawJsonWire raw, ScanResponse page) {
    JsonGenerator json = raw.json();
    json.writeStartObject();
    json.writeArrayPropertyStart("documents");
    for (Document document : page.getDocumentsList()) {
      json.writeStartObject();
      json.writeStringProperty("id", document.getId());
      json.writeNumberProperty("version", document.getVersion());
      json.writeName("fields");
      raw.splice(document.getJson());
      json.writeEndObject();
    }
    json.writeEndArray();
    int count = page.getDocumentsCount();
    if (page.getMore() && count > 0) {
      json.writeStringProperty("next", page.getDocuments(count - 1).getId());
    }
    json.writeNumberProperty("stalenessMicros", page.getStalenessMicros());
    token(json, page.getPositionToken());
    json.writeEndObject();
  }

  private static void token(JsonGenerator json, String token) {
    if (!token.isEmpty()) {
      json.writeStringProperty("positionToken", token);
    }
  }

  private static ReadLevel level(Optional<String> read) {
    return read.map(QueryJsonWire::level).orElse(ReadLevel.READ_LEVEL_UNSPECIFIED);
  }

  private static boolean session(ReadLevel level) {
    return level == ReadLevel.READ_LEVEL_SESSION;
  }

  private DatasetsGrpc.DatasetsBlockingStub stub() {
    return DatasetsGrpc.newBlockingStub(coordinators.channel())
        .withDeadlineAfter(deadlines.administration().toNanos(), TimeUnit.NANOSECONDS);
  }
}
