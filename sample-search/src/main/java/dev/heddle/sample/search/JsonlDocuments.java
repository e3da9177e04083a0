package dev.heddle.sample.search;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** One run over a JSONL file. */
final class JsonlDocuments implements Corpus.Documents {
  private static final JsonMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final String ID = "id";
  private static final int UTF8_MARK = 3;

  private final Lines lines;
  private final CountingInputStream file;
  private final long fileBytes;
  private final int lineBytes;
  private final List<Rejections.Rejection> rejected = new ArrayList<>();
  private long rejections;
  private long handedOut;
  private Corpus.@Nullable Document next;

  JsonlDocuments(Lines lines, CountingInputStream file, long fileBytes, int lineBytes) {
    this.lines = lines;
    this.file = file;
    this.fileBytes = fileBytes;
    this.lineBytes = lineBytes;
  }

  @Override
  public boolean hasNext() {
    try {
      while (next == null) {
        var line = lines.next();
        if (line == null) {
          return false;
        }
        if (!line.blank()) {
          next = document(line);
        }
      }
      return true;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Corpus.@Nullable Document document(Lines.Line line) {
    if (line.cut()) {
      return reject(line, "longer than " + lineBytes + " bytes");
    }
    int start = line.number() == 1 && startsWithMark(line) ? UTF8_MARK : 0;
    try {
      var node = JSON.readTree(line.bytes(), start, line.length() - start);
      if (!(node instanceof ObjectNode object)) {
        return reject(line, kind(node) + " (expected: a JSON object)");
      }
      var id = object.remove(ID);
      if (id == null) {
        return reject(line, "id: missing (expected: a string that is not empty)");
      }
      if (!(id.isString() || id.isIntegralNumber()) || id.asString().isEmpty()) {
        return reject(line, "id: " + shown(id) + " (expected: a string that is not empty)");
      }
      return new Corpus.Document(id.asString(), JSON.writeValueAsBytes(object));
    } catch (JacksonException e) {
      return reject(line, "not JSON: " + e.getOriginalMessage());
    }
  }

  private static String kind(@Nullable JsonNode node) {
    return node == null || node.isMissingNode() ? "nothing" : shown(node);
  }

  private static String shown(JsonNode node) {
    var text = node.toString();
    return text.length() <= 40 ? text : text.substring(0, 40) + "…";
  }

  private static boolean startsWithMark(Lines.Line line) {
    var bytes = line.bytes();
    return line.length() >= UTF8_MARK
        && bytes[0] == (byte) 0xef
        && bytes[1] == (byte) 0xbb
        && bytes[2] == (byte) 0xbf;
  }

  private Corpus.@Nullable Document reject(Lines.Line line, String reason) {
    if (rejected.size() < Rejections.KEPT) {
      rejected.add(new Rejections.Rejection(line.number(), reason));
    }
    rejections++;
    return null;
  }

  @Override
  public Corpus.Document next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    var document = next;
    next = null;
    handedOut++;
    return document;
  }

  @Override
  public Corpus.Progress progress() {
    return new Corpus.Progress(handedOut, file.count(), fileBytes);
  }

  @Override
  public Rejections rejections() {
    return new Rejections(rejections, rejected);
  }

  @Override
  public void close() throws IOException {
    lines.close();
  }
}
