package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.catalog.FieldType;
import java.io.IOException;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;

/** Reads what one shard knows of its text. */
final class StatisticsReading {
  private StatisticsReading() {}

  /**
   * @param fields whether the figures of all text fields are wanted
   */
  static ShardStatistics read(
      DirectoryReader reader, SchemaFields schema, Collection<TermKey> terms, boolean fields)
      throws IOException {
    Map<String, FieldFigures> fieldFigures = new HashMap<>();
    if (fields) {
      fieldFigures.put(IndexFields.TEXT, field(reader, IndexFields.TEXT));
      for (Field field : schema.all()) {
        if (field.type() == FieldType.TEXT) {
          fieldFigures.put(field.name(), field(reader, field.name()));
        }
      }
    }
    Map<TermKey, TermFigures> termFigures = new HashMap<>();
    for (TermKey term : terms) {
      termFigures.put(term, term(reader, term));
    }
    return new ShardStatistics(reader.numDocs(), fieldFigures, termFigures);
  }

  private static FieldFigures field(DirectoryReader reader, String field) throws IOException {
    FieldFigures figures = FieldFigures.NONE;
    for (LeafReaderContext leaf : reader.leaves()) {
      Terms terms = leaf.reader().terms(field);
      if (terms != null) {
        figures =
            figures.plus(
                new FieldFigures(
                    terms.getDocCount(), terms.getSumTotalTermFreq(), terms.getSumDocFreq()));
      }
    }
    return figures;
  }

  private static TermFigures term(DirectoryReader reader, TermKey key) throws IOException {
    TermFigures figures = TermFigures.NONE;
    BytesRef bytes = new BytesRef(key.term());
    for (LeafReaderContext leaf : reader.leaves()) {
      Terms terms = leaf.reader().terms(key.field());
      if (terms == null) {
        continue;
      }
      TermsEnum lookup = terms.iterator();
      if (lookup.seekExact(bytes)) {
        figures = figures.plus(new TermFigures(lookup.docFreq(), lookup.totalTermFreq()));
      }
    }
    return figures;
  }
}
