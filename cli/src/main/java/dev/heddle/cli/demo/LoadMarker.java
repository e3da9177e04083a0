package dev.heddle.cli.demo;

import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.sample.search.DbpediaCorpus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * Says that a corpus was loaded to its end.
 *
 * @param dataset id of the dataset that it went into
 * @param documents that the dataset had then
 * @param corpus what was loaded, with its schema
 * @param replicas of each shard that the demo asked for last; who changes their number otherwise
 *     keeps what they chose
 */
record LoadMarker(String dataset, long documents, String corpus, int shards, int replicas) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(
              DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
              DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES,
              DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
          .build();

  /** What the marker will be but for the dataset. */
  static LoadMarker wanted(DemoOptions options, Path schema) throws IOException {
    String corpus;
    if (options.corpus().isPresent()) {
      Path file = options.corpus().get();
      if (!Files.isRegularFile(file)) {
        throw new HeddleException(
            ErrorCode.NOT_FOUND, "--corpus: " + file + ": not there (expected: a JSONL file)");
      }
      corpus = file + " of " + Files.size(file) + " bytes, " + Files.getLastModifiedTime(file);
    } else {
      corpus = "dbpedia " + DbpediaCorpus.SHA_256 + ", schema " + Digest.of(schema);
    }
    return new LoadMarker("", 0, corpus, options.shards(), 1);
  }

  /**
   * @throws HeddleException STORAGE_FAILED if the file is there and makes no sense
   */
  static Optional<LoadMarker> read(Path file) throws IOException {
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Files.readString(file), LoadMarker.class));
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED,
          file
              + ": "
              + e.getOriginalMessage()
              + " (expected: what a load wrote; remove the file to load again)",
          e);
    }
  }

  static void delete(Path file) throws IOException {
    Files.deleteIfExists(file);
  }

  void write(Path file) throws IOException {
    DurableFiles.replace(
        file, (JSON.writeValueAsString(this) + "\n").getBytes(StandardCharsets.UTF_8));
  }

  LoadMarker of(String datasetId, long count) {
    return new LoadMarker(datasetId, count, corpus, shards, replicas);
  }

  LoadMarker withReplicas(int number) {
    return new LoadMarker(dataset, documents, corpus, shards, number);
  }

  /** Whether the same would be loaded into as many shards. */
  boolean sameLoad(LoadMarker other) {
    return corpus.equals(other.corpus) && shards == other.shards;
  }
}
