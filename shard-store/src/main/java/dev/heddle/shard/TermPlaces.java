package dev.heddle.shard;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.lucene.index.LeafReader;
import org.apache.lucene.index.PostingsEnum;
import org.apache.lucene.index.TermState;
import org.apache.lucene.index.Terms;
import org.apache.lucene.index.TermsEnum;
import org.apache.lucene.util.BytesRef;
import org.jspecify.annotations.Nullable;

/**
 * Occurrences of terms in documents of a reader's segments. The dictionary is searched once for a
 * term and segment, and documents asked for in ascending order share one walk over the term's
 * postings. For one thread.
 */
final class TermPlaces {
  private final Map<Key, Place> places = new HashMap<>();

  private record Key(LeafReader segment, String field, String term) {}

  /** A term of a segment's field, and how far its postings were read. */
  private static final class Place {
    private final @Nullable TermsEnum terms;
    private final BytesRef bytes;
    private final @Nullable TermState state;
    private @Nullable PostingsEnum postings;

    /** The document whose positions were handed out: they can be read once. */
    private int spent = -1;

    Place(@Nullable Terms dictionary, String term) throws IOException {
      bytes = new BytesRef(term);
      TermsEnum lookup = dictionary == null ? null : dictionary.iterator();
      boolean found = lookup != null && lookup.seekExact(bytes);
      terms = found ? lookup : null;
      state = found && lookup != null ? lookup.termState() : null;
    }

    @Nullable PostingsEnum at(int document) throws IOException {
      if (terms == null || state == null) {
        return null;
      }
      PostingsEnum walk = postings;
      if (walk == null || walk.docID() > document || spent == document) {
        terms.seekExact(bytes, state);
        walk = terms.postings(walk, PostingsEnum.OFFSETS);
        postings = walk;
      }
      int at = walk.docID() < document ? walk.advance(document) : walk.docID();
      if (at != document) {
        return null;
      }
      spent = document;
      return walk;
    }
  }

  /** Stands at the document, before its first position; null: the term is not there. */
  @Nullable PostingsEnum at(LeafReader segment, int document, String field, String term)
      throws IOException {
    Key key = new Key(segment, field, term);
    Place place = places.get(key);
    if (place == null) {
      place = new Place(segment.terms(field), term);
      places.put(key, place);
    }
    return place.at(document);
  }
}
