package dev.heddle.loadtest.query;

import java.util.List;

/**
 * What of an answer is checked.
 *
 * @param ids of the hits, best first
 * @param coverage in words, empty where all documents were seen
 * @param tookMicros as the server measured it
 */
record Answer(List<String> ids, String coverage, long tookMicros) {
  boolean partial() {
    return !coverage.isEmpty();
  }
}
