package dev.heddle.gateway.backend;

import dev.heddle.catalog.Coordinators;
import dev.heddle.json.DatasetJsonWire;
import dev.heddle.json.Json;
import dev.heddle.v1.ClusterGrpc;
import dev.heddle.v1.ClusterStatus;
import dev.heddle.v1.ClusterStatusRequest;
import dev.heddle.v1.NodeStatus;
import java.util.concurrent.TimeUnit;
import tools.jackson.core.JsonGenerator;

/** The cluster's state as JSON. Blocking; thread-safe. */
public final class ClusterGrpcClient {
  private final Coordinators coordinators;
  private final Deadlines deadlines;

  public ClusterGrpcClient(Coordinators coordinators, Deadlines deadlines) {
    this.coordinators = coordinators;
    this.deadlines = deadlines;
  }

  /** {@code {"clusterId","nodes":[…],"datasets":[…],"catalog":{"voters","leader","revision"}}}. */
  public byte[] status(BackendCall call) {
    return call.run(() -> {
      ClusterStatus status =
          ClusterGrpc.newBlockingStub(coordinators.channel())
              .withDeadlineAfter(deadlines.administration().toNanos(), TimeUnit.NANOSECONDS)
              .status(ClusterStatusRequest.getDefaultInstance());
      return Json.write(json -> write(json, status));
    });
  }

  private static void write(JsonGenerator json, ClusterStatus status) {
    json.writeStartObject();
    json.writeStringProperty("clusterId", status.getClusterId());
    json.writeArrayPropertyStart("nodes");
    status.getNodesList().forEach(node -> node(json, node));
    json.writeEndArray();
    json.writeArrayPropertyStart("datasets");
    status.getDatasetsList().forEach(dataset -> DatasetJsonWire.write(json, dataset));
    json.writeEndArray();
    json.writeObjectPropertyStart("catalog");
    json.writeArrayPropertyStart("voters");
    status.getCatalogVotersList().forEach(json::writeString);
    json.writeEndArray();
    text(json, "leader", status.getCatalogLeader());
    json.writeNumberProperty("revision", status.getCatalogRevision());
    json.writeEndObject();
    json.writeEndObject();
  }

  private static void node(JsonGenerator json, NodeStatus node) {
    json.writeStartObject();
    json.writeStringProperty("node", node.getNode());
    json.writeArrayPropertyStart("roles");
    node.getRolesList().forEach(json::writeString);
    json.writeEndArray();
    text(json, "internal", node.getInternal());
    text(json, "grpc", node.getGrpc());
    text(json, "http", node.getHttp());
    text(json, "replication", node.getReplication());
    json.writeEndObject();
  }

  /** What is not there is left out. */
  private static void text(JsonGenerator json, String name, String value) {
    if (!value.isEmpty()) {
      json.writeStringProperty(name, value);
    }
  }
}
