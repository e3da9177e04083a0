package dev.heddle.coordinator;

import com.google.protobuf.UnsafeByteOperations;
import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.PositionToken.Position;
import dev.heddle.coordinator.gather.ScanMerge;
import dev.heddle.coordinator.plan.Reading;
import dev.heddle.coordinator.scatter.ReplicaWire;
import dev.heddle.internal.v1.ShardScanResponse;
import dev.heddle.process.DataSize;
import dev.heddle.process.Deadline;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.GrpcErrors;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.Document;
import dev.heddle.v1.ScanResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * Scans a dataset in the order of ids: a page is merged from pages of all shards, some shards at a
 * time, each read on until it cannot add to the page. Blocks, so it runs on virtual threads.
 */
final class ScanGrpcClient {
  static final int MOST_DOCUMENTS = 1_000;
  private static final int SHARDS_AT_A_TIME = 32;
  private static final int SPARE = 4;

  private final ShardsGrpcClient shards;
  private final DataSize page;

  /**
   * Creates a client.
   *
   * @param page documents of a page at most, in bytes of the answer
   */
  ScanGrpcClient(ShardsGrpcClient shards, DataSize page) {
    this.shards = shards;
    this.page = page;
  }

  /**
   * Reads a page.
   *
   * @param after id before the first document; empty: from the beginning
   * @param limit documents at most
   * @param token of the request: the answer's has it, and what was seen
   * @throws HeddleException where a shard could not be read by the deadline
   */
  ScanResponse scan(
      DatasetRecord dataset,
      String after,
      int limit,
      Reading reading,
      PositionToken token,
      Deadline deadline)
      throws InterruptedException {
    int count = dataset.shards().size();
    var merge = new ScanMerge(count, limit, page.bytes(), after);
    List<Position> seen = new ArrayList<>(count);
    long staleness = 0;
    // Ids are spread evenly over shards: mostly this is enough.
    int ask = Math.min(limit, limit / count + SPARE);
    for (var wanted = merge.wanted(); !wanted.isEmpty(); wanted = merge.wanted()) {
      for (int i = 0; i < wanted.size(); i += SHARDS_AT_A_TIME) {
        Map<Integer, CompletableFuture<ShardScanResponse>> pages = new LinkedHashMap<>();
        for (int shard : wanted.subList(i, Math.min(wanted.size(), i + SHARDS_AT_A_TIME))) {
          pages.put(
              shard, shards.scan(dataset, shard, merge.readTo(shard), ask, reading, deadline));
        }
        for (var pending : pages.entrySet()) {
          var answer = taken(pending.getValue());
          merge.accept(pending.getKey(), documents(pending.getKey(), answer), answer.getMore());
          seen.add(ReplicaWire.position(answer.getPosition()));
          staleness = Math.max(staleness, answer.getStalenessMicros());
        }
      }
      ask = Math.min(limit, ask * 2);
    }
    var response =
        ScanResponse.newBuilder()
            .setMore(merge.more())
            .setPositionToken(token.with(dataset, seen).toString())
            .setStalenessMicros(staleness);
    for (var document : merge.documents()) {
      response.addDocuments(
          Document.newBuilder()
              .setId(document.id())
              .setJson(UnsafeByteOperations.unsafeWrap(document.json()))
              .setVersion(document.version()));
    }
    return response.build();
  }

  private static ShardScanResponse taken(CompletableFuture<ShardScanResponse> page)
      throws InterruptedException {
    try {
      return page.get();
    } catch (ExecutionException e) {
      throw GrpcErrors.fromStatus(e);
    }
  }

  private static List<ScanMerge.Document> documents(int shard, ShardScanResponse answer) {
    if (answer.getMore() && answer.getDocumentsCount() == 0) {
      throw new HeddleException(
          ErrorCode.INTERNAL, "scan of shard " + shard + ": an empty page (expected: documents)");
    }
    List<ScanMerge.Document> documents = new ArrayList<>(answer.getDocumentsCount());
    for (var document : answer.getDocumentsList()) {
      documents.add(
          new ScanMerge.Document(
              document.getId(), document.getJson().toByteArray(), document.getVersion()));
    }
    return documents;
  }
}
