package dev.heddle.loadtest.gateway;

import java.util.Map;
import java.util.Optional;

/** The attributes of sessions, as one gateway has them. Thread-safe. */
interface Attributes {
  /**
   * Changes an attribute if it has an expected value.
   *
   * @param expected JSON; empty: the attribute is absent
   * @param value JSON
   * @return whether it had
   * @throws dev.heddle.process.HeddleException what the gateway failed with
   */
  boolean change(String session, String name, Optional<String> expected, String value);

  /** Changes an attribute, whatever it has. */
  void put(String session, String name, String value);

  /** JSON by attribute; of the named ones, or of all where none is named. */
  Map<String, String> get(String session, String... names);
}
