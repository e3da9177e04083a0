package dev.heddle.loadtest.search;

import dev.heddle.loadtest.search.Found.Hit;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.lucene.document.BinaryDocValuesField;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.SortedSetDocValuesField;
import org.apache.lucene.document.StoredField;
import org.apache.lucene.document.TextField;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LogDocMergePolicy;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.PhraseQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.search.TotalHits;
import org.apache.lucene.search.similarities.BM25Similarity;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.util.BytesRef;

/**
 * Some of the documents in a plain Lucene index of one segment, without caches: the floor, and with
 * all documents what is right. Safe for any thread.
 */
final class LuceneIndex implements AutoCloseable {
  /** As Heddle ranks a field that a query names. */
  static final float K1 = 1.2f;

  static final float B = 0.5f;

  private static final String ID = "_id";

  private final FSDirectory folder;
  private final DirectoryReader reader;
  private final IndexSearcher searcher;

  private LuceneIndex(FSDirectory folder, DirectoryReader reader) {
    this.folder = folder;
    this.reader = reader;
    this.searcher = new IndexSearcher(reader);
    searcher.setSimilarity(new BM25Similarity(K1, B));
    searcher.setQueryCache(null);
  }

  /** Writes the documents in their order, which ties are broken by. */
  static void build(Path path, List<SearchDocuments.One> documents) throws IOException {
    var config =
        new IndexWriterConfig(new SearchAnalysis())
            .setSimilarity(new BM25Similarity(K1, B))
            .setMergePolicy(new LogDocMergePolicy());
    try (var folder = FSDirectory.open(path);
        var writer = new IndexWriter(folder, config)) {
      for (var one : documents) {
        var document = new Document();
        document.add(new BinaryDocValuesField(ID, new BytesRef(one.id())));
        document.add(new StoredField(SearchDocuments.TITLE, one.title()));
        document.add(new TextField(SearchDocuments.BODY, one.body(), Field.Store.NO));
        one.types()
            .forEach(type ->
                document.add(
                    new SortedSetDocValuesField(SearchDocuments.TYPE, new BytesRef(type))));
        writer.addDocument(document);
      }
      writer.forceMerge(1);
      writer.commit();
    }
  }

  static LuceneIndex open(Path path) throws IOException {
    var folder = FSDirectory.open(path);
    try {
      return new LuceneIndex(folder, DirectoryReader.open(folder));
    } catch (IOException | RuntimeException e) {
      folder.close();
      throw e;
    }
  }

  /** The best hits with their titles read, or the counts that a shard tells of. */
  Found search(SearchQuery query) throws IOException {
    return query.kind() == SearchKind.TERMS ? counts(query) : best(query, SearchQuery.HITS);
  }

  /** So many of the best hits. */
  Found best(SearchQuery query, int hits) throws IOException {
    var top =
        searcher.search(lucene(query), new TopScoreDocCollectorManager(hits, SearchQuery.COUNTED));
    var found = new ArrayList<Hit>(top.scoreDocs.length);
    var stored = searcher.storedFields();
    for (ScoreDoc each : top.scoreDocs) {
      // Read, because the others show it, too.
      var _ = stored.document(each.doc);
      found.add(new Hit(id(each.doc), each.score));
    }
    boolean exact = top.totalHits.relation() == TotalHits.Relation.EQUAL_TO;
    return new Found(top.totalHits.value(), exact, found, Map.of(), "");
  }

  private String id(int document) throws IOException {
    for (var leaf : reader.leaves()) {
      if (document < leaf.docBase + leaf.reader().maxDoc()) {
        var ids = DocValues.getBinary(leaf.reader(), ID);
        if (ids.advanceExact(document - leaf.docBase)) {
          return ids.binaryValue().utf8ToString();
        }
      }
    }
    throw new IllegalStateException("document " + document + " has no id");
  }

  private Found counts(SearchQuery query) throws IOException {
    var counted = searcher.search(lucene(query), new ValueCounts(SearchDocuments.TYPE));
    return new Found(
        counted.documents(),
        true,
        List.of(),
        most(counted.values(), SearchQuery.SHARD_BUCKETS),
        "");
  }

  /** The most frequent values, ties by value. */
  static Map<String, Long> most(Map<String, Long> values, int limit) {
    var most = new LinkedHashMap<String, Long>();
    values.entrySet().stream()
        .sorted(
            Map.Entry.<String, Long>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .limit(limit)
        .forEach(each -> most.put(each.getKey(), each.getValue()));
    return most;
  }

  /** All counts of the values. */
  Map<String, Long> allCounts(SearchQuery query) throws IOException {
    return searcher.search(lucene(query), new ValueCounts(SearchDocuments.TYPE)).values();
  }

  /** How many documents match, exactly. */
  long count(SearchQuery query) throws IOException {
    return searcher.count(lucene(query));
  }

  private static Query lucene(SearchQuery query) {
    var words = query.words();
    return switch (query.kind()) {
      case TERM, TERMS -> term(words.getFirst());
      case MATCH, DISJUNCTION -> {
        var any = new BooleanQuery.Builder();
        words.forEach(word -> any.add(term(word), Occur.SHOULD));
        yield any.build();
      }
      case BOOLEAN ->
          new BooleanQuery.Builder()
              .add(term(words.get(0)), Occur.MUST)
              .add(term(words.get(1)), Occur.MUST)
              .add(term(words.get(2)), Occur.MUST_NOT)
              .build();
      case PHRASE -> new PhraseQuery(SearchDocuments.BODY, words.toArray(String[]::new));
    };
  }

  private static Query term(String word) {
    return new TermQuery(new Term(SearchDocuments.BODY, word));
  }

  @Override
  public void close() throws IOException {
    try (folder) {
      reader.close();
    }
  }
}
