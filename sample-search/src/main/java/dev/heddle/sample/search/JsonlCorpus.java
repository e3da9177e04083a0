package dev.heddle.sample.search;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A user's file of JSON objects, one a line, plain or gzip (told by its first bytes): {@code
 * {"id":"…","title":"…","body":"…",…}}. The id is a string or an integer that is not empty; blank
 * lines are skipped; lines that are no document are counted and passed over.
 *
 * <p>Without a schema of the user's, {@link InferredSchema} makes one of the first documents.
 */
public final class JsonlCorpus implements Corpus {
  private final Path file;
  private final Limits limits;
  private @Nullable String schemaJson;

  /**
   * Nothing is read yet.
   *
   * @param schemaJson the user's schema, as {@code POST /v1/datasets} takes it
   */
  public JsonlCorpus(Path file, Optional<String> schemaJson, Limits limits) {
    this.file = file;
    this.limits = limits;
    this.schemaJson = schemaJson.orElse(null);
  }

  /**
   * The user's schema, or the inferred one.
   *
   * @throws CorpusException if there is no document to infer it from, or the file cannot be read
   */
  @Override
  public String schemaJson() {
    if (schemaJson == null) {
      try (var documents = open()) {
        schemaJson = InferredSchema.of(documents, limits.schemaSample());
      } catch (IOException e) {
        throw new CorpusException("corpus " + file + ": " + e, e);
      }
    }
    return schemaJson;
  }

  @Override
  public Documents open() throws IOException {
    var counted = new CountingInputStream(Files.newInputStream(file));
    try {
      var in = new BufferedInputStream(counted, 1 << 16);
      in.mark(2);
      boolean gzip = in.read() == 0x1f && in.read() == 0x8b;
      in.reset();
      var plain = gzip ? new GZIPInputStream(in, 1 << 16) : in;
      return new JsonlDocuments(
          new Lines(plain, limits.lineBytes()), counted, Files.size(file), limits.lineBytes());
    } catch (IOException e) {
      counted.close();
      throw new CorpusException("corpus " + file + ": " + e.getMessage(), e);
    }
  }

  /**
   * Bounds.
   *
   * @param lineBytes longest line; longer ones are rejected, and never held in memory
   * @param schemaSample documents that the schema is inferred from
   */
  public record Limits(int lineBytes, int schemaSample) {
    public static final Limits DEFAULT = new Limits(1024 * 1024, 1_000);

    public Limits {
      if (lineBytes < 2) {
        throw new IllegalArgumentException("lineBytes: " + lineBytes + " (expected: >= 2)");
      }
      if (schemaSample < 1) {
        throw new IllegalArgumentException("schemaSample: " + schemaSample + " (expected: >= 1)");
      }
    }
  }
}
