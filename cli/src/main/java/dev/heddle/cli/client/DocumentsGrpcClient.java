package dev.heddle.cli.client;

import com.google.protobuf.ByteString;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DeleteDocumentRequest;
import dev.heddle.v1.Document;
import dev.heddle.v1.GetDocumentRequest;
import dev.heddle.v1.PatchDocumentRequest;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.ScanRequest;
import dev.heddle.v1.ScanResponse;
import dev.heddle.v1.WriteResponse;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Single documents of a dataset, and pages of them. Thread safe. */
public final class DocumentsGrpcClient {
  private final ClusterGrpcClient cluster;
  private final DatasetsGrpc.DatasetsBlockingStub stub;
  private final String dataset;

  /**
   * @param position token of earlier calls, which the replies add to
   */
  public DocumentsGrpcClient(ClusterGrpcClient cluster, String dataset, Optional<String> position) {
    this.cluster = cluster;
    this.dataset = dataset;
    this.stub = cluster.positioned(DatasetsGrpc.newBlockingStub(cluster.channel()), position);
  }

  /**
   * @param ifVersion only if the document has this version; 0: only if there is none
   */
  public DocumentWrite put(String id, JsonNode document, Optional<Long> ifVersion) {
    PutDocumentRequest.Builder request =
        PutDocumentRequest.newBuilder().setDataset(dataset).setId(id).setJson(bytes(document));
    ifVersion.ifPresent(request::setIfVersion);
    return write(cluster.call(() -> cluster.timed(stub).putDocument(request.build())));
  }

  /**
   * @param patch RFC 7396
   * @param ifVersion only if the document has this version
   */
  public DocumentWrite patch(String id, JsonNode patch, Optional<Long> ifVersion) {
    PatchDocumentRequest.Builder request =
        PatchDocumentRequest.newBuilder().setDataset(dataset).setId(id).setPatchJson(bytes(patch));
    ifVersion.ifPresent(request::setIfVersion);
    return write(cluster.call(() -> cluster.timed(stub).patchDocument(request.build())));
  }

  /**
   * @param ifVersion only if the document has this version
   */
  public DocumentWrite delete(String id, Optional<Long> ifVersion) {
    DeleteDocumentRequest.Builder request =
        DeleteDocumentRequest.newBuilder().setDataset(dataset).setId(id);
    ifVersion.ifPresent(request::setIfVersion);
    return write(cluster.call(() -> cluster.timed(stub).deleteDocument(request.build())));
  }

  /**
   * @param read empty: linearizable
   * @throws RemoteFailure NOT_FOUND if there is no such document
   */
  public DocumentPage get(String id, Optional<ReadLevel> read) {
    GetDocumentRequest.Builder request =
        GetDocumentRequest.newBuilder().setDataset(dataset).setId(id);
    read.map(ReadLevelWire::level).ifPresent(request::setRead);
    Document document = cluster.call(() -> cluster.timed(stub).getDocument(request.build()));
    return new DocumentPage(
        List.of(stored(document)),
        false,
        document.getStalenessMicros(),
        document.getPositionToken());
  }

  /**
   * Documents in the order of their ids.
   *
   * @param after behind this id; empty: from the first
   * @param limit 1..1,000
   */
  public DocumentPage scan(String after, int limit, Optional<ReadLevel> read) {
    ScanRequest.Builder request =
        ScanRequest.newBuilder().setDataset(dataset).setAfter(after).setLimit(limit);
    read.map(ReadLevelWire::level).ifPresent(request::setRead);
    ScanResponse page = cluster.call(() -> cluster.timed(stub).scan(request.build()));
    return new DocumentPage(
        page.getDocumentsList().stream().map(DocumentsGrpcClient::stored).toList(),
        page.getMore(),
        page.getStalenessMicros(),
        page.getPositionToken());
  }

  private static ByteString bytes(JsonNode json) {
    return ByteString.copyFrom(JsonMapper.shared().writeValueAsBytes(json));
  }

  private static StoredDocument stored(Document document) {
    return new StoredDocument(
        document.getId(),
        document.getVersion(),
        JsonMapper.shared().readTree(document.getJson().toByteArray()));
  }

  private static DocumentWrite write(WriteResponse response) {
    return new DocumentWrite(
        response.getFound(),
        response.getVersion(),
        response.getPosition().getShard(),
        response.getPosition().getIncarnation(),
        response.getPosition().getIndex(),
        response.getPositionToken());
  }
}
