package dev.heddle.cli.demo;

import dev.heddle.process.DurableFiles;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/**
 * What cluster a data directory holds.
 *
 * @param leaves that it was started with; 0: all roles in one process
 * @param formed whether it has been up: from then on, a leaf whose directory is empty joins it and
 *     must never form another one
 */
record DemoMarker(int leaves, boolean formed) {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(
              DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
              DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .build();

  /**
   * The marker for a start with so many leaves: written to the file, unless it says the same.
   *
   * @throws HeddleException INVALID_REQUEST if the cluster that is there would lose leaves, and
   *     with them its catalog; STORAGE_FAILED if the file makes no sense
   */
  static DemoMarker begin(Path file, int leaves) throws IOException {
    if (!Files.exists(file)) {
      DemoMarker first = new DemoMarker(leaves, false);
      first.write(file);
      return first;
    }
    DemoMarker found = read(file);
    boolean fits = found.leaves == 0 ? leaves == 0 : leaves >= found.leaves;
    if (!fits) {
      throw new HeddleException(
          ErrorCode.INVALID_REQUEST,
          "--leaves: "
              + leaves
              + " (expected: "
              + found.leaves
              + (found.leaves == 0 ? "" : " or more")
              + ", as "
              + file.getParent()
              + " holds the data of so many; or another directory with --data DIR)");
    }
    DemoMarker grown = new DemoMarker(leaves, found.formed);
    if (!grown.equals(found)) {
      grown.write(file);
    }
    return grown;
  }

  /** Notes that the cluster is up. */
  void formed(Path file) throws IOException {
    if (!formed) {
      new DemoMarker(leaves, true).write(file);
    }
  }

  private static DemoMarker read(Path file) throws IOException {
    try {
      return JSON.readValue(Files.readString(file), DemoMarker.class);
    } catch (JacksonException e) {
      throw new HeddleException(
          ErrorCode.STORAGE_FAILED,
          file
              + ": "
              + e.getOriginalMessage()
              + " (expected: what the demo wrote; another directory with --data DIR starts anew)",
          e);
    }
  }

  private void write(Path file) throws IOException {
    DurableFiles.replace(
        file, (JSON.writeValueAsString(this) + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
