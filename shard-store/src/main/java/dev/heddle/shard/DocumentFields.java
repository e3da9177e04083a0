package dev.heddle.shard;

import dev.heddle.catalog.Field;
import dev.heddle.process.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.DoublePoint;
import org.apache.lucene.document.Field.Store;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.LatLonDocValuesField;
import org.apache.lucene.document.LatLonPoint;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.SortedNumericDocValuesField;
import org.apache.lucene.document.SortedSetDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.NumericUtils;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** The indexed fields of one document, read from its JSON. For one thread. */
final class DocumentFields {
  private static final int MAX_KEYWORD_BYTES = 8_191;
  private static final FieldType TEXT = text();

  private final Document document;
  private final WeightedText weighted;
  private final TextFeatures features;

  DocumentFields(Document document, WeightedText weighted) {
    this.document = document;
    this.weighted = weighted;
    this.features = new TextFeatures(weighted);
  }

  private static FieldType text() {
    FieldType type = new FieldType();
    type.setTokenized(true);
    type.setIndexOptions(IndexOptions.DOCS_AND_FREQS_AND_POSITIONS_AND_OFFSETS);
    type.freeze();
    return type;
  }

  /** Takes the value that the parser stands at; null counts as none. */
  void add(Field field, JsonParser parser) {
    if (parser.currentToken() == JsonToken.VALUE_NULL) {
      return;
    }
    switch (field.type()) {
      case TEXT -> texts(field, parser);
      case STORED -> parser.skipChildren();
      case GEO_POINT -> points(field, parser);
      case KEYWORD, LONG, DOUBLE, DATE -> values(field, parser);
    }
  }

  void finish() {
    features.into(document);
  }

  private void texts(Field field, JsonParser parser) {
    List<Tokens> values = new ArrayList<>();
    if (array(field, parser)) {
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        values.add(text(field, parser));
      }
    } else {
      values.add(text(field, parser));
    }
    if (field.analyzer().equals(StartTerms.ANALYZER)) {
      StartTerms.add(document, field.name(), values);
    }
  }

  private Tokens text(Field field, JsonParser parser) {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw mismatch(field, parser, "a string");
    }
    String value = parser.getString();
    Tokens tokens = TextAnalysis.analyze(field.analyzer(), value);
    document.add(new org.apache.lucene.document.Field(field.name(), new TokenReplay(tokens), TEXT));
    if (weighted.has(field)) {
      features.add(
          field,
          value,
          weighted.analyzer().equals(field.analyzer())
              ? tokens
              : TextAnalysis.analyze(weighted.analyzer(), value));
    }
    return tokens;
  }

  private void values(Field field, JsonParser parser) {
    if (array(field, parser)) {
      while (parser.nextToken() != JsonToken.END_ARRAY) {
        value(field, parser);
      }
    } else {
      value(field, parser);
    }
  }

  private void value(Field field, JsonParser parser) {
    switch (field.type()) {
      case KEYWORD -> keyword(field, parser);
      case LONG -> integer(field, parser);
      case DOUBLE -> decimal(field, parser);
      case DATE -> date(field, parser);
      case TEXT, GEO_POINT, STORED ->
          throw new IllegalStateException(field.name() + ": no single value type");
    }
  }

  private void keyword(Field field, JsonParser parser) {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_STRING
        && token != JsonToken.VALUE_TRUE
        && token != JsonToken.VALUE_FALSE) {
      throw mismatch(field, parser, "a string");
    }
    BytesRef value = new BytesRef(parser.getString());
    if (value.length > MAX_KEYWORD_BYTES) {
      throw new DocumentException(
          ErrorCode.TOO_LARGE,
          "%s: %d bytes (expected: at most %d)"
              .formatted(field.name(), value.length, MAX_KEYWORD_BYTES));
    }
    document.add(new StringField(field.name(), value, Store.NO));
    document.add(new SortedSetDocValuesField(field.name(), value));
  }

  private void integer(Field field, JsonParser parser) {
    if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
      throw mismatch(field, parser, "an integer");
    }
    if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
      throw new DocumentException(
          ErrorCode.OUT_OF_RANGE,
          "%s: %s (expected: %d..%d)"
              .formatted(field.name(), brief(parser), Long.MIN_VALUE, Long.MAX_VALUE));
    }
    number(field, parser.getLongValue());
  }

  private void number(Field field, long value) {
    document.add(new LongPoint(field.name(), value));
    document.add(new SortedNumericDocValuesField(field.name(), value));
  }

  private void decimal(Field field, JsonParser parser) {
    JsonToken token = parser.currentToken();
    if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
      throw mismatch(field, parser, "a number");
    }
    double value = parser.getDoubleValue();
    if (!Double.isFinite(value)) {
      throw new DocumentException(
          ErrorCode.OUT_OF_RANGE,
          "%s: %s (expected: a finite double)".formatted(field.name(), brief(parser)));
    }
    document.add(new DoublePoint(field.name(), value));
    document.add(
        new SortedNumericDocValuesField(field.name(), NumericUtils.doubleToSortableLong(value)));
  }

  private void date(Field field, JsonParser parser) {
    if (parser.currentToken() != JsonToken.VALUE_STRING) {
      throw mismatch(field, parser, Dates.EXPECTED);
    }
    Dates.Span span =
        Dates.parse(parser.getString()).orElseThrow(() -> mismatch(field, parser, Dates.EXPECTED));
    number(field, span.first());
  }

  /** A point is an object or a pair of numbers; only an array of those is several points. */
  private void points(Field field, JsonParser parser) {
    if (parser.currentToken() == JsonToken.START_OBJECT) {
      point(field, GeoValue.object(field.name(), parser));
      return;
    }
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw mismatch(field, parser, GeoValue.EXPECTED);
    }
    JsonToken first = parser.nextToken();
    if (first == JsonToken.VALUE_NUMBER_INT || first == JsonToken.VALUE_NUMBER_FLOAT) {
      point(field, GeoValue.pair(field.name(), parser));
      return;
    }
    multi(field);
    for (; parser.currentToken() != JsonToken.END_ARRAY; parser.nextToken()) {
      switch (parser.currentToken()) {
        case START_OBJECT -> point(field, GeoValue.object(field.name(), parser));
        case START_ARRAY -> {
          parser.nextToken();
          point(field, GeoValue.pair(field.name(), parser));
        }
        default -> throw mismatch(field, parser, GeoValue.EXPECTED);
      }
    }
  }

  private void point(Field field, GeoValue point) {
    document.add(new LatLonPoint(field.name(), point.lat(), point.lon()));
    document.add(new LatLonDocValuesField(field.name(), point.lat(), point.lon()));
  }

  private static boolean array(Field field, JsonParser parser) {
    boolean array = parser.currentToken() == JsonToken.START_ARRAY;
    if (array) {
      multi(field);
    }
    return array;
  }

  private static void multi(Field field) {
    if (!field.multi()) {
      throw new DocumentException(
          ErrorCode.TYPE_MISMATCH,
          "%s: an array (expected: a single %s, or multi in the schema)"
              .formatted(field.name(), SchemaFields.text(field.type())));
    }
  }

  private static DocumentException mismatch(Field field, JsonParser parser, String expected) {
    return new DocumentException(
        ErrorCode.TYPE_MISMATCH,
        "%s: %s (expected: %s)".formatted(field.name(), brief(parser), expected));
  }

  /** The value that the parser stands at, for a message. */
  static String brief(JsonParser parser) {
    JsonToken token = parser.currentToken();
    if (token == null || !token.isScalarValue()) {
      return name(parser);
    }
    String text = parser.getString();
    String value = text.length() <= 60 ? text : text.substring(0, 60) + "…";
    return token == JsonToken.VALUE_STRING ? '"' + value + '"' : value;
  }

  /** What kind of value the parser stands at. */
  static String name(JsonParser parser) {
    return switch (parser.currentToken()) {
      case START_OBJECT -> "an object";
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      case VALUE_NULL -> "null";
      case null, default -> "the end";
    };
  }
}
