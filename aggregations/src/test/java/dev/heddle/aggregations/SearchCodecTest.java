package dev.heddle.aggregations;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.heddle.function.Aggregation;
import dev.heddle.function.Binary;
import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;
import dev.heddle.function.Sort;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SearchCodecTest {
  private interface Writer {
    void write(DataOutputStream out) throws IOException;
  }

  private static void refused(ScatterRequest request, Writer writer) throws IOException {
    var bytes = new ByteArrayOutputStream();
    writer.write(new DataOutputStream(bytes));
    var function = new SearchFunction();
    function.prepare(request);
    var codec = function.codec();
    assertThrows(
        IOException.class,
        () -> codec.read(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray()))));
  }

  private static void header(DataOutputStream out, int hits) throws IOException {
    out.writeByte(2);
    Binary.writeUnsigned(7, out);
    out.writeBoolean(true);
    Binary.writeUnsigned(hits, out);
  }

  @Test
  void refusesOtherVersionsAndMoreThanWasAskedFor() throws IOException {
    var request = Library.request(new Query.All(), 3);
    refused(request, out -> out.writeByte(9));
    refused(request, out -> {});
    refused(request, out -> header(out, 4));
    refused(request, out -> header(out, 3));
  }

  @Test
  void takesNoMemoryForLengthsThatOnlyPretend() throws IOException {
    var request = Library.request(new Query.All(), ScatterRequest.MAX_K);
    refused(
        request,
        out -> {
          header(out, ScatterRequest.MAX_K);
          Binary.writeUnsigned(60_000, out);
        });
    refused(
        request,
        out -> {
          header(out, 1);
          Binary.writeString("id", out);
          out.writeFloat(1);
          Binary.writeUnsigned(0, out);
          Binary.writeUnsigned(60 << 20, out);
        });
  }

  @Test
  void refusesTermsOutOfOrderAndUnknownSortValues() throws IOException {
    refused(
        Library.request(
            new Query.All(), 0, List.of(), Map.of("t", new Aggregation.Terms("topic", 5))),
        out -> {
          header(out, 0);
          Binary.writeUnsigned(2, out);
          out.writeBoolean(true);
          Binary.writeUnsigned(2, out);
          for (var term : List.of("b", "a")) {
            Binary.writeString(term, out);
            Binary.writeUnsigned(1, out);
          }
        });
    refused(
        Library.request(new Query.All(), 1, List.of(new Sort("pages", true)), Map.of()),
        out -> {
          header(out, 1);
          Binary.writeString("id", out);
          out.writeFloat(1);
          Binary.writeUnsigned(0, out);
          out.writeByte(17);
        });
  }
}
