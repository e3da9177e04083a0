package dev.heddle.shard;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** All documents of a shard as text, in the order of their ids, to compare. */
final class ShardContents {
  private static final int PAGE = 7;

  private ShardContents() {}

  /** What is applied now. */
  static List<String> of(LocalShard shard) throws IOException {
    shard.refresh();
    View view = shard.acquire();
    try {
      return of(view);
    } finally {
      shard.release(view);
    }
  }

  static List<String> of(View view) throws IOException {
    List<String> all = new ArrayList<>();
    String after = "";
    boolean more = true;
    while (more) {
      DocumentPage page = DocumentScan.read(view, after, PAGE, "", 0);
      for (DocumentPage.Entry entry : page.documents()) {
        all.add(line(entry));
        after = entry.id();
      }
      more = page.more();
    }
    return all;
  }

  static String line(DocumentPage.Entry entry) {
    return entry.id()
        + '@'
        + entry.document().version()
        + '='
        + new String(entry.document().json(), StandardCharsets.UTF_8);
  }
}
