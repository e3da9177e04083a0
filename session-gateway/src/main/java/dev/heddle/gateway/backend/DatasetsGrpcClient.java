package dev.heddle.gateway.backend;

import static dev.heddle.gateway.backend.ClauseJsonWire.ordered;

import com.google.protobuf.ByteString;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DeleteDocumentRequest;
import dev.heddle.v1.Document;
import dev.heddle.v1.DropDatasetRequest;
import dev.heddle.v1.GetDatasetRequest;
import dev.heddle.v1.GetDocumentRequest;
import dev.heddle.v1.ListDatasetsRequest;
import dev.heddle.v1.PutDocumentRequest;
import dev.heddle.v1.WriteResponse;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Datasets and single documents: JSON in, JSON out. Blocking; thread-safe. */
public final class DatasetsGrpcClient {
  private static final Set<String> DATASET = ordered("name", "schema", "shards");

  private final Coordinators coordinators;
  private final Deadlines deadlines;

  public DatasetsGrpcClient(Coordinators coordinators, Deadlines deadlines) {
    this.coordinators = coordinators;
    this.deadlines = deadlines;
  }

  /** {@code {"datasets":[…]}}. */
  public byte[] list(BackendCall call) {
    return call.run(() -> {
      var datasets = stub().list(ListDatasetsRequest.getDefaultInstance()).getDatasetsList();
      return Json.write(json -> {
        json.writeStartObject();
        json.writeArrayPropertyStart("datasets");
        datasets.forEach(dataset -> DatasetJsonWire.write(json, dataset));
        json.writeEndArray();
        json.writeEndObject();
      });
    });
  }

  /** Creates a dataset and returns it. */
  public byte[] create(BackendCall call, JsonNode body) {
    var fields = new JsonFields("", body, DATASET);
    CreateDatasetRequest.Builder request =
        CreateDatasetRequest.newBuilder()
            .setName(fields.text("name"))
            .setSchema(DatasetJsonWire.schema("schema", fields.required("schema")));
    fields.integer("shards", 1, 1_024).ifPresent(shards -> request.setShards((int) shards));
    return call.run(() -> json(stub().create(request.build())));
  }

  /** The dataset. */
  public byte[] get(BackendCall call, String dataset) {
    return call.run(
        () -> json(stub().get(GetDatasetRequest.newBuilder().setName(dataset).build())));
  }

  /** Drops the dataset with all its documents. */
  public void drop(BackendCall call, String dataset) {
    call.run(() -> stub().drop(DropDatasetRequest.newBuilder().setName(dataset).build()));
  }

  /** Writes a document; returns where the write stands. */
  public byte[] putDocument(BackendCall call, String dataset, String id, byte[] document) {
    if (!Json.parse(document).isObject()) {
      throw new HeddleException(
          ErrorCode.INVALID_DOCUMENT,
          "document " + id + ": not an object (expected: a JSON object)");
    }
    var request =
        PutDocumentRequest.newBuilder()
            .setDataset(dataset)
            .setId(id)
            .setJson(ByteString.copyFrom(document))
            .build();
    return call.run(() -> written(id, stub().putDocument(request), false));
  }

  /** The document: {@code {"id", "fields"}}, as in hits. */
  public byte[] getDocument(BackendCall call, String dataset, String id) {
    var request = GetDocumentRequest.newBuilder().setDataset(dataset).setId(id).build();
    return call.run(() -> {
      Document document = stub().getDocument(request);
      return Json.write(json -> {
        json.writeStartObject();
        json.writeStringProperty("id", document.getId());
        json.writeName("fields");
        json.writeRawValue(document.getJson().toStringUtf8());
        json.writeEndObject();
      });
    });
  }

  /** Deletes a document; returns where the write stands, and whether the document was there. */
  public byte[] deleteDocument(BackendCall call, String dataset, String id) {
    var request = DeleteDocumentRequest.newBuilder().setDataset(dataset).setId(id).build();
    return call.run(() -> written(id, stub().deleteDocument(request), true));
  }

  private static byte[] written(String id, WriteResponse response, boolean deleted) {
    return Json.write(json -> {
      json.writeStartObject();
      json.writeStringProperty("id", id);
      if (deleted) {
        json.writeBooleanProperty("found", response.getFound());
      }
      json.writeObjectPropertyStart("position");
      json.writeNumberProperty("shard", response.getPosition().getShard());
      json.writeStringProperty("incarnation", response.getPosition().getIncarnation());
      json.writeNumberProperty("index", response.getPosition().getIndex());
      json.writeEndObject();
      json.writeEndObject();
    });
  }

  private static byte[] json(Dataset dataset) {
    return Json.write(json -> DatasetJsonWire.write(json, dataset));
  }

  private DatasetsGrpc.DatasetsBlockingStub stub() {
    return DatasetsGrpc.newBlockingStub(coordinators.channel())
        .withDeadlineAfter(deadlines.administration().toNanos(), TimeUnit.NANOSECONDS);
  }
}
