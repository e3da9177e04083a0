package dev.heddle.json;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.v1.BulkResult;
import java.io.ByteArrayOutputStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** The lines that answer a bulk stream: one JSON object each. */
public final class BulkResultJsonWire {
  private BulkResultJsonWire() {}

  /** {@code {"line","id","version"}}, or {@code {"line","id","found"}} of a delete. */
  public static void written(
      ByteArrayOutputStream out, long line, String id, boolean delete, BulkResult result) {
    line(
        out,
        json -> {
          json.writeNumberProperty("line", line);
          json.writeStringProperty("id", id);
          if (delete) {
            json.writeBooleanProperty("found", result.getFound());
          } else {
            json.writeNumberProperty("version", result.getVersion());
          }
        });
  }

  /** {@code {"line","id","error":{"code","name","kind","message"}}}; without id if it has none. */
  public static void refused(
      ByteArrayOutputStream out, long line, String id, HeddleException error) {
    line(
        out,
        json -> {
          json.writeNumberProperty("line", line);
          if (!id.isEmpty()) {
            json.writeStringProperty("id", id);
          }
          error(json, error);
        });
  }

  /** The last line: {@code {"written","failed","tookMicros","traceId","positionToken","error"}}. */
  public static byte[] summary(
      long written,
      long failed,
      @Nullable HeddleException failure,
      long tookMicros,
      String traceId,
      String positionToken) {
    var out = new ByteArrayOutputStream();
    line(
        out,
        json -> {
          json.writeNumberProperty("written", written);
          json.writeNumberProperty("failed", failed);
          json.writeNumberProperty("tookMicros", tookMicros);
          json.writeStringProperty("traceId", traceId);
          if (!positionToken.isEmpty()) {
            json.writeStringProperty("positionToken", positionToken);
          }
          if (failure != null) {
            error(json, failure);
          }
        });
    return out.toByteArray();
  }

  private static void error(JsonGenerator json, HeddleException error) {
    ErrorCode code = error.code();
    json.writeObjectPropertyStart("error");
    json.writeNumberProperty("code", code.number());
    json.writeStringProperty("name", code.name());
    json.writeStringProperty("kind", code.kind().name());
    json.writeStringProperty("message", String.valueOf(error.getMessage()));
    json.writeEndObject();
  }

  private static void line(ByteArrayOutputStream out, Consumer<JsonGenerator> members) {
    byte[] json =
        Json.write(generator -> {
          generator.writeStartObject();
          members.accept(generator);
          generator.writeEndObject();
        });
    out.writeBytes(json);
    out.write('\n');
  }
}
