package dev.heddle.json;

import com.google.protobuf.ByteString;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.function.Consumer;
import tools.jackson.core.JsonGenerator;

/**
 * Writes JSON into which bytes that are JSON already are spliced as they are. One instance writes
 * one value. Not thread-safe.
 */
public final class RawJsonWire {
  private final ByteArrayOutputStream out;
  private final JsonGenerator json;

  private RawJsonWire(int sizeHint) {
    this.out = new ByteArrayOutputStream(sizeHint);
    this.json = Json.generator(out);
  }

  /** What the content writes. */
  public static byte[] write(int sizeHint, Consumer<RawJsonWire> content) {
    var wire = new RawJsonWire(sizeHint);
    content.accept(wire);
    wire.json.close();
    return wire.out.toByteArray();
  }

  /** Where everything else is written. */
  public JsonGenerator json() {
    return json;
  }

  /** Puts JSON bytes where the next value goes; {@code {}} where there are none. */
  public void splice(ByteString raw) {
    if (raw.isEmpty()) {
      json.writeStartObject();
      json.writeEndObject();
      return;
    }
    // The empty raw value makes the generator write what separates values, and no more.
    json.writeRawValue("");
    json.flush();
    try {
      raw.writeTo(out);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.INTERNAL, "answer: cannot be written", e);
    }
  }
}
