package dev.heddle.sample.search;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import org.jspecify.annotations.Nullable;

/**
 * The articles with an English abstract in Apache Stanbol's DBpedia index (CC BY-SA 3.0): a Lucene
 * 3 index in a zip in a jar. Ids are the resources' URIs.
 *
 * <p>Holds the stored fields (47 MB) and a dictionary of names while it is open.
 */
public final class DbpediaCorpus implements Corpus {
  /** Digest of the one jar that this class reads. */
  public static final String SHA_256 =
      "80e3589a90fd090e649e70b4a9d27c685f838b92f43ba482b8499f9a17573317";

  private static final String INDEX =
      "org/apache/stanbol/data/site/dbpedia/default/index/dbpedia_43k.solrindex.zip";
  private static final List<String> SUFFIXES = List.of("_9.fnm", "_9.fdx", "_9.fdt");
  private static final int MAX_FILE_BYTES = 64 * 1024 * 1024;

  private final Path jar;
  private final String schemaJson;

  /**
   * Nothing is read yet.
   *
   * @param schemaJson the sample's {@code app/schema.json}
   */
  public DbpediaCorpus(Path jar, String schemaJson) {
    this.jar = jar;
    this.schemaJson = schemaJson;
  }

  /**
   * Checks that the file is the jar that this class reads.
   *
   * @throws CorpusException if it is cut short or changed
   */
  public static void verify(Path jar) throws IOException {
    var actual = sha256(jar);
    if (!actual.equals(SHA_256)) {
      throw new CorpusException(
          "corpus %s: sha256 %s, %,d bytes (expected: sha256 %s; cut short or changed on the way)"
              .formatted(jar, actual, Files.size(jar), SHA_256));
    }
  }

  @Override
  public String schemaJson() {
    return schemaJson;
  }

  @Override
  public Documents open() throws IOException {
    verify(jar);
    var stored = storedFields();
    var mentions = new Mentions();
    var redirects = new HashMap<String, List<String>>();
    long articles = index(stored, mentions, redirects);
    return new Run(stored, mentions, redirects, articles);
  }

  /** First pass: who is called what. */
  private static long index(
      StoredFields stored, Mentions mentions, Map<String, List<String>> redirects) {
    var articles = new HashMap<String, DbpediaEntry>();
    var others = new ArrayList<DbpediaEntry>();
    for (int i = 0; i < stored.size(); i++) {
      var entry = DbpediaEntry.read(stored, i, DbpediaEntry.HEAD);
      if (entry.article()) {
        entry.summary = "";
        articles.put(entry.uri, entry);
        mentions.add(entry.title, entry.title, entry.rank);
      } else if (!entry.redirects.isEmpty()) {
        others.add(entry);
      }
    }
    for (var redirect : others) {
      var target = articles.get(ResourceName.article(redirect.redirects.getFirst()));
      if (target != null) {
        redirects
            .computeIfAbsent(target.uri, uri -> new ArrayList<>())
            .add(ResourceName.readable(redirect.uri));
        mentions.add(redirect.title, target.title, target.rank);
      }
    }
    return articles.size();
  }

  private StoredFields storedFields() throws IOException {
    var files = new HashMap<String, byte[]>();
    try (var outer = new ZipFile(jar.toFile())) {
      var entry = outer.getEntry(INDEX);
      if (entry == null) {
        throw new CorpusException("corpus " + jar + ": no " + INDEX + " inside");
      }
      try (var inner =
          new ZipInputStream(new BufferedInputStream(outer.getInputStream(entry), 1 << 16))) {
        for (var file = inner.getNextEntry(); file != null; file = inner.getNextEntry()) {
          read(inner, file, files);
        }
      }
    }
    for (var suffix : SUFFIXES) {
      if (!files.containsKey(suffix)) {
        throw new CorpusException("corpus " + jar + ": no " + suffix + " inside");
      }
    }
    return new StoredFields(
        files.getOrDefault(SUFFIXES.get(0), new byte[0]),
        files.getOrDefault(SUFFIXES.get(1), new byte[0]),
        files.getOrDefault(SUFFIXES.get(2), new byte[0]));
  }

  private void read(ZipInputStream inner, ZipEntry file, Map<String, byte[]> files)
      throws IOException {
    for (var suffix : SUFFIXES) {
      if (file.getName().endsWith("/" + suffix)) {
        var bytes = inner.readNBytes(MAX_FILE_BYTES + 1);
        if (bytes.length > MAX_FILE_BYTES) {
          throw new CorpusException(
              "corpus " + jar + ": " + suffix + " is larger than " + MAX_FILE_BYTES + " bytes");
        }
        files.put(suffix, bytes);
      }
    }
  }

  private static String sha256(Path file) throws IOException {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      try (var in = new DigestInputStream(Files.newInputStream(file), digest)) {
        var buffer = new byte[1 << 16];
        while (in.read(buffer) >= 0) {
          // Read for the digest alone.
        }
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Second pass: one document for each article. */
  private static final class Run implements Documents {
    private final StoredFields stored;
    private final Mentions mentions;
    private final Map<String, List<String>> redirects;
    private final long articles;
    private int at;
    private long handedOut;
    private @Nullable Document next;

    Run(
        StoredFields stored,
        Mentions mentions,
        Map<String, List<String>> redirects,
        long articles) {
      this.stored = stored;
      this.mentions = mentions;
      this.redirects = redirects;
      this.articles = articles;
    }

    @Override
    public boolean hasNext() {
      while (next == null && at < stored.size()) {
        var entry = DbpediaEntry.read(stored, at++, DbpediaEntry.ALL);
        if (entry.article()) {
          var names = redirects.getOrDefault(entry.uri, List.of());
          next = DbpediaArticle.document(entry, names, mentions);
        }
      }
      return next != null;
    }

    @Override
    public Document next() {
      if (!hasNext() || next == null) {
        throw new NoSuchElementException();
      }
      var document = next;
      next = null;
      handedOut++;
      return document;
    }

    @Override
    public Progress progress() {
      return new Progress(handedOut, handedOut, articles);
    }

    @Override
    public Rejections rejections() {
      return Rejections.NONE;
    }

    @Override
    public void close() {
      // All is in memory, and goes with this object.
    }
  }
}
