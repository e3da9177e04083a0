package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field.Store;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.SortedDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.util.BytesRef;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.exc.StreamReadException;
import tools.jackson.core.json.JsonFactory;

/** Turns JSON documents into Lucene's, checked against the schema. Safe for any thread. */
final class DocumentIndexing {
  static final JsonFactory JSON = new JsonFactory();

  private static final int MAX_ID_BYTES = 512;

  private final SchemaFields fields;

  DocumentIndexing(SchemaFields fields) {
    this.fields = fields;
  }

  /**
   * Refuses what is larger than this node takes. Only before it is in the log: what is there is
   * indexed on every node, whatever that node's limits are.
   */
  static void checkSize(byte[] json, DataSize most) {
    if (json.length > most.bytes()) {
      throw new DocumentException(
          ErrorCode.TOO_LARGE,
          "document: %d bytes (expected: at most %s)".formatted(json.length, most));
    }
  }

  /**
   * @throws DocumentException if id or document are not valid
   */
  IndexedDocument document(String id, byte[] json) {
    BytesRef key = key(id);
    Document document = new Document();
    document.add(new StringField(IndexFields.ID, key, Store.NO));
    document.add(new SortedDocValuesField(IndexFields.ID, key));
    document.add(new BinaryDocValuesField(IndexFields.KEY, key));
    document.add(new BinaryDocValuesField(IndexFields.SOURCE, new BytesRef(json)));
    NumericDocValuesField version = new NumericDocValuesField(IndexFields.VERSION, 0);
    document.add(version);
    try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
      read(parser, new DocumentFields(document, fields.weighted()));
    } catch (StreamReadException e) {
      throw new DocumentException(
          ErrorCode.MALFORMED_JSON,
          "document: %s at byte %d (expected: a JSON object)"
              .formatted(e.getOriginalMessage(), e.getLocation().getByteOffset()));
    } catch (JacksonException e) {
      throw new DocumentException(
          ErrorCode.MALFORMED_JSON,
          "document: " + e.getOriginalMessage() + " (expected: a JSON object)");
    }
    return new IndexedDocument(key, document, version);
  }

  /** The id as the index has it. */
  static BytesRef key(String id) {
    byte[] key = id.getBytes(StandardCharsets.UTF_8);
    if (key.length == 0 || key.length > MAX_ID_BYTES) {
      throw new DocumentException(
          ErrorCode.INVALID_DOCUMENT,
          "id: %d bytes (expected: 1..%d bytes in UTF-8)".formatted(key.length, MAX_ID_BYTES));
    }
    // Half a character becomes a question mark, which is another id's key.
    if (!new String(key, StandardCharsets.UTF_8).equals(id)) {
      throw new DocumentException(
          ErrorCode.INVALID_DOCUMENT, "id: half a surrogate pair in it (expected: Unicode)");
    }
    return new BytesRef(key);
  }

  private void read(JsonParser parser, DocumentFields into) {
    JsonToken first = parser.nextToken();
    if (first != JsonToken.START_OBJECT) {
      throw new DocumentException(
          ErrorCode.INVALID_DOCUMENT,
          "document: "
              + (first == null ? "nothing" : DocumentFields.name(parser))
              + " (expected: a JSON object)");
    }
    Set<String> seen = new HashSet<>();
    for (String name = parser.nextName(); name != null; name = parser.nextName()) {
      String current = name;
      if (!seen.add(current)) {
        throw new DocumentException(
            ErrorCode.INVALID_DOCUMENT, current + ": given twice (expected: once)");
      }
      parser.nextToken();
      Optional<Field> field = fields.find(current);
      if (field.isPresent()) {
        into.add(field.get(), parser);
      } else if (fields.dynamic()) {
        parser.skipChildren();
      } else {
        throw new DocumentException(
            ErrorCode.UNKNOWN_FIELD,
            "field: %s (expected: one of %s)".formatted(current, fields.names()));
      }
    }
    into.finish();
    if (parser.nextToken() != null) {
      throw new DocumentException(
          ErrorCode.MALFORMED_JSON, "document: more after its end (expected: one JSON object)");
    }
  }
}
