package dev.heddle.sample.search;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Turns DBpedia's resource URIs into what people read. */
final class ResourceName {
  private static final String RESOURCE = "/resource/";
  private static final String CATEGORY = "Category:";

  private ResourceName() {}

  /** "http://dbpedia.org/resource/Category:1879_births" becomes "1879 births". */
  static String readable(String uri) {
    var name = local(uri);
    if (name.startsWith(CATEGORY)) {
      name = name.substring(CATEGORY.length());
    }
    return decode(name).replace('_', ' ').strip();
  }

  /** The encoded name after the prefix that all resources share. */
  static String local(String uri) {
    int at = uri.indexOf(RESOURCE);
    return at < 0 ? uri : uri.substring(at + RESOURCE.length());
  }

  /** The article that a redirect leads to: without the section, "…%23Section". */
  static String article(String uri) {
    int section = uri.indexOf("%23");
    return section < 0 ? uri : uri.substring(0, section);
  }

  /** Percent-decodes UTF-8; leaves what is no valid escape as it stands ("100%"). */
  private static String decode(String text) {
    if (text.indexOf('%') < 0) {
      return text;
    }
    var out = new ByteArrayOutputStream(text.length());
    var bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      int high = i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = i + 2 < bytes.length ? Character.digit(bytes[i + 2], 16) : -1;
      if (bytes[i] == '%' && high >= 0 && low >= 0) {
        out.write(high << 4 | low);
        i += 2;
      } else {
        out.write(bytes[i]);
      }
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
