package dev.heddle.gateway.backend;

import dev.heddle.catalog.Coordinators;
import dev.heddle.json.DatasetJsonWire;
import dev.heddle.json.Json;
import dev.heddle.v1.AlterDatasetRequest;
import dev.heddle.v1.CreateDatasetRequest;
import dev.heddle.v1.Dataset;
import dev.heddle.v1.DatasetsGrpc;
import dev.heddle.v1.DropDatasetRequest;
import dev.heddle.v1.GetDatasetRequest;
import dev.heddle.v1.ListDatasetsRequest;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;

/** Datasets: JSON in, JSON out. Blocking; thread-safe. */
public final class DatasetsGrpcClient {
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
    CreateDatasetRequest request = DatasetJsonWire.create(body);
    return call.run(() -> json(stub().create(request)));
  }

  /** Adds fields, or changes the number of replicas; returns the dataset as it is then. */
  public byte[] alter(BackendCall call, String dataset, JsonNode body) {
    AlterDatasetRequest request = DatasetJsonWire.alter(dataset, body);
    return call.run(() -> json(stub().alter(request)));
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

  private static byte[] json(Dataset dataset) {
    return Json.write(json -> DatasetJsonWire.write(json, dataset));
  }

  private DatasetsGrpc.DatasetsBlockingStub stub() {
    return DatasetsGrpc.newBlockingStub(coordinators.channel())
        .withDeadlineAfter(deadlines.administration().toNanos(), TimeUnit.NANOSECONDS);
  }
}
