package dev.heddle.loadtest.store;

import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import dev.heddle.process.Ticker;
import dev.heddle.sample.search.Corpus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.lucene.analysis.Analyzer;
import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.miscellaneous.ASCIIFoldingFilter;
import org.apache.lucene.analysis.miscellaneous.PerFieldAnalyzerWrapper;
import org.apache.lucene.analysis.standard.StandardTokenizer;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.DoublePoint;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.Field.Store;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.LatLonDocValuesField;
import org.apache.lucene.document.LatLonPoint;
import org.apache.lucene.document.LongPoint;
import org.apache.lucene.document.SortedDocValuesField;
import org.apache.lucene.document.SortedNumericDocValuesField;
import org.apache.lucene.document.SortedSetDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.Term;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;
import org.apache.lucene.util.NumericUtils;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The same documents in a plain Lucene index with the same fields, in this process, on all
 * processors: nothing on Lucene is faster.
 */
final class LuceneFloor {
  private static final FieldType TEXT = text();
  private static final double BUFFER_MIB = 64;

  private final JsonNode fields;

  /**
   * @param schemaJson as {@code POST /v1/datasets} takes it
   */
  LuceneFloor(String schemaJson) {
    this.fields = JsonMapper.shared().readTree(schemaJson).path("fields");
  }

  private static FieldType text() {
    var type = new FieldType();
    type.setTokenized(true);
    type.setIndexOptions(IndexOptions.DOCS_AND_FREQS_AND_POSITIONS_AND_OFFSETS);
    type.freeze();
    return type;
  }

  /**
   * Indexes all documents, from JSON to one commit.
   *
   * @param directory empty
   * @return nanoseconds
   */
  long index(Path directory, List<Corpus.Document> documents, Ticker ticker)
      throws InterruptedException {
    int threads = Runtime.getRuntime().availableProcessors();
    var pool = Threads.bounded("lucene-floor", threads, threads);
    long began = ticker.nanoTime();
    var config =
        new IndexWriterConfig(analyzer())
            .setRAMBufferSizeMB(BUFFER_MIB)
            .setOpenMode(IndexWriterConfig.OpenMode.CREATE);
    try (var folder = FSDirectory.open(directory);
        var writer = new IndexWriter(folder, config)) {
      var next = new AtomicInteger();
      var parts = new ArrayList<Future<?>>();
      for (int i = 0; i < threads; i++) {
        parts.add(
            pool.submit(() -> {
              for (int at = next.getAndIncrement();
                  at < documents.size();
                  at = next.getAndIncrement()) {
                var document = documents.get(at);
                writer.updateDocument(new Term("_id", document.id()), document(document));
              }
              return null;
            }));
      }
      for (var part : parts) {
        part.get();
      }
      writer.commit();
      return ticker.nanoTime() - began;
    } catch (IOException | ExecutionException e) {
      throw new HeddleException(ErrorCode.STORAGE_FAILED, "bare Lucene: " + e, e);
    } finally {
      Threads.close(pool, Duration.ofSeconds(5));
    }
  }

  private Analyzer analyzer() {
    var analyzers = new HashMap<String, Analyzer>();
    for (var field : fields) {
      boolean stems = field.path("analyzer").asString("").equals("english");
      analyzers.put(field.path("name").asString(), new Chain(stems));
    }
    return new PerFieldAnalyzerWrapper(new Chain(false), analyzers);
  }

  private Document document(Corpus.Document source) {
    var document = new Document();
    var key = new BytesRef(source.id());
    document.add(new StringField("_id", key, Store.NO));
    document.add(new SortedDocValuesField("_id", key));
    document.add(new BinaryDocValuesField("_source", new BytesRef(source.json())));
    var json = JsonMapper.shared().readTree(source.json());
    for (var field : fields) {
      var name = field.path("name").asString();
      var value = json.path(name);
      if (value.isArray() && field.path("multi").asBoolean(false)) {
        value.forEach(each -> add(document, name, field.path("type").asString(), each));
      } else if (!value.isMissingNode() && !value.isNull()) {
        add(document, name, field.path("type").asString(), value);
      }
    }
    return document;
  }

  private static void add(Document document, String name, String type, JsonNode value) {
    switch (type) {
      case "text" -> document.add(new Field(name, value.asString(), TEXT));
      case "keyword" -> {
        document.add(new StringField(name, value.asString(), Store.NO));
        document.add(new SortedSetDocValuesField(name, new BytesRef(value.asString())));
      }
      case "long" -> number(document, name, value.asLong());
      case "date" -> number(document, name, days(value.asString()));
      case "double" -> {
        document.add(new DoublePoint(name, value.asDouble()));
        long sortable = NumericUtils.doubleToSortableLong(value.asDouble());
        document.add(new SortedNumericDocValuesField(name, sortable));
      }
      case "geoPoint" -> {
        double lat = value.isArray() ? value.path(0).asDouble() : value.path("lat").asDouble();
        double lon = value.isArray() ? value.path(1).asDouble() : value.path("lon").asDouble();
        document.add(new LatLonPoint(name, lat, lon));
        document.add(new LatLonDocValuesField(name, lat, lon));
      }
      default -> {
        // Stored: it stands in the source.
      }
    }
  }

  private static void number(Document document, String name, long value) {
    document.add(new LongPoint(name, value));
    document.add(new SortedNumericDocValuesField(name, value));
  }

  /** Any number that takes as much work as the date would. */
  private static long days(String date) {
    return date.length() == 10 ? LocalDate.parse(date).toEpochDay() : date.hashCode();
  }

  /** Words, in lower case, without accents; stemmed if wanted. */
  private static final class Chain extends Analyzer {
    private final boolean stems;

    Chain(boolean stems) {
      this.stems = stems;
    }

    @Override
    protected TokenStreamComponents createComponents(String field) {
      var words = new StandardTokenizer();
      TokenStream tokens = new ASCIIFoldingFilter(new LowerCaseFilter(words));
      return new TokenStreamComponents(
          words, stems ? new KStemFilter(new EnglishPossessiveFilter(tokens)) : tokens);
    }
  }
}
