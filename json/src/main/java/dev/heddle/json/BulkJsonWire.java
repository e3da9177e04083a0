package dev.heddle.json;

import static dev.heddle.json.ClauseJsonWire.ordered;

import com.google.protobuf.ByteString;
import dev.heddle.process.DataSize;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.BulkItem;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/**
 * The items of a bulk stream from their lines: {@code {"put":{"id","document","ifVersion"}}},
 * {@code {"patch":{…}}} alike, {@code {"delete":{"id","ifVersion"}}}. Documents are checked to be
 * JSON objects and passed on byte by byte, so that no number changes its form. One instance reads
 * one line. Not thread-safe.
 */
public final class BulkJsonWire {
  /** Bytes that a line may have besides its document. */
  public static final int OVERHEAD = 4 << 10;

  /** Bytes. */
  private static final int MAX_ID = 512;

  private static final Set<String> OPERATIONS = ordered("put", "patch", "delete");
  private static final Set<String> WRITE = ordered("id", "document", "ifVersion");
  private static final Set<String> DELETE = ordered("id", "ifVersion");

  private final byte[] line;
  private final int length;
  private final DataSize maxDocument;
  private final BulkItem.Builder item = BulkItem.newBuilder();
  private @Nullable ByteString document;

  private BulkJsonWire(byte[] line, int length, DataSize maxDocument) {
    this.line = line;
    this.length = length;
    this.maxDocument = maxDocument;
  }

  /**
   * A line as far as it could be read.
   *
   * @param item with the id, if that is known; whole where there is no error
   * @param error why the line cannot be used
   */
  public record Line(BulkItem item, @Nullable HeddleException error) {}

  /**
   * Reads a line.
   *
   * @param maxDocument bytes that a document may have
   */
  public static Line read(byte[] line, int length, DataSize maxDocument) {
    var wire = new BulkJsonWire(line, length, maxDocument);
    try (JsonParser json = Json.parser(line, length)) {
      wire.read(json);
      return new Line(wire.item.build(), null);
    } catch (JacksonException e) {
      return new Line(wire.item.build(), Json.malformedLine(e));
    } catch (HeddleException e) {
      return new Line(wire.item.build(), e);
    }
  }

  private void read(JsonParser json) {
    expectObject("line", json.nextToken(), json);
    String operation = json.nextName();
    if (operation == null) {
      throw oneOperation("{}");
    }
    if (!OPERATIONS.contains(operation)) {
      throw JsonFields.unknown(operation, OPERATIONS);
    }
    expectObject(operation, json.nextToken(), json);
    fields(json, operation);
    String another = json.nextName();
    if (another != null) {
      throw oneOperation(operation + ", " + another);
    }
    if (json.nextToken() != null) {
      throw new HeddleException(
          ErrorCode.MALFORMED_JSON,
          "line: more after the object (expected: one JSON object a line)");
    }
    complete(operation);
  }

  private void fields(JsonParser json, String operation) {
    Set<String> known = operation.equals("delete") ? DELETE : WRITE;
    for (String name = json.nextName(); name != null; name = json.nextName()) {
      String path = operation + "." + name;
      if (!known.contains(name)) {
        throw JsonFields.unknown(path, known);
      }
      JsonToken value = json.nextToken();
      if (value == JsonToken.VALUE_NULL) {
        continue;
      }
      switch (name) {
        case "id" -> id(json, path, value);
        case "ifVersion" -> ifVersion(json, path, value);
        case "document" -> document(json, path, value);
        default -> throw new AssertionError(name);
      }
    }
  }

  private void id(JsonParser json, String path, JsonToken value) {
    if (value != JsonToken.VALUE_STRING) {
      throw mismatch(path, json, "a string");
    }
    String id = json.getString();
    int bytes = ByteString.copyFromUtf8(id).size();
    if (bytes == 0 || bytes > MAX_ID) {
      throw new HeddleException(
          ErrorCode.INVALID_DOCUMENT,
          path + ": " + bytes + " bytes (expected: 1.." + MAX_ID + " bytes in UTF-8)");
    }
    item.setId(id);
  }

  private void ifVersion(JsonParser json, String path, JsonToken value) {
    if (value != JsonToken.VALUE_NUMBER_INT) {
      throw mismatch(path, json, "an integer");
    }
    String digits = json.getString();
    // More digits than a long has would be an error of their own kind in the parser.
    if (digits.length() > 18 || digits.startsWith("-")) {
      throw JsonFields.outOfRange(path, shown(digits), "0..999999999999999999");
    }
    item.setIfVersion(json.getLongValue());
  }

  private void document(JsonParser json, String path, JsonToken value) {
    if (value != JsonToken.START_OBJECT) {
      throw new HeddleException(
          ErrorCode.INVALID_DOCUMENT, path + ": not an object (expected: a JSON object)");
    }
    long start = json.currentTokenLocation().getByteOffset();
    json.skipChildren();
    long end = json.currentLocation().getByteOffset();
    if (start < 0 || end > length || line[(int) start] != '{') {
      throw new HeddleException(
          ErrorCode.MALFORMED_JSON, "line: another encoding (expected: JSON in UTF-8)");
    }
    if (end - start > maxDocument.bytes()) {
      throw tooLarge(path, end - start, maxDocument);
    }
    document = ByteString.copyFrom(line, (int) start, (int) (end - start));
  }

  public static HeddleException tooLarge(String path, long bytes, DataSize most) {
    return new HeddleException(
        ErrorCode.TOO_LARGE,
        path + ": " + bytes + " bytes (expected: a document of at most " + most + ")");
  }

  private void complete(String operation) {
    if (item.getId().isEmpty()) {
      throw missing(operation + ".id");
    }
    if (operation.equals("delete")) {
      item.setDelete(true);
      return;
    }
    ByteString json = document;
    if (json == null) {
      throw missing(operation + ".document");
    }
    if (operation.equals("put")) {
      item.setPutJson(json);
    } else {
      item.setPatchJson(json);
    }
  }

  private static HeddleException missing(String path) {
    return new HeddleException(ErrorCode.INVALID_REQUEST, path + ": missing (expected: a value)");
  }

  private static HeddleException oneOperation(String found) {
    return new HeddleException(
        ErrorCode.INVALID_REQUEST,
        "line: " + found + " (expected: exactly one of " + String.join(", ", OPERATIONS) + ")");
  }

  private static void expectObject(String path, @Nullable JsonToken token, JsonParser json) {
    if (token != JsonToken.START_OBJECT) {
      throw mismatch(path, json, "an object");
    }
  }

  private static HeddleException mismatch(String path, JsonParser json, String expected) {
    JsonToken token = json.currentToken();
    String found =
        token == null
            ? "nothing"
            : switch (token) {
              case START_OBJECT -> "an object";
              case START_ARRAY -> "an array";
              default -> shown(json.getString());
            };
    return new HeddleException(
        ErrorCode.TYPE_MISMATCH, path + ": " + found + " (expected: " + expected + ")");
  }

  private static String shown(String text) {
    return text.length() <= JsonFields.SHOWN ? text : text.substring(0, JsonFields.SHOWN) + "…";
  }
}
