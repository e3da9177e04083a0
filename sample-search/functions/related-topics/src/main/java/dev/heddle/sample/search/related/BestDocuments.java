package dev.heddle.sample.search.related;

import dev.heddle.function.BadRequestException;
import dev.heddle.function.Shard;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Finds a shard's best documents and reads their topics by column, not from the documents. */
final class BestDocuments {
  private BestDocuments() {}

  /** In the order of the shard. */
  static List<TopicsPartial.Found> of(TopicsQuery query, Shard shard) {
    var kind = shard.kind(query.field());
    if (kind != Shard.FieldKind.KEYWORD) {
      throw new BadRequestException(
          "field: " + query.field() + " is " + kind + " (expected: a keyword field)");
    }
    var top = shard.search(query.query(), List.of(), query.documents(), 0);
    var found = new ArrayList<TopicsPartial.Found>();
    var segments = shard.segments().iterator();
    Shard.Segment segment = null;
    Shard.KeywordValues values = null;
    for (var document : inOrder(top)) {
      while (segment == null || document.document() >= segment.base() + segment.size()) {
        segment = segments.next();
        values = null;
      }
      if (values == null) {
        values = segment.keywords(query.field());
      }
      var topics = topics(values, document.document() - segment.base());
      found.add(new TopicsPartial.Found(document.id(), document.score(), topics));
    }
    return found;
  }

  /** Columns are read forwards. */
  private static List<Shard.TopDocument> inOrder(Shard.TopDocuments top) {
    return top.documents().stream()
        .sorted(Comparator.comparingInt(Shard.TopDocument::document))
        .toList();
  }

  private static List<String> topics(Shard.KeywordValues values, int document) {
    if (!values.advance(document)) {
      return List.of();
    }
    var topics = new ArrayList<String>(values.count());
    for (int i = 0; i < values.count(); i++) {
      topics.add(values.term(values.next()));
    }
    return topics;
  }
}
