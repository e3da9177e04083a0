package dev.heddle.loadtest.search;

import dev.heddle.loadtest.search.Found.Hit;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;

/** Answers as bytes, with as little work as can be. Stateless. */
final class FoundBytes {
  private FoundBytes() {}

  static byte[] write(Found found) throws IOException {
    var bytes = new ByteArrayOutputStream(512);
    try (var out = new DataOutputStream(bytes)) {
      out.writeLong(found.total());
      out.writeBoolean(found.exact());
      out.writeShort(found.hits().size());
      for (var hit : found.hits()) {
        out.writeUTF(hit.id());
        out.writeFloat(hit.score());
      }
      out.writeShort(found.buckets().size());
      for (var bucket : found.buckets().entrySet()) {
        out.writeUTF(bucket.getKey());
        out.writeLong(bucket.getValue());
      }
    }
    return bytes.toByteArray();
  }

  static Found read(byte[] bytes) throws IOException {
    try (var in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      long total = in.readLong();
      boolean exact = in.readBoolean();
      var hits = new ArrayList<Hit>();
      for (int left = in.readUnsignedShort(); left > 0; left--) {
        hits.add(new Hit(in.readUTF(), in.readFloat()));
      }
      var buckets = new LinkedHashMap<String, Long>();
      for (int left = in.readUnsignedShort(); left > 0; left--) {
        buckets.put(in.readUTF(), in.readLong());
      }
      return new Found(total, exact, hits, buckets, "");
    }
  }
}
